/// Pipelines: components whose outputs flow into each other's inputs, in Haystack's files and with its order of work.
///
///     auto pipeline = Pipeline::loads(yaml);
///     auto outputs = pipeline.run({{"prompt", Value::Object{{"topic", "harbours"}}}});
///     std::cout << outputs.at("llm").find("replies")->to_json();
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/component.h"
#include "berth/log.h"
#include "berth/value.h"

namespace berth {

/// A component that failed, or a pipeline that cannot go on. The caller's mistakes are std::invalid_argument. What a
/// component threw is nested in it: std::rethrow_if_nested().
class PipelineError : public std::runtime_error {
 public:
  PipelineError(std::string component, const std::string& message)
      : std::runtime_error(message), component_(std::move(component)) {}

  const std::string& component() const { return component_; }  ///< its name in the pipeline, or empty

 private:
  std::string component_;
};

/// All that is wrong with a serialized pipeline. what() has one problem a line.
class InvalidPipeline : public std::invalid_argument {
 public:
  explicit InvalidPipeline(std::vector<std::string> problems);

  const std::vector<std::string>& problems() const { return problems_; }  ///< at least one

 private:
  std::vector<std::string> problems_;
};

struct PipelineOptions {
  Value::Object metadata = {};
  int max_runs_per_component = 100;
  bool connection_type_validation = true;
  /// Names that the file gives to inputs and outputs of the whole pipeline, as files for hayhooks and deepset Cloud do at
  /// their top level: {"query": ["retriever.query", "prompt.question"]}. Haystack ignores them; to_dict() leaves them out.
  OrderedMap<std::vector<std::string>> input_names = {};
  OrderedMap<std::vector<std::string>> output_names = {};
};

struct WarmUpOptions {
  /// Called with the name of each component before it loads and once it has, on the thread that loads it, by one thread
  /// at a time.
  std::function<void(std::string_view component, bool done)> progress = {};
  std::stop_token stop = {};  ///< ends the loading with Cancelled
  LogCallback log = {};       ///< as that of RunOptions
};

struct RunOptions {
  std::set<std::string> include_outputs_from = {};  ///< components whose outputs are wanted although others take them
  /// Ends the run with Cancelled, also in the middle of components, of which each is asked to end.
  std::stop_token stop = {};
  /// Warnings of the pipeline and, with their names in front ("llm: ..."), of components that were not given a log of
  /// their own. Called by one thread at a time.
  LogCallback log = {};
};

/// A graph of components. run() is safe to call from several threads where its components are; changing it is not.
class Pipeline {
 public:
  explicit Pipeline(PipelineOptions options = {});
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  /// Throws std::invalid_argument for a name that is there, reserved or has a dot, and no component.
  void add_component(std::string name, std::shared_ptr<Component> component);

  /// Connects "component.output" with "component.input"; the part after the dot can be left out where only one
  /// connection is possible. Throws std::invalid_argument with Haystack's texts.
  void connect(std::string_view sender, std::string_view receiver);

  const PipelineOptions& options() const;

  /// Throws std::invalid_argument where there is none of that name.
  Component& component(std::string_view name) const;
  /// In the order in which they were added.
  std::vector<std::string> component_names() const;

  /// Inputs that are not connected: {component: {input: {"type": "str", "is_mandatory": true}}}.
  Value::Object inputs() const;
  /// Outputs that nobody takes: {component: {output: {"type": "list[str]"}}}.
  Value::Object outputs() const;

  /// Warms up all components, those with models side by side as far as memory allows. Throws PipelineError naming the one
  /// that failed, and Cancelled; either ends those that load beside it. Components that are warm by then stay warm, the
  /// others hold nothing, and a second call goes on from there. The destructor of the pipeline frees all.
  void warm_up(const WarmUpOptions& options = {});

  /// Runs with `data` as {component: {input: value}}, or {input: value} for all components that have such an input.
  /// Answers {component: {output: value}} of the outputs that nobody takes. The order of work, and so the result, is the
  /// same on each run. Throws std::invalid_argument for wrong data, PipelineError where a component fails, the pipeline is
  /// blocked or a loop runs too often, and Cancelled. It can be run again after each of these.
  Value::Object run(const Value::Object& data, const RunOptions& options = {});

  /// Haystack's dictionary of a pipeline, and back. Throws std::invalid_argument naming the component, InvalidPipeline
  /// with all that is wrong with what is read.
  Value to_dict() const;
  static Pipeline from_dict(const Value& data);

  /// Haystack's YAML of a pipeline, and back. Throws FormatError for what is no YAML, InvalidPipeline with line and column
  /// of each problem for what is no pipeline: "line 3, column 7: ...", with a `source` "rag.yaml:3:7: ...".
  std::string dumps() const;
  static Pipeline loads(std::string_view yaml, const std::string& source = {});

  /// What would go wrong in a run, as far as it is known before: components that lack what they need, such as a key, or
  /// that nothing can start; loops that nothing ends; names of inputs and outputs that lead nowhere.
  std::vector<std::string> warnings() const;
  std::vector<std::string> name_warnings() const;  ///< those of names that lead nowhere

  std::string to_mermaid() const;  ///< a flowchart in Mermaid's language
  std::string to_svg() const;      ///< the same as a picture

 private:
  struct Graph;
  class State;
  std::unique_ptr<Graph> graph_;
};

}  // namespace berth
