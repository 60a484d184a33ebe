/// The commands of `berth pipeline`.
#pragma once

#include "command.h"

namespace berth::cli {

void add_pipeline_validate(CLI::App& pipeline, Action& action);
void add_pipeline_run(CLI::App& pipeline, Action& action);
void add_pipeline_draw(CLI::App& pipeline, Action& action);

}  // namespace berth::cli
