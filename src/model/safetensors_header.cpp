#include "model/safetensors_header.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_set>

#include "model/element_type.h"
#include "model/guess_format.h"
#include "model/readable_name.h"
#include "text/printable.h"

namespace berth::model {
namespace {

constexpr std::uint64_t max_header_bytes = 100'000'000;  // the format's own limit
constexpr std::size_t most_listed = 64;                  // as in PyTorch
constexpr std::size_t max_name_bytes = 4096;

/// The bytes of the header for nlohmann's parser, which asks for each of them once.
struct HeaderCursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  char operator*() const {
    const auto byte = reader->read<std::uint8_t>();
    // The parser would take it for the end.
    if (byte == 0) reader->fail(reader->offset() - 1, "a NUL byte", "JSON");
    return static_cast<char>(byte);
  }
  HeaderCursor& operator++() { return *this; }
  bool operator==(const HeaderCursor&) const { return reader->offset() == end; }  // the other one is always the end

  ByteReader* reader;
  std::uint64_t end;
};

/// Makes tensors while nlohmann's parser, which does not recurse, reads the header. Whatever does not stand where it
/// has to is refused at once.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderEvents(ByteReader& reader, std::uint64_t end) : reader_(reader), end_(end) {}

  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("a boolean"); }
  bool number_integer(number_integer_t number) override { refuse(fmt::format("the number {}", number)); }
  bool number_float(number_float_t, const string_t& text) override { refuse("the number " + printable(text)); }
  bool binary(binary_t&) override { refuse("binary data"); }  // not in JSON

  bool number_unsigned(number_unsigned_t number) override {
    if (level_ != Level::list) refuse(fmt::format("the number {}", number));
    if (list_->size() == most_listed) reader_.fail(here(), "a longer list", "at most 64 numbers");
    list_->push_back(number);
    return true;
  }

  bool string(string_t& text) override {
    if (level_ == Level::metadata) {
      header_.metadata.set(std::move(name_), std::move(text));
    } else if (level_ == Level::tensor && name_ == "dtype") {
      if (!element_bits(text)) reader_.fail(here(), "the type " + in_quotes(text), "a type that safetensors has");
      tensor_.type = std::move(text);
    } else {
      refuse("the text " + in_quotes(text));
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (level_ == Level::before) {
      level_ = Level::root;
    } else if (level_ == Level::root && name_ == "__metadata__") {
      level_ = Level::metadata;
    } else if (level_ == Level::root) {
      level_ = Level::tensor;
      tensor_ = {};
      tensor_.name = name_;
      offsets_.clear();
      reader_.reading("tensor " + in_quotes(tensor_.name));
    } else {
      refuse("an object");
    }
    seen_.clear();
    return true;
  }

  bool key(string_t& name) override {
    auto& names = level_ == Level::root ? names_ : seen_;
    if (level_ == Level::root && (name.empty() || name.size() > max_name_bytes)) {
      reader_.fail(here(), fmt::format("a name of {} bytes", name.size()), fmt::format("1 to {}", max_name_bytes));
    }
    if (level_ == Level::root && has_control_characters(name))
      reader_.fail(here(), "the name " + in_quotes(name), "a name without control characters");
    if (level_ == Level::tensor && name != "dtype" && name != "shape" && name != "data_offsets")
      reader_.fail(here(), "the name " + in_quotes(name), "dtype, shape or data_offsets");
    if (!names.insert(name).second)
      reader_.fail(here(), fmt::format("the name {} a second time", in_quotes(name)), "each name once");
    name_ = std::move(name);
    return true;
  }

  bool end_object() override {
    if (level_ == Level::tensor) add_tensor();
    level_ = level_ == Level::root ? Level::after : Level::root;
    reader_.reading("");
    return true;
  }

  bool start_array(std::size_t) override {
    if (level_ != Level::tensor || name_ == "dtype") refuse("a list");
    level_ = Level::list;
    list_ = name_ == "shape" ? &tensor_.shape : &offsets_;
    return true;
  }

  bool end_array() override {
    level_ = Level::tensor;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing value - invalid
    // string: ill-formed UTF-8 byte; last read: '"a'"
    std::string_view message = error.what();
    if (const auto start = message.find("] "); start != message.npos) message.remove_prefix(start + 2);
    if (const auto start = message.find(" - "); start != message.npos) message.remove_prefix(start + 3);
    reader_.fail(here(), printable(message.substr(0, message.find("; expected "))), "JSON in the header");
  }

  SafetensorsHeader take() { return std::move(header_); }

 private:
  enum class Level { before, root, metadata, tensor, list, after };

  std::uint64_t here() const { return reader_.offset(); }

  [[noreturn]] void refuse(std::string found) const {
    constexpr std::array expected = {"an object of tensors",
                                     "an object with dtype, shape and data_offsets",
                                     "a text",
                                     "a type as text, and lists of whole numbers",
                                     "a whole number from 0 to 2^64 - 1",
                                     "the end of the header"};
    reader_.fail(here(), std::move(found), expected[static_cast<std::size_t>(level_)]);
  }

  void add_tensor() {
    for (const auto* name : {"dtype", "shape", "data_offsets"})
      if (!seen_.contains(name))
        reader_.fail(here(), "an entry without " + std::string(name), "dtype, shape and data_offsets");
    if (offsets_.size() != 2 || offsets_[0] > offsets_[1])
      reader_.fail(here(), fmt::format("data_offsets [{}]", fmt::join(offsets_, ", ")), "where the data begin and end");
    const auto bytes = element_bytes(tensor_.shape, *element_bits(tensor_.type));
    const auto shape = [&] { return fmt::format("{} [{}]", tensor_.type, fmt::join(tensor_.shape, ", ")); };
    if (!bytes) reader_.fail(here(), "the shape " + shape(), "at most 2^63 - 1 elements and bytes");
    if (*bytes != offsets_[1] - offsets_[0]) {
      reader_.fail(here(), fmt::format("{} bytes of data", offsets_[1] - offsets_[0]),
                   fmt::format("{}, which {} takes", *bytes, shape()));
    }
    if (offsets_[1] > reader_.size() - end_) {
      reader_.fail(
          here(),
          fmt::format("data up to byte {} after the header, where the file has {}", offsets_[1], reader_.size() - end_),
          "data inside the file: its download is incomplete, or it is damaged");
    }
    tensor_.bytes = *bytes;
    tensor_.offset = end_ + offsets_[0];
    std::ranges::reverse(tensor_.shape);  // the contiguous dimension first, as in each profile
    header_.tensors.push_back(std::move(tensor_));
  }

  ByteReader& reader_;
  std::uint64_t end_;
  Level level_ = Level::before;
  std::string name_;                       // of the entry that is being read
  std::unordered_set<std::string> names_;  // of the tensors so far
  std::unordered_set<std::string> seen_;   // in the object that is being read
  TensorInfo tensor_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint64_t>* list_ = nullptr;
  SafetensorsHeader header_;
};

/// The bytes of the header, after their number.
std::uint64_t read_header_length(ByteReader& reader) {
  if (reader.size() == 0)
    reader.fail(0, "an empty file", "a safetensors file: its download did not begin, or the disk was full");
  const auto start = reader.peek(32);
  if (start.size() < 9 || start[8] != '{')
    reader.fail(0, guess_format(start), "a safetensors file, in which a header in JSON follows its length of 8 bytes");
  const auto bytes = reader.read<std::uint64_t>();
  if (bytes > max_header_bytes)
    reader.fail(0, fmt::format("a header of {} bytes", bytes), fmt::format("at most {}", max_header_bytes));
  reader.reading("the header");
  reader.require(bytes);
  reader.reading("");
  return bytes;
}

void check_data(const ByteReader& reader, const std::vector<TensorInfo>& tensors, std::uint64_t begin) {
  std::vector<const TensorInfo*> by_offset;
  for (const auto& tensor : tensors) by_offset.push_back(&tensor);
  std::ranges::sort(by_offset, {}, [](const auto* tensor) { return std::pair(tensor->offset, tensor->bytes); });
  auto end = begin;
  for (const auto* tensor : by_offset) {
    if (tensor->offset < end) {
      reader.fail(tensor->offset, fmt::format("data of {} inside those of another tensor", in_quotes(tensor->name)),
                  "each byte in one tensor");
    }
    if (tensor->offset > end) {
      reader.fail(end, fmt::format("{} bytes of no tensor", tensor->offset - end),
                  fmt::format("the data of {}", in_quotes(tensor->name)));
    }
    end = tensor->offset + tensor->bytes;
  }
  if (end != reader.size())
    reader.fail(end, fmt::format("{} bytes of no tensor", reader.size() - end), "the end of the file");
}

}  // namespace

SafetensorsHeader read_safetensors(ByteReader& reader) {
  const auto bytes = read_header_length(reader);
  const auto begin = reader.offset() + bytes;
  HeaderEvents events(reader, begin);
  nlohmann::json::sax_parse(HeaderCursor{&reader, begin}, HeaderCursor{&reader, begin}, &events);
  auto header = events.take();
  check_data(reader, header.tensors, begin);
  return header;
}

}  // namespace berth::model
