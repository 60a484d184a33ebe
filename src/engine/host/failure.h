/// Exceptions on their way between two processes.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace berth::host {

/// The exception that is being handled, as JSON.
std::string failure_json();

/// Throws what failure_json() wrote; std::runtime_error for a type that is none of berth/error.h. Throws
/// std::invalid_argument for a text that is not of it.
[[noreturn]] void throw_failure(std::string_view json);

}  // namespace berth::host
