/// Errors that stand where an answer should.
#pragma once

#include <optional>
#include <string>

#include "berth/value.h"

namespace berth {

/// What an answer, or a piece of one, says of an error: {"error": ...}, {"object": "error", "message": ...}, the same in
/// its first choice, the finish_reason "error", {"base_resp": {"status_code": 1004, ...}}, or without choices {"detail": ...} and a
/// "message" with a "code", a "status" or the type "error". None where all is well, or where it is no object.
std::optional<std::string> error_in(const Value& answer);

}  // namespace berth
