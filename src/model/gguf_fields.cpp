#include "model/gguf_fields.h"

#include <fmt/format.h>

#include "model/readable_name.h"
#include "text/printable.h"

namespace berth::model {

std::string read_name(ByteReader& reader, std::string_view what, std::uint64_t max_bytes) {
  const auto offset = reader.offset();
  const auto length = reader.read<std::uint64_t>();
  if (length == 0 || length > max_bytes)
    reader.fail(offset, fmt::format("{} of {} bytes", what, length), fmt::format("1 to {} bytes", max_bytes));
  auto name = reader.read_bytes(length);
  if (has_control_characters(name))
    reader.fail(offset, fmt::format("{} with control characters, {}", what, in_quotes(name)), "a readable name");
  return name;
}

void require_entries(const ByteReader& reader, std::uint64_t offset, std::uint64_t count, std::uint64_t min_bytes,
                     std::string_view what) {
  if (count <= reader.left() / min_bytes) return;
  reader.fail(offset, fmt::format("{} {}", count, what),
              fmt::format("at most {}, since {} bytes are left: the file is damaged, or its download is incomplete",
                          reader.left() / min_bytes, reader.left()));
}

}  // namespace berth::model
