/// Where warnings go: the library never prints, it calls back.
#pragma once

#include <functional>
#include <string_view>

namespace berth {

enum class LogLevel { debug, info, warning, error };

/// Called with one message, without an end of line, on the thread that does the work. Empty: messages are dropped.
using LogCallback = std::function<void(LogLevel level, std::string_view message)>;

}  // namespace berth
