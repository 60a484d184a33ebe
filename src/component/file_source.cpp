#include "component/file_source.h"

#include <fmt/format.h>

#include <stdexcept>

#include "text/file.h"
#include "text/printable.h"

namespace berth {

Type file_sources_type() { return Type::list_of(Type::union_of({"str", "Path", "ByteStream"})); }

std::vector<Value::Object> meta_of_sources(const FileMeta& meta, std::size_t sources) {
  if (!meta) return std::vector<Value::Object>(sources);
  if (const auto* one = std::get_if<Value::Object>(&*meta)) return {sources, *one};
  const auto& list = std::get<std::vector<Value::Object>>(*meta);
  if (list.size() != sources)
    throw std::invalid_argument("The length of the metadata list must match the number of sources.");
  return list;
}

ByteStream read_source(const FileSource& source) {
  if (const auto* stream = std::get_if<ByteStream>(&source)) return *stream;
  const auto& path = std::get<std::string>(source);
  return {.data = read_file(path, "a file"), .meta = {{"file_path", path}}};
}

std::string name_of_source(const FileSource& source) {
  if (const auto* path = std::get_if<std::string>(&source)) return printable(*path);
  const auto& stream = std::get<ByteStream>(source);
  const Value* path = stream.meta.find("file_path");
  if (path != nullptr && path->is_string()) return printable(path->as_string());
  return fmt::format("a ByteStream of {} bytes", stream.data.size());
}

}  // namespace berth
