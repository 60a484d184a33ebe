#include "model/protobuf.h"

#include <fmt/format.h>

#include "text/utf8.h"

namespace berth::model {

std::uint64_t read_varint(ByteReader& reader, std::uint64_t end) {
  const auto offset = reader.offset();
  std::uint64_t number = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (reader.offset() >= end) reader.fail(reader.offset(), "the end of the message", "the rest of a number");
    const auto byte = reader.read<std::uint8_t>();
    if (shift == 63 && byte > 1) break;
    number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
  reader.fail(offset, "a number of more than 64 bits", "a protobuf number");
}

bool ProtoMessage::next(ProtoField& field) {
  if (started_ && reader_.offset() < next_) reader_.skip(next_ - reader_.offset());
  started_ = true;
  if (reader_.offset() >= end_) return false;
  field.offset = reader_.offset();
  const auto tag = read_varint(reader_, end_);
  if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
    reader_.fail(field.offset, fmt::format("field {}", tag >> 3), "a field from 1 to 536870911");
  field.id = static_cast<std::uint32_t>(tag >> 3);
  const auto wire = tag & 7;
  std::uint64_t bytes = 0;
  if (wire == 0) {
    field.kind = ProtoField::number;
    field.value = read_varint(reader_, end_);
  } else if (wire == 2) {
    field.kind = ProtoField::bytes;
    bytes = field.value = read_varint(reader_, end_);
  } else if (wire == 1 || wire == 5) {
    field.kind = wire == 1 ? ProtoField::fixed64 : ProtoField::fixed32;
    bytes = field.value = wire == 1 ? 8 : 4;
  } else {
    reader_.fail(field.offset, fmt::format("wire type {}", wire), "0, 1, 2 or 5, as protobuf has them");
  }
  if (bytes > end_ - reader_.offset()) {
    reader_.fail(field.offset, fmt::format("a field of {} bytes", bytes),
                 fmt::format("at most {}, which are left: the file is damaged, or its download is incomplete",
                             end_ - reader_.offset()));
  }
  next_ = reader_.offset() + bytes;
  return true;
}

std::string read_text(ByteReader& reader, const ProtoField& field, std::uint64_t most) {
  if (field.kind != ProtoField::bytes) reader.fail(field.offset, "a number", "a text");
  if (field.value > most)
    reader.fail(field.offset, fmt::format("a text of {} bytes", field.value), fmt::format("at most {}", most));
  const auto offset = reader.offset();
  auto text = reader.read_bytes(field.value);
  for (std::string_view rest = text; !rest.empty();) {
    const auto character = first_character(rest);
    if (character.state != Utf8Character::whole)
      reader.fail(offset + (text.size() - rest.size()), "bytes that are no UTF-8", "a text");
    rest.remove_prefix(character.length);
  }
  return text;
}

}  // namespace berth::model
