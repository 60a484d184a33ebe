#include <algorithm>
#include <unordered_set>

#include "plan/device_budgets.h"
#include "plan/device_map/accelerate.h"

namespace berth::plan {
namespace {

bool is_gpu(const CountedBudget& budget) { return budget.device.type() == DeviceType::cuda; }

/// What is below no other name, except the model itself.
std::vector<std::string_view> leaves(const std::vector<std::pair<std::string_view, Count>>& sizes) {
  std::unordered_set<std::string_view> parents;
  for (const auto& [name, size] : sizes)
    if (name.find('.') != std::string_view::npos) parents.insert(parent_of(name));
  std::vector<std::string_view> found;
  for (const auto& [name, size] : sizes)
    if (!name.empty() && !parents.contains(name)) found.push_back(name);
  return found;
}

/// The mean size of the modules without modules in them.
Count mean_leaf(const AccelerateModel& model) {
  std::vector<std::pair<std::string_view, Count>> sizes(model.sizes().begin(), model.sizes().end());
  const auto tensors = leaves(sizes);
  const std::unordered_set<std::string_view> gone(tensors.begin(), tensors.end());
  std::erase_if(sizes, [&](const auto& each) { return gone.contains(each.first); });
  Count sum;
  const auto modules = leaves(sizes);
  for (const auto name : modules) sum += model.size(name);
  const double mean = sum.as_double() / static_cast<double>(std::max<std::size_t>(modules.size(), 1));
  return Count::bytes(static_cast<std::uint64_t>(mean));
}

/// The largest block that must not be divided, of each class the first.
Count largest_block(const AccelerateModel& model) {
  std::unordered_set<std::string_view> seen;
  Count largest;
  for (const auto& [name, size] : model.sizes()) {
    const auto* module = name.empty() ? nullptr : model.module_at(name);
    if (module != nullptr && module->no_split && seen.insert(module->class_name).second && size > largest)
      largest = size;
  }
  return largest;
}

}  // namespace

std::vector<CountedBudget> balanced(const AccelerateModel& model, std::vector<CountedBudget> budgets, bool low_zero) {
  // accelerate asks PyTorch for the type of each device, and PyTorch has no disk. The text is that of torch 2.15.
  if (std::ranges::find(budgets, Device::disk(), &CountedBudget::device) != budgets.end())
    throw AccelerateError("RuntimeError",
                          "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpg"
                          "a, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, privateuseone device type at s"
                          "tart of device string: disk");
  std::vector<CountedBudget*> gpus;
  for (auto& each : budgets)
    if (is_gpu(each) && each.limit > Count{}) gpus.push_back(&each);
  if (gpus.empty()) return budgets;
  low_zero = low_zero && gpus.size() > 1;

  const auto total = model.size("");
  const auto shares = static_cast<std::int64_t>(low_zero ? gpus.size() - 1 : gpus.size());
  Count share{total.eighths / (8 * shares) * 8, total.is_float};
  const double room = 1.25 * std::max(largest_block(model), mean_leaf(model)).as_double();
  share += Count::bytes(static_cast<std::uint64_t>(room));

  // The last GPU keeps its budget, for what the others leave.
  for (std::size_t i = 0; i + 1 < gpus.size(); ++i) {
    const bool is_low = low_zero && gpus[i]->device == Device::gpu(0);
    if (!is_low && gpus[i]->limit >= share) gpus[i]->limit = share;
  }
  if (low_zero) {
    const auto of_gpu = [&](std::size_t id) -> CountedBudget& {
      const auto device = Device::gpu(static_cast<int>(id));
      const auto found = std::ranges::find(budgets, device, &CountedBudget::device);
      if (found == budgets.end()) throw AccelerateError("KeyError", std::to_string(id));
      return *found;
    };
    Count others;
    for (std::size_t id = 1; id < gpus.size(); ++id) others += of_gpu(id).limit;
    const auto rest = total - others;
    auto& zero = of_gpu(0).limit;
    const auto least = rest > Count{} ? rest : Count{};
    if (zero >= least) zero = least;
  }
  return budgets;
}

std::vector<CountedBudget> counted_budgets(const AccelerateModel& model, const DeviceMapRequest& request) {
  std::vector<CountedBudget> budgets;
  for (const auto& [device, bytes] : in_order(request.max_memory)) budgets.push_back({device, Count::bytes(bytes)});
  const bool low_zero = request.strategy == MapStrategy::balanced_low_0;
  if (low_zero || request.strategy == MapStrategy::auto_ || request.strategy == MapStrategy::balanced)
    return balanced(model, std::move(budgets), low_zero);
  return budgets;
}

}  // namespace berth::plan
