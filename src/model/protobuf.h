/// Reads protobuf's wire format, field by field, over a file of any size.
#pragma once

#include <cstdint>
#include <string>

#include "model/byte_reader.h"

namespace berth::model {

/// One field of a message. Numbers are read with it; the bytes of a text or a message stand next in the reader.
struct ProtoField {
  enum Kind { number, fixed64, bytes, fixed32 };
  std::uint32_t id = 0;
  Kind kind = number;
  std::uint64_t value = 0;   ///< of a number; of `bytes` their count, which the message has room for
  std::uint64_t offset = 0;  ///< where the field begins
};

/// A message of a known length. The format: protobuf.dev, "Encoding"; groups, which it no longer has, are refused.
class ProtoMessage {
 public:
  /// The next `length` bytes.
  ProtoMessage(ByteReader& reader, std::uint64_t length) : reader_(reader), end_(reader.offset() + length) {}

  /// Reads the next field into `field`, false at the end. Throws FormatError. Whatever was left of the field before is
  /// passed over.
  bool next(ProtoField& field);

 private:
  ByteReader& reader_;
  std::uint64_t end_;
  std::uint64_t next_ = 0;  // where the next field begins, once one was read
  bool started_ = false;
};

/// A number of 1 to 10 bytes that ends before `end`.
std::uint64_t read_varint(ByteReader& reader, std::uint64_t end);

/// The bytes of `field` as a text, at most `most` of them. Throws FormatError where they are more, or no UTF-8.
std::string read_text(ByteReader& reader, const ProtoField& field, std::uint64_t most);

}  // namespace berth::model
