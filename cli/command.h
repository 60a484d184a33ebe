/// The commands. Each one adds itself to the tree and, when it was parsed, leaves what it does in `action`.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace berth::cli {

enum ExitCode { done = 0, failed = 1, wrong_use = 2, does_not_fit = 3 };

/// Does what a command is for and answers its exit code.
using Action = std::function<int()>;

void add_run(CLI::App& app, Action& action);
void add_embed(CLI::App& app, Action& action);
void add_rank(CLI::App& app, Action& action);
void add_devices(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_resolve(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_ps(CLI::App& app, Action& action);
void add_worker(CLI::App& app, Action& action);
void add_workers(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_gguf(CLI::App& app, Action& action);
void add_pipeline(CLI::App& app, Action& action);
void add_components(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);

}  // namespace berth::cli
