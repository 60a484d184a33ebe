#include "plan/device_map/file_modules.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "model/hf_layers.h"
#include "plan/device_map/module_graph.h"
#include "text/printable.h"

namespace berth::plan {
namespace {

constexpr std::array torch_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"F64", "float64"},
    {"F32", "float32"},
    {"F16", "float16"},
    {"BF16", "bfloat16"},
    {"F8_E4M3", "float8_e4m3fn"},
    {"F8_E5M2", "float8_e5m2"},
    {"F8_E4M3FNUZ", "float8_e4m3fnuz"},
    {"F8_E5M2FNUZ", "float8_e5m2fnuz"},
    {"F8_E8M0", "float8_e8m0fnu"},
    {"I64", "int64"},
    {"I32", "int32"},
    {"I16", "int16"},
    {"I8", "int8"},
    {"U64", "uint64"},
    {"U32", "uint32"},
    {"U16", "uint16"},
    {"U8", "uint8"},
    {"BOOL", "bool"},
    {"C64", "complex64"},
});

void emit(FileModule& module, const std::string& path, ModuleTree& tree) {
  tree.modules.push_back({.path = path,
                          .class_name = module.block.empty() ? module.name : module.block,
                          .no_split = !module.block.empty(),
                          .same_as = module.same_as});
  for (auto& tensor : module.tensors) tree.tensors.push_back(std::move(tensor));
  auto& children = module.children;
  if (std::ranges::all_of(children, [](const auto& child) { return is_index(child->name); }))
    std::ranges::stable_sort(children, {}, [](const auto& child) { return std::stoi(child->name); });
  for (const auto& child : children) emit(*child, joined(path, child->name), tree);
}

}  // namespace

bool is_index(std::string_view name) {
  return name.size() < 10 && !name.empty() && name.find_first_not_of("0123456789") == name.npos;
}

FileModule* FileModule::child(std::string_view wanted) const {
  const auto found = std::ranges::find_if(children, [&](const auto& each) { return each->name == wanted; });
  return found == children.end() ? nullptr : found->get();
}

ModuleTensor* FileModule::tensor(std::string_view wanted) {
  const auto found = std::ranges::find_if(tensors, [&](const auto& each) { return last_part(each.name) == wanted; });
  return found == tensors.end() ? nullptr : &*found;
}

FileModule& FileModules::at(std::string_view path) {
  if (path.empty()) return root_;
  auto& module = by_path_[std::string(path)];  // a reference stays while the map grows
  if (module == nullptr) {
    module = at(parent_of(path)).children.emplace_back(std::make_unique<FileModule>()).get();
    module->name = last_part(path);
  }
  return *module;
}

FileModule* FileModules::find(std::string_view path) {
  if (path.empty()) return &root_;
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

ModuleTensor* FileModules::find_tensor(std::string_view name) {
  auto* module = find(parent_of(name));
  return module == nullptr ? nullptr : module->tensor(last_part(name));
}

void FileModules::add(ModuleTensor tensor) {
  constexpr int deepest = 250;
  if (std::ranges::count(tensor.name, '.') > deepest)
    throw std::invalid_argument("tensor " + in_quotes(tensor.name) + " lies in too many modules");
  at(parent_of(tensor.name)).tensors.push_back(std::move(tensor));
}

void FileModules::remove(std::string_view name) {
  if (auto* module = find(parent_of(name)))
    std::erase_if(module->tensors, [&](const auto& each) { return each.name == name; });
}

ModuleTree FileModules::tree(std::vector<std::vector<std::string>> tied) {
  ModuleTree tree{.tied = std::move(tied)};
  emit(root_, "", tree);
  tree.check();
  return tree;
}

ModuleTensor module_tensor(const TensorInfo& info) {
  ModuleTensor tensor{.name = info.name, .shape = {info.shape.rbegin(), info.shape.rend()}, .bytes = info.bytes};
  const auto* known = std::ranges::find(torch_names, info.type, [](const auto& pair) { return pair.first; });
  if (known != torch_names.end()) {
    tensor.dtype = known->second;
  } else {  // packed in bytes, as PyTorch holds them
    tensor.dtype = "uint8";
    tensor.shape = {info.bytes};
  }
  return tensor;
}

std::uint64_t rotary_angles(const ModelProfile& profile, const Value& config) {
  const model::HfConfig read(config);
  if (profile.layers.empty()) return 0;
  const Value* part = read.find({"partial_rotary_factor", "rotary_pct"});
  const double factor = part != nullptr && part->is_number() ? std::clamp(part->as_double(), 0.0, 1.0) : 1.0;
  const auto width = read.count({"qk_rope_head_dim"}).value_or(profile.layers.front().key_length);
  const auto turned =
      static_cast<std::uint64_t>(static_cast<double>(std::min<std::uint64_t>(width, 1'000'000)) * factor);
  return (turned + 1) / 2;
}

}  // namespace berth::plan
