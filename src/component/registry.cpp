#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "berth/component.h"
#include "component/builtin.h"
#include "component/haystack_types.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Classes are never removed: references to them hold.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const ComponentClass>, std::less<>> by_name;

  void add(ComponentClass component) {
    component.create = [create = std::move(component.create)](const Value::Object& given) {
      auto made = create(given);
      made->made_of(given);
      return made;
    };
    if (component.create_as)
      component.create_as = [create_as = std::move(component.create_as)](std::string_view type,
                                                                         const Value::Object& given) {
        auto made = create_as(type, given);
        made->made_of(given);
        return made;
      };
    const auto shared = std::make_shared<const ComponentClass>(std::move(component));
    const std::lock_guard lock(mutex);
    auto names = shared->aliases;
    names.push_back(shared->type);
    for (const auto& name : names)
      if (by_name.contains(name))
        throw std::invalid_argument(fmt::format("A component named {} is registered already", in_quotes(name)));
    for (const auto& name : names) by_name[name] = shared;
  }
};

std::string_view class_name(std::string_view type) { return type.substr(type.rfind('.') + 1); }

/// The first of `types` whose class has this name: modules move.
std::string_view with_class_name(std::string_view name, const std::vector<std::string_view>& types) {
  const auto found = std::ranges::find(types, name, class_name);
  return found == types.end() ? std::string_view() : *found;
}

/// Goes on after "There is no component 'x'". `here`: those that Berth has, `there`: those of Haystack.
std::string hint_of_unknown(std::string_view type, const std::vector<std::string_view>& here,
                            const std::vector<std::string_view>& there) {
  constexpr std::string_view list = "'berth components' lists those there are";
  if (std::ranges::find(there, type) != there.end())
    return fmt::format(" yet: Haystack has it, Berth does not; {}", list);
  auto name = std::string(class_name(type));
  if (with_class_name(name, here).empty() && with_class_name(name, there).empty()) {
    if (type.starts_with("haystack_integrations."))
      return fmt::format(": Berth does not have this integration of Haystack; {}", list);
    std::vector<std::string> names;
    for (const auto* types : {&here, &there})
      for (const auto each : *types) names.emplace_back(class_name(each));
    name = nearest(name, names);
  }
  if (const auto meant = with_class_name(name, here); !meant.empty()) return fmt::format("; did you mean '{}'?", meant);
  if (const auto meant = with_class_name(name, there); !meant.empty())
    return fmt::format("; did you mean '{}'? Haystack has that one, Berth does not yet; {}", meant, list);
  return fmt::format("; {}", list);
}

Registry& registry() {
  static Registry registry;
  static std::once_flag filled;
  std::call_once(filled, [] {
    for (auto& each : builtin_components()) registry.add(std::move(each));
  });
  return registry;
}

}  // namespace

void register_component(ComponentClass component) { registry().add(std::move(component)); }

const ComponentClass& component_class(std::string_view type) {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const auto name : {type, name_in_haystack_2(type)})
    if (const auto found = all.by_name.find(name); found != all.by_name.end()) return *found->second;
  std::vector<std::string_view> here;
  for (const auto& [name, component] : all.by_name) here.push_back(name);
  throw std::invalid_argument(
      fmt::format("There is no component {}{}", in_quotes(type), hint_of_unknown(type, here, haystack_types())));
}

std::vector<const ComponentClass*> component_classes() {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  std::vector<const ComponentClass*> classes;
  for (const auto& [name, component] : all.by_name)
    if (name == component->type) classes.push_back(component.get());
  return classes;
}

std::unique_ptr<Component> component_from_dict(const Value& data) {
  const Value* type = data.find("type");
  if (type == nullptr) throw std::invalid_argument("Missing 'type' in serialization data");
  const auto& component = component_class(type->as_string());
  static const Value::Object none;
  const Value* parameters = data.find("init_parameters");
  try {
    const auto& given = parameters == nullptr ? none : parameters->as_object();
    const bool is_alias = type->as_string() != component.type;
    auto made =
        is_alias && component.create_as ? component.create_as(type->as_string(), given) : component.create(given);
    made->type_ = type->as_string();
    return made;
  } catch (const WrongParameter& problem) {
    throw WrongParameter(problem.parameter(), fmt::format("{}: {}", type->as_string(), problem.what()));
  } catch (const UnknownDeviceType& problem) {
    throw WrongParameter("device", fmt::format("{}: {}; known are {}", type->as_string(), problem.what(),
                                               UnknownDeviceType::accepted()));
  } catch (const std::invalid_argument& problem) {
    throw std::invalid_argument(fmt::format("{}: {}", type->as_string(), problem.what()));
  }
}

std::shared_ptr<Component> ValueTraits<std::shared_ptr<Component>>::from_value(const Value& value) {
  try {
    return component_from_dict(value);
  } catch (const std::invalid_argument& problem) {
    throw WrongType(problem.what());  // so that whoever reads parameters says which
  }
}

}  // namespace berth
