#include "model/named_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "berth/error.h"
#include "model/byte_reader.h"
#include "model/readable_name.h"
#include "text/printable.h"
#include "value/lenient_json.h"

namespace berth::model {
namespace {

namespace fs = std::filesystem;

bool is_inside(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

/// Whether a file of `folder`, links followed, is one of the same model.
bool is_of_the_model(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  const auto real_folder = fs::canonical(folder.empty() ? "." : folder, error);
  if (error) return false;
  const auto real_file = fs::canonical(file, error);
  if (error) return false;
  // models--ORG--NAME/snapshots/COMMIT holds links into models--ORG--NAME/blobs.
  const auto snapshots = real_folder.parent_path();
  return is_inside(real_file, real_folder) ||
         (snapshots.filename() == "snapshots" && is_inside(real_file, snapshots.parent_path() / "blobs"));
}

}  // namespace

fs::path named_file(const fs::path& named_by, std::uint64_t offset, std::string_view name) {
  const fs::path relative(name);
  const bool is_plain = !name.empty() && name.size() < 4096 && !has_control_characters(name);
  if (!is_plain || relative.is_absolute() || std::ranges::find(relative, fs::path("..")) != relative.end()) {
    throw FormatError(named_by, offset, "the file name " + in_quotes(name),
                      "the name of a file in the same folder, without '..'");
  }
  const auto path = named_by.parent_path() / relative;
  std::error_code error;
  if (!relative.has_parent_path() && fs::symlink_status(path, error).type() == fs::file_type::regular) return path;
  if (!fs::exists(path, error)) {
    throw ModelNotFound(fmt::format("{} belongs to {} and is missing: get it where the others came from",
                                    in_quotes(path.string()), in_quotes(named_by.string())));
  }
  if (!is_of_the_model(path, named_by.parent_path())) {
    throw FormatError(named_by, offset,
                      fmt::format("the file {}, a link that leads out of the folder", in_quotes(name)),
                      "a file in the same folder");
  }
  return path;
}

namespace {

Value read_json_with(Value (*read)(std::string_view), const fs::path& path, std::uint64_t most) {
  ByteReader reader(path);
  if (reader.size() > most) reader.fail(most, fmt::format("{} bytes", reader.size()), fmt::format("at most {}", most));
  try {
    return read(reader.read_bytes(reader.size()));
  } catch (const FormatError& error) {
    throw FormatError(path, error.offset(), error.found(), error.expected());
  }
}

}  // namespace

Value read_json(const fs::path& path, std::uint64_t most) { return read_json_with(from_lenient_json, path, most); }

Value read_strict_json(const fs::path& path, std::uint64_t most) {
  return read_json_with(Value::from_json, path, most);
}

}  // namespace berth::model
