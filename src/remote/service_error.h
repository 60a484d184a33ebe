/// Errors that stand where an answer should.
#pragma once

#include <optional>
#include <string>

#include "berth/value.h"

namespace berth {

/// What an answer, or a piece of one, says of an error: {"error": ...}, {"object": "error", "message": ...}, the same in
/// its first choice, or the finish_reason "error". None where all is well, or where it is no object.
std::optional<std::string> error_in(const Value& answer);

}  // namespace berth
