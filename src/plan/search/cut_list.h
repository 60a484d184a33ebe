/// All cuts of a model's layers whose weights and cache alone fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/search/cut_search.h"
#include "plan/speed/machine_view.h"

namespace berth::plan {

/// What a cut puts on one device.
struct Load {
  std::size_t place = 0;     ///< 0 is the CPU, then the devices of the machine
  std::uint64_t stored = 0;  ///< bytes of weights and cache
  std::size_t layers = 0;
  bool has_output = false;
};

struct ListedCut {
  Cut cut;
  std::vector<Load> loads;  ///< the CPU first
};

/// Those that take less than `below_s`. `search`: without known compute buffers. `spare`: bytes by which the sum of single
/// layers may be too much. Where there are more than `most` cuts, only those at every second layer are listed, or at
/// every fourth, and so on.
std::vector<ListedCut> list_cuts(const CutSearch& search, const MachineView& machine, std::uint64_t spare,
                                 std::size_t most, double below_s);

}  // namespace berth::plan
