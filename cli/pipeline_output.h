/// What a pipeline gave, for people.
#pragma once

#include <string>
#include <string_view>

#include "berth/pipeline.h"
#include "berth/value.h"

namespace berth::cli {

/// {name: value} by the names that the file of the pipeline gives to its outputs; of several outputs of one name, the
/// first that was sent.
Value::Object by_names(const Pipeline& pipeline, const Value::Object& outputs);

/// {"component.output": value}, without the `meta` beside replies.
Value::Object by_sockets(const Value::Object& outputs);

/// Prints {name: value}: text as it is, other values as JSON; with the names where there are several.
/// `shown` was on the terminal already, as it was streamed, and is not printed again.
void print_outputs(const Value::Object& outputs, std::string_view shown);

}  // namespace berth::cli
