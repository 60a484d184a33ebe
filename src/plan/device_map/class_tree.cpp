#include "plan/device_map/class_tree.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "model/element_type.h"
#include "model/hf_layers.h"
#include "plan/device_map/file_modules.h"
#include "plan/device_map/module_graph.h"

namespace berth::plan {
namespace {

/// The module that `path` leads to. Nothing for a path that the class does not have, or beyond what the layout tells.
const LayoutModule* module_at(const LayoutModule& root, std::string_view path) {
  const auto* at = &root;
  for (std::size_t begin = 0; at != nullptr && begin <= path.size();) {
    const auto end = std::min(path.find('.', begin), path.size());
    at = at->child(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return at;
}

/// Whether the class has a place for a tensor.
bool knows(const LayoutModule& root, std::string_view name) {
  const auto* at = &root;
  for (std::size_t begin = 0; begin < name.size();) {
    const auto end = name.find('.', begin);
    if (end == name.npos) break;
    at = at->child(name.substr(begin, end - begin));
    if (at == nullptr) return false;
    if (at->children.empty() || !at->blocks.empty()) return true;
    begin = end + 1;
  }
  const auto last = last_part(name);
  return std::ranges::find(at->parameters, last) != at->parameters.end() ||
         std::ranges::find(at->buffers, last, &LayoutBuffer::name) != at->buffers.end();
}

bool has_blocks(const LayoutModule& module) {
  return !module.blocks.empty() || std::ranges::any_of(module.children, has_blocks);
}

bool has_list(const LayoutModule& module) {
  return std::ranges::any_of(module.children, [](const auto& each) { return each.name == "*" || has_list(each); });
}

std::uint64_t bytes_of(std::string_view dtype) { return dtype == "int64" ? 8 : dtype == "int32" ? 4 : 1; }

class ClassTree {
 public:
  ClassTree(const ModelProfile& profile, const HfLayout& layout, const Value& config)
      : profile_(profile), layout_(layout), json_(config), config_(config), tells_blocks_(has_blocks(layout.root)) {}

  std::optional<ModuleTree> make() {
    std::size_t known = 0;
    for (const auto& info : profile_.tensors) {
      auto tensor = module_tensor(info);
      tensor.name = placed(tensor.name, known);
      if (modules_.find_tensor(tensor.name) == nullptr) modules_.add(std::move(tensor));
    }
    if (2 * known < profile_.tensors.size()) return std::nullopt;
    for (const auto& tie : layout_.ties) module_at(layout_.root, tie.name) ? share(tie) : this->tie(tie);
    arrange(modules_.root(), layout_.root, "", false);
    std::vector<std::vector<std::string>> groups;
    for (auto& [first, names] : tied_) {
      std::ranges::sort(names);
      groups.push_back(std::move(names));
    }
    return modules_.tree(std::move(groups));
  }

 private:
  /// What the class calls a tensor of the file: files may lack the base of the model, have one too many, or older names.
  std::string placed(std::string name, std::size_t& known) const {
    for (const auto& [old, now] : {std::pair{".gamma", ".weight"}, {".beta", ".bias"}})
      if (name.ends_with(std::string("LayerNorm") + old)) name = name.substr(0, name.rfind('.')) + now;
    std::vector<std::string> names = {name};
    for (const auto& [old, now] : layout_.renames)
      if (is_under(name, old)) names.push_back(std::string(now) + name.substr(old.size()));
    const auto base = std::string(layout_.base) + ".";
    names.push_back(base + name);
    if (name.starts_with(base)) names.push_back(name.substr(base.size()));
    const auto found = std::ranges::find_if(names, [&](const auto& each) { return knows(layout_.root, each); });
    if (found == names.end()) return name;
    ++known;
    return *found;
  }

  /// `name` becomes another name of `first`, which is in the tree.
  void add_alias(std::string_view name, std::string_view first) {
    auto tensor = *modules_.find_tensor(first);
    tensor.alias_of = tensor.name;
    tensor.name = name;
    auto& group = tied_[std::string(first)];
    if (group.empty()) group.emplace_back(first);
    group.push_back(tensor.name);
    modules_.add(std::move(tensor));
  }

  void move(const std::string& from, std::string_view to) {
    auto tensor = *modules_.find_tensor(from);
    modules_.remove(from);
    tensor.name = to;
    modules_.add(std::move(tensor));
  }

  void tie(const LayoutTie& tie) {
    const auto* first = modules_.find_tensor(tie.first);
    const auto* other = modules_.find_tensor(tie.name);
    if (first == nullptr && other == nullptr) return;
    if (first != nullptr && other != nullptr) {
      const bool holds = config_.flag("tie_word_embeddings").value_or(tie.is_usual);
      if (!holds || first->shape != other->shape || !first->alias_of.empty()) return;
      modules_.remove(tie.name);
    } else if (first == nullptr) {
      move(std::string(tie.name), tie.first);
    } else if (!first->alias_of.empty()) {
      return;
    }
    add_alias(tie.name, tie.first);
  }

  /// One module in two places.
  void share(const LayoutTie& tie) {
    auto* other = modules_.find(tie.name);
    std::vector<std::string> names;
    if (other != nullptr)
      for (const auto& tensor : other->tensors) names.push_back(tensor.name);
    for (const auto& name : names) {
      const auto first = joined(tie.first, last_part(name));
      modules_.find_tensor(first) == nullptr ? move(name, first) : modules_.remove(name);
    }
    const auto* first = modules_.find(tie.first);
    if (first == nullptr || first->tensors.empty() || !first->children.empty()) return;
    names.clear();
    for (const auto& tensor : first->tensors) names.push_back(tensor.name);
    for (const auto& name : names) add_alias(joined(tie.name, last_part(name)), name);
    modules_.at(tie.name).same_as = tie.first;
  }

  void arrange(FileModule& module, const LayoutModule& layout, const std::string& path, bool in_block) {
    if (!in_block) mark_block(module, layout, path);
    const bool inside = in_block || !module.block.empty();
    for (const auto& child : layout.children)
      if (child.is_empty && child.name != "*") modules_.at(joined(path, child.name));
    const auto place_of = [](const auto& all, std::string_view name, auto member) {
      return std::ranges::find(all, name, member) - all.begin();
    };
    if (!inside)
      std::ranges::stable_sort(module.children, {}, [&](const auto& child) {
        return place_of(layout.children, child->name, &LayoutModule::name);
      });
    std::ranges::stable_sort(module.tensors, {}, [&](const auto& tensor) {
      return place_of(layout.parameters, last_part(tensor.name), std::identity());
    });
    for (const auto& child : module.children)
      if (const auto* known = layout.child(child->name)) arrange(*child, *known, joined(path, child->name), inside);
    for (const auto& buffer : layout.buffers) add_buffer(module, buffer, path);
  }

  void mark_block(FileModule& module, const LayoutModule& layout, const std::string& path) {
    // A class that names no blocks cannot be computed with a layer on two devices either.
    if (!tells_blocks_ && layout.name == "*" && !layout.is_empty && !has_list(layout))
      module.block = std::string(parent_of(path)) + "[]";
    const auto block = std::ranges::find_if(layout.blocks, [&](const LayoutBlock& each) {
      return each.child.empty() || module.child(each.child) != nullptr;
    });
    if (block == layout.blocks.end()) return;
    // Blocks of one class have one name, that of the place where the first of them stands.
    const auto place = is_index(module.name) ? std::string(parent_of(path)) + "[]" : path;
    module.block = block_names_.emplace(block->number, place + std::string(block->number)).first->second;
  }

  std::optional<std::uint64_t> size_of(std::string_view dim, const FileModule& module) const {
    if (dim == "R") return rotary_angles(profile_, json_);
    if (dim.starts_with('#')) {
      auto* child = module.child(dim.substr(1));
      const auto* weight = child == nullptr ? nullptr : child->tensor("weight");
      return weight == nullptr || weight->shape.empty() ? std::nullopt : std::optional(weight->shape.front());
    }
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(dim.data(), dim.data() + dim.size(), number);
    return problem == std::errc() && end == dim.data() + dim.size() ? number : config_.count({dim});
  }

  void add_buffer(FileModule& module, const LayoutBuffer& buffer, const std::string& path) {
    const bool is_parameter = buffer.dtype == "=";
    if (auto* saved = module.tensor(buffer.name)) {
      if (is_parameter) return;
      saved->kind = TensorKind::buffer;
      saved->persistent = buffer.is_saved;
      return;
    }
    constexpr std::uint64_t most = 1ULL << 40;
    ModuleTensor tensor{.name = joined(path, buffer.name), .dtype = std::string(buffer.dtype)};
    std::uint64_t count = buffer.is_saved ? 0 : 1;
    for (const auto dim : buffer.dims) {
      const auto size = size_of(dim, module).value_or(0);
      count = size != 0 && count > most / size ? 0 : count * size;
      tensor.shape.push_back(size);
    }
    if (count == 0) return;
    tensor.bytes = count * bytes_of(buffer.dtype);
    if (buffer.dtype.empty() || is_parameter) {
      const auto& weight = type_of_weights();
      tensor.dtype = module_tensor(weight).dtype;
      tensor.bytes = count * (model::element_bits(weight.type).value_or(8) / 8);
    }
    if (!is_parameter) {
      tensor.kind = TensorKind::buffer;
      tensor.persistent = false;
    }
    module.tensors.push_back(std::move(tensor));
  }

  const TensorInfo& type_of_weights() const {
    const auto in_layer =
        std::ranges::find_if(profile_.tensors, [](const auto& each) { return each.layer.has_value(); });
    return in_layer == profile_.tensors.end() ? profile_.tensors.front() : *in_layer;
  }

  const ModelProfile& profile_;
  const HfLayout& layout_;
  const Value& json_;
  model::HfConfig config_;
  bool tells_blocks_;
  FileModules modules_;
  std::map<std::string, std::vector<std::string>> tied_;
  std::map<std::string_view, std::string> block_names_;
};

}  // namespace

std::optional<ModuleTree> class_tree(const ModelProfile& profile, const HfLayout& layout, const Value& config) {
  return ClassTree(profile, layout, config).make();
}

}  // namespace berth::plan
