/// A conversation at the terminal.
#pragma once

#include "berth/engine.h"
#include "run_options.h"

namespace berth::cli {

/// Until Ctrl-D or /exit; answers the exit code. Each prompt stands by itself where `chat` is false.
int converse(const LoadedModel& model, const RunOptions& options, const GenerationOptions& generation, bool chat);

}  // namespace berth::cli
