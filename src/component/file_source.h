/// What converters and routers of files take: paths and byte streams, each with meta of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "berth/byte_stream.h"
#include "berth/type.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

/// A path, or what was read already.
using FileSource = std::variant<std::string, ByteStream>;

/// "list[str | Path | ByteStream]": a path of Python's is a text here.
Type file_sources_type();

/// One object, one for each source, or none.
using FileMeta = std::optional<std::variant<Value::Object, std::vector<Value::Object>>>;

/// What `meta` says of each source. Throws std::invalid_argument where it is a list of another length.
std::vector<Value::Object> meta_of_sources(const FileMeta& meta, std::size_t sources);

/// A byte stream as it is; of a path the bytes of that file, with `file_path` in its meta. Throws FormatError where there is no
/// regular file, or it cannot be read.
ByteStream read_source(const FileSource& source);

/// What a message calls it.
std::string name_of_source(const FileSource& source);

}  // namespace berth
