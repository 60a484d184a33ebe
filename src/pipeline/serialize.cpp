#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pipeline/graph.h"
#include "pipeline/read_pipeline.h"
#include "text/text_place.h"
#include "yaml/yaml.h"

namespace berth {
namespace {

constexpr std::size_t most_problems = 20;  // each is looked for in the text

/// Throws where there are mistakes; `text_of` makes a text of each.
template <class F>
void check(const std::vector<PipelineMistake>& mistakes, F text_of) {
  if (mistakes.empty()) return;
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < std::min(mistakes.size(), most_problems); ++i) problems.push_back(text_of(mistakes[i]));
  if (mistakes.size() > most_problems)
    problems.push_back(fmt::format("and {} problems more", mistakes.size() - most_problems));
  throw InvalidPipeline(std::move(problems));
}

}  // namespace

InvalidPipeline::InvalidPipeline(std::vector<std::string> problems)
    : std::invalid_argument(fmt::format("{}", fmt::join(problems, "\n"))), problems_(std::move(problems)) {}

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

Pipeline Pipeline::from_dict(const Value& data) {
  auto reading = read_pipeline(data);
  check(reading.mistakes, [](const PipelineMistake& mistake) { return mistake.message; });
  reading.pipeline.graph_->notes = std::move(reading.notes);
  return std::move(reading.pipeline);
}

std::string Pipeline::dumps() const { return yaml::write(to_dict()); }

Pipeline Pipeline::loads(std::string_view text, const std::string& source) {
  auto reading = read_pipeline(yaml::read(text, source));
  check(reading.mistakes, [&](const PipelineMistake& mistake) {
    const auto [line, column] = yaml::locate(text, mistake.path);
    return text_place(source, line, column) + ": " + mistake.message;
  });
  reading.pipeline.graph_->notes = std::move(reading.notes);
  return std::move(reading.pipeline);
}

}  // namespace berth
