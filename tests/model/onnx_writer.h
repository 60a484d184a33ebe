/// Writes small ONNX files, good and bad: protobuf messages, field by field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::test {

/// A protobuf message in the making.
class Proto {
 public:
  Proto& number(std::uint32_t field, std::uint64_t value) { return varint(field << 3).varint(value); }
  Proto& bytes(std::uint32_t field, std::string_view value) {
    varint(field << 3 | 2).varint(value.size());
    text_ += value;
    return *this;
  }
  Proto& message(std::uint32_t field, const Proto& value) { return bytes(field, value.text_); }
  Proto& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
    return *this;
  }
  Proto& raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A TensorProto without data. Types: 1 is F32, 3 is I8, 7 is I64.
inline Proto onnx_tensor(std::string_view name, std::uint64_t type, const std::vector<std::uint64_t>& shape) {
  Proto tensor;
  for (const auto extent : shape) tensor.number(1, extent);
  return tensor.number(2, type).bytes(8, name);
}

/// The same with data of so many bytes.
inline Proto onnx_tensor(std::string_view name, std::uint64_t type, const std::vector<std::uint64_t>& shape,
                         std::size_t bytes) {
  return onnx_tensor(name, type, shape).bytes(9, std::string(bytes, '\1'));
}

/// The same with data in another file; an empty text leaves the entry out.
inline Proto external_tensor(std::string_view name, const std::vector<std::uint64_t>& shape, std::string_view location,
                             std::string_view offset = "", std::string_view length = "") {
  auto tensor = onnx_tensor(name, 1, shape);
  const auto entry = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) tensor.message(13, Proto().bytes(1, key).bytes(2, value));
  };
  entry("location", location);
  entry("offset", offset);
  entry("length", length);
  return tensor.number(14, 1);
}

/// A model with this graph.
inline std::string onnx_model(const Proto& graph) {
  return Proto().number(1, 10).bytes(2, "berth").message(7, graph).message(8, Proto().number(2, 21)).text();
}

inline Proto small_graph() {
  Proto graph;
  const auto constant = Proto().bytes(1, "value").message(5, onnx_tensor("", 7, {2}).bytes(7, "\1\2"));
  graph.message(1, Proto().bytes(2, "axes").bytes(4, "Constant").message(5, constant));
  graph.bytes(2, "tiny");
  graph.message(5, onnx_tensor("w", 1, {2, 3}, 24));
  graph.message(5, onnx_tensor("layers.1.self_attn.q_proj.weight", 3, {5}, 5));
  return graph;
}

}  // namespace berth::test
