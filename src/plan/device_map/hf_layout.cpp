#include "plan/device_map/hf_layout.h"

#include <algorithm>
#include <stdexcept>

#include "plan/device_map/hf_layouts.h"

namespace berth::plan {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(at), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

class LayoutReader {
 public:
  explicit LayoutReader(std::string_view text) : rest_(text) {}

  LayoutModule read() {
    LayoutModule root;
    items(root, '\0');
    return root;
  }

 private:
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool take(char c) {
    if (next() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) throw std::logic_error("no layout of modules: " + std::string(rest_.substr(0, 40)));
  }

  std::string_view up_to(std::string_view ends) {
    const auto word = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(word.size());
    return word;
  }

  void items(LayoutModule& module, char end) {
    while (next() != end) {
      const auto name = up_to(" :<>()[]~!?");
      if (name.empty() && next() != ' ') expect(end);
      if (take(':')) {
        module.parameters.push_back(name);
      } else if (take('<')) {
        const auto dtype = up_to(":>");
        const bool is_computed = take(':');
        module.buffers.push_back({name, dtype, !is_computed, split(up_to(">"), ',')});
        expect('>');
      } else if (!name.empty()) {
        module.children.push_back(rest_of_module(name));
      }
      take(' ');
    }
  }

  LayoutModule rest_of_module(std::string_view name) {
    constexpr std::string_view ends = " ()[]~!?";
    LayoutModule module{.name = name};
    module.is_empty = take('~');
    while (take('!')) {
      const auto number = up_to(ends);
      module.blocks.push_back({number, take('?') ? up_to(ends) : std::string_view()});
    }
    if (take('(')) {
      items(module, ')');
      expect(')');
    } else if (take('[')) {
      module.children.push_back(rest_of_module("*"));
      expect(']');
    }
    return module;
  }

  std::string_view rest_;
};

}  // namespace

const LayoutModule* LayoutModule::child(std::string_view wanted) const {
  const auto found =
      std::ranges::find_if(children, [&](const LayoutModule& each) { return each.name == "*" || each.name == wanted; });
  return found == children.end() ? nullptr : &*found;
}

HfLayout read_layout(std::string_view text) {
  const auto part = [&] {
    const auto end = std::min(text.find('|'), text.size());
    const auto found = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return found;
  };
  HfLayout layout{.root = LayoutReader(part()).read(), .base = part(), .ties = {}, .renames = {}};
  for (const auto tie : split(part(), ' ')) {
    const auto at = tie.find_first_of("=~");
    layout.ties.push_back({tie.substr(0, at), tie.substr(at + 1), tie[at] == '='});
  }
  for (const auto rename : split(part(), ' ')) {
    const auto at = rename.find('>');
    layout.renames.emplace_back(rename.substr(0, at), rename.substr(at + 1));
  }
  return layout;
}

std::optional<HfLayout> hf_layout(std::string_view model_class) {
  for (const auto& [classes, layout] : hf_layouts)
    if (const auto all = split(classes, ' '); std::ranges::find(all, model_class) != all.end())
      return read_layout(layout);
  return std::nullopt;
}

}  // namespace berth::plan
