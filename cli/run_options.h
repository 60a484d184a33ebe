/// What `berth run` is asked for.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "berth/engine.h"

namespace berth::cli {

struct RunOptions {
  std::string model;
  std::optional<std::string> prompt;
  std::optional<std::string> device;
  std::optional<std::string> device_map;  ///< a strategy, a file, or JSON
  std::optional<std::string> plan;        ///< a file
  std::vector<std::string> max_memory;
  std::optional<std::string> isolation;       ///< of the engine, by the name of an Isolation
  int patience_s = LoadRequest().patience_s;  ///< with an engine in a process of its own
  bool show_placement = false;
  std::optional<std::string> simulate;  ///< a machine that need not exist
  std::optional<std::string> system;
  std::optional<double> temperature;
  std::optional<int> top_k;
  std::optional<double> top_p;
  std::optional<double> min_p;
  std::optional<double> length_penalty;
  GenerationOptions generation;  ///< the rest of it
  int n_ctx = 0;
  int n_threads = 0;
  bool raw = false;
  bool stream = false;  ///< asked for; it is the default too
  bool no_stream = false;
  bool json = false;
  bool verbose = false;
};

void add_run_options(CLI::App& command, RunOptions& options);

/// The context to load a model with; none: the engine's default.
std::optional<ContextSpec> context_spec(const RunOptions& options);
/// Where the engine runs with the model in that file: by itself in a process of its own where nobody checked the file.
Isolation isolation(const RunOptions& options, const std::filesystem::path& model);
SessionOptions session_options(const RunOptions& options);

/// All of them together. Sampling is on where the temperature is above 0, and where anything that only sampling uses is
/// given, unless the temperature is given as 0; beams go without. Throws std::invalid_argument.
GenerationOptions generation_options(const RunOptions& options);

}  // namespace berth::cli
