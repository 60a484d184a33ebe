#include "model/gguf_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/printable.h"

namespace berth::model {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string read_name(ByteReader& reader, std::string_view what, std::uint64_t max_bytes) {
  const auto offset = reader.offset();
  const auto length = reader.read<std::uint64_t>();
  if (length == 0 || length > max_bytes)
    reader.fail(offset, fmt::format("{} of {} bytes", what, length), fmt::format("1 to {} bytes", max_bytes));
  auto name = reader.read_bytes(length);
  if (std::any_of(name.begin(), name.end(), is_control))
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
