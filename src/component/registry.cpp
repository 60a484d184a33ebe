#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "berth/component.h"
#include "component/builtin.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Classes are never removed: references to them hold.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const ComponentClass>, std::less<>> by_name;

  void add(ComponentClass component) {
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
  if (const auto found = all.by_name.find(type); found != all.by_name.end()) return *found->second;

  // A class is looked for by its last name too: modules move.
  const auto last = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
  std::vector<std::string> names;
  for (const auto& [name, component] : all.by_name) {
    if (last(name) == last(type))
      throw std::invalid_argument(fmt::format("There is no component {}; did you mean '{}'?", in_quotes(type), name));
    names.push_back(name);
  }
  const auto best = nearest(type, names);
  throw std::invalid_argument(fmt::format("There is no component {}{}; 'berth components' lists those there are",
                                          in_quotes(type),
                                          best.empty() ? "" : fmt::format("; did you mean '{}'?", best)));
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
    return component.create(parameters == nullptr ? none : parameters->as_object());
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
