/// The file of a pipeline, as commands are given it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "berth/pipeline.h"

namespace berth::cli {

void add_pipeline_file(CLI::App& command, std::string& file);

/// The pipeline in a file; "-" is standard input. Throws std::runtime_error, for mistakes in the file Problems with
/// FILE:line:column of each.
Pipeline load_pipeline(const std::string& file);

}  // namespace berth::cli
