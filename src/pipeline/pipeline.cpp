#include "berth/pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/graph.h"
#include "text/printable.h"

namespace berth {

Pipeline::Pipeline(PipelineOptions options) : graph_(std::make_unique<Graph>(std::move(options))) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

void Pipeline::add_component(std::string name, std::shared_ptr<Component> component) {
  if (component == nullptr) throw std::invalid_argument(fmt::format("{} is no component", in_quotes(name)));
  if (graph_->nodes_by_name.contains(name))
    throw std::invalid_argument(
        fmt::format("A component named {} already exists in this pipeline: choose another name.", in_quotes(name)));
  if (name == "_debug")
    throw std::invalid_argument("'_debug' is a reserved name for debug output. Choose another name.");
  if (name.find('.') != name.npos)
    throw std::invalid_argument(
        fmt::format("{} is an invalid component name, cannot contain '.' (dot) characters.", printable(name)));
  Graph::Node node{std::move(name), std::move(component), {}};
  for (const auto& socket : node.component->inputs()) node.inputs.push_back({{}, socket.variadic});
  graph_->add(std::move(node));
}

const PipelineOptions& Pipeline::options() const { return graph_->options; }

Component& Pipeline::component(std::string_view name) const { return *graph_->nodes[graph_->find(name)].component; }

std::vector<std::string> Pipeline::component_names() const {
  std::vector<std::string> names;
  for (const auto& node : graph_->nodes) names.push_back(node.name);
  return names;
}

Value::Object Pipeline::inputs() const {
  Value::Object result;
  for (const auto& node : graph_->nodes) {
    Value::Object described;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const auto& socket = node.component->inputs()[i];
      if (!node.inputs[i].senders.empty() && node.inputs[i].variadic == InputSocket::no) continue;
      Value::Object entry{{"type", socket.type.str()},
                          {"is_mandatory", !socket.default_value && node.inputs[i].senders.empty()}};
      if (socket.default_value) entry.set("default_value", *socket.default_value);
      described.set(socket.name, std::move(entry));
    }
    if (!described.empty()) result.set(node.name, std::move(described));
  }
  return result;
}

Value::Object Pipeline::outputs() const {
  Value::Object result;
  const auto& takers = graph_->order().takers;
  for (std::size_t n = 0; n < graph_->nodes.size(); ++n) {
    const auto& node = graph_->nodes[n];
    Value::Object described;
    for (std::size_t i = 0; i < node.component->outputs().size(); ++i) {
      const auto& socket = node.component->outputs()[i];
      if (takers[n][i] == 0) described.set(socket.name, Value::Object{{"type", socket.type.str()}});
    }
    if (!described.empty()) result.set(node.name, std::move(described));
  }
  return result;
}

}  // namespace berth
