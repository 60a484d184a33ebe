#include "berth/byte_stream.h"

#include <cstdint>
#include <vector>

#include "dataclasses/dict_fields.h"

namespace berth {

Value ByteStream::to_dict() const {
  Value::Array bytes;
  bytes.reserve(data.size());
  for (const char byte : data) bytes.push_back(static_cast<std::uint8_t>(byte));
  return Value::Object{{"data", std::move(bytes)}, {"meta", meta}, {"mime_type", to_value(mime_type)}};
}

ByteStream ByteStream::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict);
  std::vector<std::uint8_t> bytes;
  ByteStream stream;
  fields.read_required("data", bytes);
  fields.read("meta", stream.meta);
  fields.read("mime_type", stream.mime_type);
  stream.data.assign(bytes.begin(), bytes.end());
  return stream;
}

}  // namespace berth
