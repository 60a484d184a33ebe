#include <fmt/format.h>

#include "berth/error.h"
#include "pipeline/graph.h"
#include "pipeline/yaml.h"
#include "text/printable.h"

namespace berth {
namespace {

/// A mistake in a serialized pipeline, and the names that lead to it.
class Misplaced : public std::invalid_argument {
 public:
  Misplaced(std::vector<std::string> where, const std::string& message)
      : std::invalid_argument(message), path(std::move(where)) {}

  std::vector<std::string> path;
};

/// Runs `read`; what it throws tells that it was at `path`.
template <class F>
decltype(auto) at(std::vector<std::string> path, F read) {
  try {
    return read();
  } catch (const Misplaced&) {
    throw;
  } catch (const std::invalid_argument& problem) {
    std::string names;
    for (const auto& name : path) names += (names.empty() ? "" : ".") + printable(name);
    throw Misplaced(std::move(path), (names.empty() ? "" : names + ": ") + problem.what());
  }
}

template <class T>
void read_option(const Value& data, const char* name, T& option) {
  if (const Value* value = data.find(name)) at({name}, [&] { option = from_value<T>(*value); });
}

void add_components(Pipeline& pipeline, const Value& components) {
  for (const auto& entry : at({"components"}, [&]() -> const Value::Object& { return components.as_object(); })) {
    const auto& name = entry.first;
    const auto& data = entry.second;
    at({"components", name}, [&] {
      if (data.find("type") == nullptr)
        throw std::invalid_argument(fmt::format("Missing 'type' in component '{}'", printable(name)));
      pipeline.add_component(name, component_from_dict(data));
    });
  }
}

void add_connections(Pipeline& pipeline, const Value& connections) {
  const auto& all = at({"connections"}, [&]() -> const Value::Array& { return connections.as_array(); });
  for (std::size_t i = 0; i < all.size(); ++i)
    at({"connections", std::to_string(i)}, [&] {
      const auto end = [&](const char* name) -> const std::string& {
        const Value* value = all[i].find(name);
        if (value == nullptr)
          throw std::invalid_argument(fmt::format("Missing {} in connection: {}", name, all[i].to_json()));
        return value->as_string();
      };
      const auto& sender = end("sender");
      pipeline.connect(sender, end("receiver"));
    });
}

Pipeline read_pipeline(const Value& data) {
  if (!data.is_object())
    throw Misplaced({}, fmt::format("a pipeline is an object with components and connections, this is {}",
                                    data.is_null() ? "empty" : "a " + std::string(data.type_name())));
  PipelineOptions options;
  read_option(data, "metadata", options.metadata);
  read_option(data, "max_runs_per_component", options.max_runs_per_component);
  read_option(data, "connection_type_validation", options.connection_type_validation);
  Pipeline pipeline(std::move(options));
  if (const Value* components = data.find("components")) add_components(pipeline, *components);
  if (const Value* connections = data.find("connections")) add_connections(pipeline, *connections);
  return pipeline;
}

}  // namespace

Value Pipeline::to_dict() const {
  Value::Object components;
  for (const auto& node : graph_->nodes) {
    try {
      components.set(node.name, node.component->to_dict());
    } catch (const std::invalid_argument& problem) {
      throw std::invalid_argument(fmt::format("Component '{}': {}", node.name, problem.what()));
    }
  }
  Value::Array connections;
  for (const auto& edge : graph_->edges_in_order()) {
    const auto& sender = graph_->nodes[edge.sender];
    const auto& receiver = graph_->nodes[edge.receiver];
    connections.push_back(
        Value::Object{{"sender", sender.name + "." + sender.component->outputs()[edge.output].name},
                      {"receiver", receiver.name + "." + receiver.component->inputs()[edge.input].name}});
  }
  return Value::Object{{"metadata", graph_->options.metadata},
                       {"max_runs_per_component", graph_->options.max_runs_per_component},
                       {"components", std::move(components)},
                       {"connections", std::move(connections)},
                       {"connection_type_validation", graph_->options.connection_type_validation}};
}

Pipeline Pipeline::from_dict(const Value& data) { return read_pipeline(data); }

std::string Pipeline::dumps() const { return yaml::write(to_dict()); }

Pipeline Pipeline::loads(std::string_view text) {
  const auto data = yaml::read(text);
  try {
    return read_pipeline(data);
  } catch (const Misplaced& problem) {
    const auto mark = yaml::locate(text, problem.path);
    throw std::invalid_argument(fmt::format("line {}, column {}: {}", mark.line, mark.column, problem.what()));
  }
}

}  // namespace berth
