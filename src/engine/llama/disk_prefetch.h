/// Weights on the disk, whole layers or parts of them, read ahead of their computation.
#pragma once

#include <llama.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "berth/placement.h"

namespace berth::llama {

/// Asks the kernel for the next layer on the disk when one begins to be computed; behind the last, for the first, with
/// which the next token begins. It stays quiet while all pages are in memory. Of one context, on the thread that computes.
/// Models with an encoder are left out: their layers have two names.
class DiskPrefetch {
 public:
  using Pages = std::span<std::byte>;  ///< whole pages of a mapped file
  using Read = std::function<void(Pages)>;

  /// `read` begins to read pages and does not wait for them.
  DiskPrefetch(const llama_model& model, const Placement& placement, Read read = will_need);
  DiskPrefetch(const DiskPrefetch&) = delete;
  DiskPrefetch& operator=(const DiskPrefetch&) = delete;

  /// Before the context is made; the params hold this then. Changes nothing where no layer is on the disk, since a
  /// context that is watched computes layer by layer.
  void watch(llama_context_params& params);

  /// ggml_backend_sched_eval_callback: whether `node` begins a layer that another follows from the disk, or, where `ask`
  /// is false, that it was computed. Then it returns true: go on.
  bool look(const ggml_tensor& node, bool ask);

 private:
  static void will_need(Pages pages);
  std::map<std::size_t, std::vector<Pages>>::const_iterator next_of(std::size_t layer) const;
  bool pages_are_missing();

  std::map<std::size_t, std::vector<Pages>> on_disk_;  // by layer
  Read read_;
  std::optional<std::size_t> layer_;  // that is being computed
  long faults_ = -1;                  // of the process that had to wait for a disk
  std::size_t quiet_ = 0;             // layers since there was one
};

}  // namespace berth::llama
