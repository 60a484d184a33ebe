/// The file of a pipeline, as commands are given it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "berth/pipeline.h"

namespace berth::cli {

void add_pipeline_file(CLI::App& command, std::string& file);

/// The pipeline in a file; "-" is standard input. Throws std::runtime_error, for a mistake in the file with
/// FILE:line:column.
Pipeline load_pipeline(const std::string& file);

}  // namespace berth::cli
