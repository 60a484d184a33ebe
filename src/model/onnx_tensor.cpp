#include "model/onnx_tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "model/element_type.h"
#include "model/readable_name.h"
#include "text/printable.h"

namespace berth::model {
namespace {

constexpr std::uint64_t most_name_bytes = 16384;
constexpr std::size_t most_dimensions = 64;

// By number: TensorProto.DataType of ONNX 1.23.
constexpr std::array<std::string_view, 29> onnx_types = {
    "",    "F32", "U8",      "I8",  "U16",  "I16",     "I32",     "I64",         "STRING",  "BOOL",        "F16",
    "F64", "U32", "U64",     "C64", "C128", "BF16",    "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "U4",
    "I4",  "F4",  "F8_E8M0", "U2",  "I2",   "F6_E2M3", "F6_E3M2"};

/// Fields of a TensorProto, by number.
struct TensorField {
  enum : std::uint32_t {
    dims = 1,
    data_type = 2,
    float_data = 4,
    int32_data = 5,
    string_data = 6,
    int64_data = 7,
    tensor_name = 8,
    raw_data = 9,
    double_data = 10,
    uint64_data = 11,
    external_data = 13,
    data_location = 14
  };
};

class TensorFields {
 public:
  TensorFields(ByteReader& reader, std::uint64_t length)
      : reader_(reader), begin_(reader.offset()), message_(reader, length) {}

  OnnxTensor read() {
    ProtoField field;
    while (message_.next(field)) read(field);
    reader_.reading("tensor " + in_quotes(tensor_.info.name));
    check();
    reader_.reading("");
    return std::move(tensor_);
  }

 private:
  void read(const ProtoField& field) {
    const auto number = [&] {
      if (field.kind != ProtoField::number) reader_.fail(field.offset, "bytes", "a number");
      return field.value;
    };
    if (field.id == TensorField::dims) {
      read_dims(field);
    } else if (field.id == TensorField::data_type) {
      type_ = number();
    } else if (field.id == TensorField::tensor_name) {
      tensor_.info.name = read_text(reader_, field, most_name_bytes);
      if (has_control_characters(tensor_.info.name))
        reader_.fail(field.offset, "the name " + in_quotes(tensor_.info.name), "a name without control characters");
    } else if (field.id == TensorField::data_location) {
      is_external_ = number() == 1;
    } else if (field.id == TensorField::external_data) {
      read_external(field);
    } else if (field.id >= TensorField::float_data && field.id <= TensorField::uint64_data) {
      read_data(field);
    }
  }

  void add_dim(std::uint64_t offset, std::uint64_t extent) {
    if (extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      reader_.fail(offset, fmt::format("a dimension of {}", static_cast<std::int64_t>(extent)), "zero or more");
    if (tensor_.info.shape.size() == most_dimensions) reader_.fail(offset, "more than 64 dimensions", "at most 64");
    tensor_.info.shape.push_back(extent);
  }

  void read_dims(const ProtoField& field) {
    if (field.kind == ProtoField::number) return add_dim(field.offset, field.value);
    if (field.kind != ProtoField::bytes) reader_.fail(field.offset, "a number of a fixed size", "dimensions");
    const auto end = reader_.offset() + field.value;
    while (reader_.offset() < end) {
      const auto offset = reader_.offset();
      add_dim(offset, read_varint(reader_, end));
    }
  }

  void read_external(const ProtoField& field) {
    if (field.kind != ProtoField::bytes) reader_.fail(field.offset, "a number", "a key and a value");
    ProtoMessage entry(reader_, field.value);
    ProtoField part;
    std::string key, value;
    std::uint64_t value_offset = field.offset;
    while (entry.next(part)) {
      if (part.id == 1) key = read_text(reader_, part, most_name_bytes);
      if (part.id == 2) value = read_text(reader_, part, most_name_bytes);
      if (part.id == 2) value_offset = part.offset;
    }
    const auto number = [&] {
      std::uint64_t parsed = 0;
      const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), parsed);
      if (problem != std::errc() || end != value.data() + value.size())
        reader_.fail(value_offset, fmt::format("{} of {}", key, in_quotes(value)), "a whole number from 0 to 2^64 - 1");
      return parsed;
    };
    if (key == "location") {
      external_.location = value;
      external_.location_offset = value_offset;
    } else if (key == "offset") {
      external_.offset = number();
    } else if (key == "length") {
      external_.length = number();
    }
  }

  /// Data in the file itself: how many items of which field. Nothing of them is kept.
  void read_data(const ProtoField& field) {
    if (items_ == 0 && data_field_ == 0) tensor_.info.offset = reader_.offset();
    if (data_field_ != 0 && data_field_ != field.id)
      reader_.fail(field.offset, "data in a second form", "the data of a tensor in one form");
    data_field_ = field.id;
    if (field.id == TensorField::string_data) {
      ++items_;
      string_bytes_ += field.value;
      if (field.kind != ProtoField::bytes) reader_.fail(field.offset, "a number", "a text");
    } else if (field.kind == ProtoField::bytes &&
               (field.id == TensorField::float_data || field.id == TensorField::double_data)) {
      const std::uint64_t size = field.id == TensorField::float_data ? 4 : 8;
      if (field.value % size != 0)
        reader_.fail(field.offset, fmt::format("{} bytes", field.value), fmt::format("a multiple of {}", size));
      items_ += field.value / size;
    } else if (field.kind == ProtoField::bytes && field.id == TensorField::raw_data) {
      items_ += field.value;
    } else if (field.kind == ProtoField::bytes) {
      const auto end = reader_.offset() + field.value;
      for (; reader_.offset() < end; ++items_) read_varint(reader_, end);
    } else if (field.id == TensorField::raw_data) {
      reader_.fail(field.offset, "a number", "bytes");
    } else {
      ++items_;
    }
  }

  /// Items that the data have to have, in the form that they are in.
  std::uint64_t wanted_items(std::uint64_t elements, std::uint64_t bytes) const {
    switch (data_field_) {
      case TensorField::raw_data:
        return bytes;
      case TensorField::float_data:
        return bytes / 4;
      case TensorField::double_data:
        return bytes / 8;
      case TensorField::int32_data:
        return std::min(elements, bytes);  // those of less than a byte are packed
      default:
        return elements;
    }
  }

  void check() {
    if (type_ == 0 || type_ >= onnx_types.size())
      reader_.fail(begin_, fmt::format("data type {}", type_),
                   fmt::format("a type from 1 to {}", onnx_types.size() - 1));
    auto& info = tensor_.info;
    info.type = onnx_types[static_cast<std::size_t>(type_)];
    const auto elements = element_bytes(info.shape, 8);
    const auto bytes = element_bytes(info.shape, *element_bits(info.type));
    if (!elements || !bytes)
      reader_.fail(begin_, fmt::format("the shape [{}]", fmt::join(info.shape, ", ")),
                   "at most 2^63 - 1 elements and bytes");
    info.bytes = info.type == "STRING" ? string_bytes_ : *bytes;
    if (is_external_) {
      check_external();
    } else if (const auto wanted = wanted_items(*elements, *bytes); items_ != wanted) {
      reader_.fail(begin_, fmt::format("data of {} items or bytes", items_),
                   fmt::format("{}, which {} [{}] takes", wanted, info.type, fmt::join(info.shape, ", ")));
    }
    std::ranges::reverse(info.shape);  // the contiguous dimension first, as in each profile
  }

  void check_external() {
    auto& info = tensor_.info;
    if (external_.location.empty()) reader_.fail(begin_, "external data without a location", "the name of a file");
    if (info.type == "STRING") reader_.fail(begin_, "texts in external data", "numbers");
    if (external_.length && *external_.length != info.bytes) {
      reader_.fail(begin_, fmt::format("external data of {} bytes", *external_.length),
                   fmt::format("{}, which {} [{}] takes", info.bytes, info.type, fmt::join(info.shape, ", ")));
    }
    info.offset = external_.offset;
    tensor_.external = external_;
  }

  ByteReader& reader_;
  std::uint64_t begin_;
  ProtoMessage message_;
  OnnxTensor tensor_;
  ExternalData external_;
  std::uint64_t type_ = 0;
  std::uint32_t data_field_ = 0;
  std::uint64_t items_ = 0;
  std::uint64_t string_bytes_ = 0;
  bool is_external_ = false;
};

}  // namespace

OnnxTensor read_onnx_tensor(ByteReader& reader, std::uint64_t length) { return TensorFields(reader, length).read(); }

}  // namespace berth::model
