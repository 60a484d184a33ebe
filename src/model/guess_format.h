/// What a file is that is not what it should be.
#pragma once

#include <string>
#include <string_view>

namespace berth::model {

/// What a file seems to be by its first bytes, 32 or fewer: "a web page or XML, perhaps an error saved by a download".
std::string guess_format(std::string_view start);

}  // namespace berth::model
