// Any bytes as a tokenizer.json, and behind a NUL byte a text: a tokenizer whose promises hold, or an error that says why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/error.h"
#include "berth/tokenizer.h"
#include "text/utf8.h"

namespace {

constexpr std::size_t most_bytes = 4096;  // of the text

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const berth::Encoding& encoding) {
  const auto count = encoding.size();
  require(encoding.tokens.size() == count && encoding.offsets.size() == count && encoding.type_ids.size() == count);
  require(encoding.attention_mask.size() == count && encoding.special_tokens_mask.size() == count);
  require(encoding.word_ids.size() == count && encoding.sequence_ids.size() == count);
  for (const auto& piece : encoding.overflowing) check(piece);
}

void run(const berth::Tokenizer& tokenizer, const std::string& text) {
  for (const bool special : {true, false}) {
    try {
      const auto encoding = tokenizer.encode(
          text,
          {.add_special_tokens = special, .truncation = tokenizer.truncation(), .offsets = berth::OffsetUnit::bytes});
      check(encoding);
      tokenizer.decode(encoding.ids, {.skip_special_tokens = special});
      check(tokenizer.encode(text, std::string_view(text).substr(0, 16 < text.size() ? 0 : text.size()),
                             {.add_special_tokens = special}));
    } catch (const std::invalid_argument&) {
    } catch (const berth::FormatError&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\0');
  const auto text =
      end == input.npos ? std::string_view("a Text, \u00c9t\u00e9 \u4e2d\U0001F6A2 12") : input.substr(end + 1);
  try {
    const auto tokenizer = berth::Tokenizer::from_json(input.substr(0, end));
    run(tokenizer, berth::valid_utf8(text.substr(0, most_bytes)));
  } catch (const berth::FormatError& error) {
    require(!error.found().empty());
  }
  return 0;
}
