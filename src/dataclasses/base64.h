/// What a class that holds base64 text knows of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Whether `text` is base64 (RFC 4648, 4) with its padding and nothing else.
bool is_base64(std::string_view text);

/// The MIME type that the first bytes of base64 `text` tell: images that models read, and PDF.
std::optional<std::string> mime_type_of_base64(std::string_view text);

}  // namespace berth
