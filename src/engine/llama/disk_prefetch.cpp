#include "engine/llama/disk_prefetch.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <set>
#include <string_view>

#include "engine/llama/llama_internals.h"
#include "engine/llama/mapped.h"
#include "plan/layer_of.h"

namespace berth::llama {
namespace {

std::optional<std::size_t> layer_of_weight(const ggml_tensor& tensor) {
  const std::string_view name = tensor.name;
  return name.starts_with("blk.") ? plan::layer_of(name) : std::nullopt;
}

std::optional<std::size_t> layer_of_node(const ggml_tensor& node) {
  for (const auto* source : node.src)
    if (source != nullptr)
      if (const auto layer = layer_of_weight(*source)) return layer;
  return std::nullopt;
}

std::set<std::size_t> layers_on_disk(const Placement& placement) {
  std::set<std::size_t> layers;
  for (const auto& run : placement.layers)
    for (int i = run.first; run.device == Device::disk() && i < run.first + run.count; ++i)
      layers.insert(static_cast<std::size_t>(i));
  return layers;
}

DiskPrefetch::Pages pages_of(const ggml_tensor& tensor) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* const data = static_cast<std::byte*>(tensor.data);
  const auto before = reinterpret_cast<std::uintptr_t>(data) % page;
  return {data - before, before + ggml_nbytes(&tensor)};
}

long waits_for_a_disk() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_majflt;
}

}  // namespace

DiskPrefetch::DiskPrefetch(const llama_model& model, const Placement& placement, Read read) : read_(std::move(read)) {
  const auto layers = layers_on_disk(placement);
  const auto is_on_disk = [&](const std::string& name, std::size_t layer) {
    const auto* apart = placement.tensors.find(name);
    return apart != nullptr ? *apart == Device::disk() : layers.contains(layer);
  };
  for (const auto& [name, tensor] : llama_internal_get_tensor_map(&model)) {
    const auto layer = layer_of_weight(*tensor);
    if (layer && is_on_disk(name, *layer) && is_mapped(*tensor)) on_disk_[*layer].push_back(pages_of(*tensor));
  }
}

void DiskPrefetch::watch(llama_context_params& params) {
  if (on_disk_.empty()) return;
  params.cb_eval = [](ggml_tensor* node, bool ask, void* self) {
    return static_cast<DiskPrefetch*>(self)->look(*node, ask);
  };
  params.cb_eval_user_data = this;
}

bool DiskPrefetch::look(const ggml_tensor& node, bool ask) {
  if (ask) {
    const auto layer = layer_of_node(node);
    if (!layer || layer == layer_) return false;
    layer_ = layer;
    return on_disk_.contains(*layer) || on_disk_.contains(*layer + 1);
  }
  if (layer_ && pages_are_missing())
    for (const auto& pages : next_of(*layer_)->second) read_(pages);
  return true;
}

std::map<std::size_t, std::vector<DiskPrefetch::Pages>>::const_iterator DiskPrefetch::next_of(std::size_t layer) const {
  const auto next = on_disk_.upper_bound(layer);
  return next == on_disk_.end() ? on_disk_.begin() : next;
}

/// Looking at each page takes as long as a part of the computation. So where two tokens needed nothing from a disk, this
/// says no until something does again.
bool DiskPrefetch::pages_are_missing() {
  const auto faults = waits_for_a_disk();
  if (faults != faults_) quiet_ = 0;
  faults_ = faults;
  return quiet_++ <= 2 * on_disk_.size();
}

void DiskPrefetch::will_need(Pages pages) { (void)madvise(pages.data(), pages.size(), MADV_WILLNEED); }

}  // namespace berth::llama
