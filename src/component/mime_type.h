/// What kind of file a name tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "berth/ordered_map.h"

namespace berth {

/// The MIME type by the ending of a file's name, as Python's mimetypes.guess_type() has it: "text/plain" of "a.TXT",
/// "application/x-tar" of "a.tar.gz". `additional`, from types to endings such as ".docx", wins. The file is not looked at.
std::optional<std::string> mime_type_of(std::string_view path, const OrderedMap<std::string>& additional = {});

}  // namespace berth
