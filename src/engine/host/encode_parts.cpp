#include "engine/host/encode_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "text/utf8.h"
#include "value/structs.h"

namespace berth::host {
namespace {

constexpr std::size_t most_floats = 4 << 20;  // of a part
constexpr std::array<EncodedTensor EncodeResult::*, 4> tensors = {
    &EncodeResult::hidden_states, &EncodeResult::pooler_output, &EncodeResult::embedding, &EncodeResult::logits};

template <class T>
T read_entry(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  if (found == nullptr) throw std::invalid_argument("An encoding lacks its " + std::string(name));
  return structs::read<T>(*found, {}, INT32_MIN);
}

std::size_t product(const std::vector<std::size_t>& shape) {
  return shape.empty() ? 0 : std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

}  // namespace

/// The number of the tensor, then floats, as this machine has them.
Value send_parts(const EncodeResult& result, const std::function<void(std::string_view part)>& send) {
  Value::Array shapes;
  for (std::uint32_t number = 0; number < tensors.size(); ++number) {
    const auto& tensor = result.*tensors[number];
    shapes.push_back(structs::write(tensor.shape));
    for (std::size_t from = 0; from < tensor.values.size(); from += most_floats) {
      const auto count = std::min(most_floats, tensor.values.size() - from);
      std::string part(sizeof number + count * sizeof(float), '\0');
      std::memcpy(part.data(), &number, sizeof number);
      std::memcpy(part.data() + sizeof number, tensor.values.data() + from, count * sizeof(float));
      send(part);
    }
  }
  return Value::Object{{"first_token", structs::write(result.first_token)}, {"shapes", std::move(shapes)}};
}

void EncodeParts::take(std::string_view part) {
  std::uint32_t number = 0;
  if (part.size() < sizeof number || (part.size() - sizeof number) % sizeof(float) != 0)
    throw std::invalid_argument("A part of an encoding is cut");
  std::memcpy(&number, part.data(), sizeof number);
  part.remove_prefix(sizeof number);
  if (number >= tensors.size()) throw std::invalid_argument("A part of an encoding is of no tensor");
  auto& values = (result_.*tensors[number]).values;
  const auto before = values.size();
  values.resize(before + part.size() / sizeof(float));
  if (!part.empty()) std::memcpy(values.data() + before, part.data(), part.size());
}

EncodeResult EncodeParts::finish(const Value& rest) && {
  result_.first_token = read_entry<std::vector<std::size_t>>(rest, "first_token");
  auto shapes = read_entry<std::vector<std::vector<std::size_t>>>(rest, "shapes");
  if (shapes.size() != tensors.size()) throw std::invalid_argument("An encoding has another number of tensors");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    auto& tensor = result_.*tensors[i];
    tensor.shape = std::move(shapes[i]);
    if (product(tensor.shape) != tensor.values.size())
      throw std::invalid_argument("An encoding has other numbers than its shape says");
  }
  return std::move(result_);
}

Value input_value(const EncodeInput& input) {
  Value::Array texts = {structs::detail::write_free_text(input.text)};
  if (input.pair) texts.push_back(structs::detail::write_free_text(*input.pair));
  return texts;
}

EncodeInput input_of(const Value& value) {
  const auto& texts = value.as_array();
  if (texts.empty() || texts.size() > 2) throw std::invalid_argument("An input of an encoder has one text or two");
  EncodeInput input{.text = texts[0].as_string()};
  if (texts.size() == 2) input.pair = texts[1].as_string();
  return input;
}

Value tokens_value(const Encoding& encoding) {
  Value::Array tokens;
  for (const auto& token : encoding.tokens) tokens.push_back(valid_utf8(token));
  Value::Array sequences;
  for (const auto& each : encoding.sequence_ids) sequences.push_back(each ? static_cast<std::int64_t>(*each) : -1);
  Value::Array overflowing;
  for (const auto& each : encoding.overflowing) overflowing.push_back(tokens_value(each));
  return Value::Object{{"ids", structs::write(encoding.ids)},
                       {"tokens", std::move(tokens)},
                       {"type_ids", structs::write(encoding.type_ids)},
                       {"attention_mask", structs::write(encoding.attention_mask)},
                       {"special_tokens_mask", structs::write(encoding.special_tokens_mask)},
                       {"sequence_ids", std::move(sequences)},
                       {"overflowing", std::move(overflowing)}};
}

Encoding tokens_of(const Value& value) {
  using Numbers = std::vector<std::int32_t>;
  Encoding encoding{.ids = read_entry<Numbers>(value, "ids"),
                    .tokens = {},
                    .offsets = {},
                    .type_ids = read_entry<Numbers>(value, "type_ids"),
                    .attention_mask = read_entry<Numbers>(value, "attention_mask"),
                    .special_tokens_mask = read_entry<Numbers>(value, "special_tokens_mask"),
                    .word_ids = {},
                    .sequence_ids = {},
                    .overflowing = {}};
  encoding.offsets.resize(encoding.size());
  encoding.word_ids.resize(encoding.size());
  if (const Value* tokens = value.find("tokens"); tokens != nullptr)
    for (const auto& token : tokens->as_array()) encoding.tokens.push_back(token.as_string());
  for (const auto each : read_entry<Numbers>(value, "sequence_ids"))
    encoding.sequence_ids.push_back(each < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(each)));
  if (const Value* pieces = value.find("overflowing"); pieces != nullptr)
    for (const auto& each : pieces->as_array()) encoding.overflowing.push_back(tokens_of(each));
  return encoding;
}

}  // namespace berth::host
