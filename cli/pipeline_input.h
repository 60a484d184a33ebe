/// What a pipeline is given to run, from the command line.
#pragma once

#include <string>
#include <vector>

#include "berth/pipeline.h"
#include "berth/value.h"

namespace berth::cli {

/// What the help says of such an argument.
inline constexpr auto pipeline_input_help =
    "Inputs: JSON, {\"COMPONENT\": {\"INPUT\": ...}} or {\"INPUT\": ...}; a file of it in JSON or YAML; - is standard "
    "input; or INPUT=TEXT, COMPONENT.INPUT=TEXT. INPUT can be a name that the file gives. Can be repeated";

/// All of them together, by component. Throws std::invalid_argument for an input that nobody takes or that is given
/// twice and for what is no JSON, and std::runtime_error for a file.
Value::Object read_inputs(const Pipeline& pipeline, const std::vector<std::string>& arguments);

}  // namespace berth::cli
