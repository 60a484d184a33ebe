/// What `berth plan` is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "berth/plan.h"
#include "machine_options.h"

namespace berth::cli {

struct PlanOptions {
  std::string model;
  std::vector<std::string> compare;  ///< two files of plans
  MachineOptions machine;
  ContextSpec context;
  std::string cache_type = "F16";
  std::string strategy = "optimal";
  bool compat = false;
  std::string objective = "fastest";
  std::optional<double> reach;
  double prompt_per_token = 4;
  std::optional<int> min_context;
  std::vector<std::string> max_memory;
  std::optional<std::string> leave;
  std::vector<std::string> pins;
  std::string projector;
  std::string draft;
  std::vector<std::string> adapters;
  std::vector<std::string> use;
  std::vector<std::string> avoid;
  bool verify = false;
  bool measured = false;
  std::string format = "table";
  std::string output;
  bool json = false;
};

void add_plan_options(CLI::App& command, PlanOptions& options);

/// All of them together. Throws std::invalid_argument naming the option.
PlanRequest plan_request(const PlanOptions& options);

}  // namespace berth::cli
