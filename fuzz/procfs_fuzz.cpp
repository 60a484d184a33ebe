// Any bytes in place of a file of /proc or of a control group: values that make sense.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "discover/host/cgroup.h"
#include "discover/host/cpu_features.h"
#include "discover/host/memory.h"
#include "discover/host/mounts.h"
#include "discover/host/system_file.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  using namespace berth::discovery;
  for (const auto& info : {meminfo(text), node_meminfo(text)}) {
    require(info.available <= info.total && info.swap_free <= info.swap_total);
    require(info.total % 1024 == 0);
  }
  const auto all = mounts_in(text);
  for (const auto& mount : all) {
    require(mount.mount_point.is_absolute());
    require(mount_of(all, mount.mount_point) != nullptr);
  }
  for (const auto& membership : cgroup_memberships(text)) require(membership.path.starts_with('/'));
  if (const auto cpus = cpus_of_cpu_max(text)) require(*cpus > 0);
  const auto ids = to_list(text);
  require(std::ranges::is_sorted(ids) && std::ranges::adjacent_find(ids) == ids.end());
  require(ids.empty() || (ids.front() >= 0 && ids.back() < 1 << 16));
  const auto cpu = describe_cpu(text);
  require(cpu.processors >= 0 && number_types(cpu.features).size() <= cpu.features.size());
  return 0;
}
