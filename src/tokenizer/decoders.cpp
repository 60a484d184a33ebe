#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/decoder.h"
#include "tokenizer/fields.h"
#include "tokenizer/metaspace.h"

namespace berth::tokenizing {
namespace {

using structs::Place;
using Tokens = std::vector<std::string>;

/// A decoder that is one function over the tokens.
template <class F>
class DecodeTokens final : public Decoder {
 public:
  explicit DecodeTokens(F change) : change_(std::move(change)) {}
  void run(Tokens& tokens) const override { change_(tokens); }

 private:
  F change_;
};

template <class F>
std::unique_ptr<Decoder> decode_tokens(F change) {
  return std::make_unique<DecodeTokens<F>>(std::move(change));
}

/// Throws std::invalid_argument where so many bytes have grown beyond all reason.
void check_growth(std::size_t before, std::size_t after) {
  constexpr std::size_t most_growth = 64;
  constexpr std::size_t always_possible = std::size_t{1} << 16U;
  if (after > most_growth * before + always_possible)
    throw std::invalid_argument("The decoder makes a text of more than 64 times its tokens; the tokenizer is damaged");
}

std::size_t bytes_of(const Tokens& tokens) {
  std::size_t bytes = 0;
  for (const auto& token : tokens) bytes += token.size();
  return bytes;
}

std::string concatenated(const Tokens& tokens) {
  std::string text;
  for (const auto& token : tokens) text += token;
  return text;
}

void fuse(Tokens& tokens) { tokens = {concatenated(tokens)}; }

/// The bytes that the letters stand for; a token with another character keeps its own.
void decode_byte_level(Tokens& tokens) {
  std::string bytes;
  for (const auto& token : tokens) {
    const auto start = bytes.size();
    bool is_bytes = true;
    each_character(token, [&](std::uint32_t code) {
      const auto byte = byte_of_letter(code);
      is_bytes = is_bytes && byte;
      if (is_bytes) bytes += static_cast<char>(*byte);
    });
    if (!is_bytes) bytes.replace(start, std::string::npos, token);
  }
  tokens = {valid_utf8(bytes)};
}

/// The byte of "<0xAB>".
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  unsigned value = 0;
  auto digits = token.substr(3, 2);
  if (digits[0] == '+') digits.remove_prefix(1);  // Rust's from_str_radix takes a sign
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<char>(value);
}

/// Runs of bytes become text; where they are none, each becomes U+FFFD.
void decode_byte_fallback(Tokens& tokens) {
  Tokens decoded;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (is_utf8(bytes))
      decoded.push_back(bytes);
    else
      decoded.insert(decoded.end(), bytes.size(), "\uFFFD");
    bytes.clear();
  };
  for (auto& token : tokens) {
    if (const auto byte = byte_of(token)) {
      bytes += *byte;
    } else {
      flush();
      decoded.push_back(std::move(token));
    }
  }
  flush();
  tokens = std::move(decoded);
}

std::unique_ptr<Decoder> read_word_piece_decoder(const Value& value, const Place& place) {
  return decode_tokens(
      [prefix = need_text(value, place, "prefix"), cleanup = need_bool(value, place, "cleanup")](Tokens& tokens) {
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          auto& token = tokens[i];
          if (i > 0) token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
          if (cleanup) token = without_needless_spaces(token);
        }
      });
}

std::unique_ptr<Decoder> read_bpe_decoder(const Value& value, const Place& place) {
  return decode_tokens([suffix = need_text(value, place, "suffix")](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = replaced_all(tokens[i], suffix, i + 1 == tokens.size() ? "" : " ");
  });
}

std::unique_ptr<Decoder> read_ctc(const Value& value, const Place& place) {
  return decode_tokens([pad = need_text(value, place, "pad_token"),
                        delimiter = need_text(value, place, "word_delimiter_token"),
                        cleanup = need_bool(value, place, "cleanup")](Tokens& tokens) {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    Tokens decoded;
    for (const auto& token : tokens) {
      auto text = replaced_all(token, pad, "");
      if (cleanup) text = replaced_all(without_needless_spaces(text), delimiter, " ");
      if (!text.empty()) decoded.push_back(std::move(text));
    }
    tokens = std::move(decoded);
  });
}

std::unique_ptr<Decoder> read_strip_decoder(const Value& value, const Place& place) {
  need_character(value, place, "content");
  return decode_tokens([content = need_text(value, place, "content"), start = need_count(value, place, "start"),
                        stop = need_count(value, place, "stop")](Tokens& tokens) {
    for (auto& token : tokens) {
      std::string_view text = token;
      std::string_view left = text;
      std::size_t cut = 0;
      for (std::size_t i = 0; i < start && left.starts_with(content); ++i) {
        left.remove_prefix(content.size());
        cut += content.size();
      }
      std::size_t end = text.size();
      for (std::size_t i = 0; i < stop && text.substr(0, end).ends_with(content); ++i) end -= content.size();
      token = std::string(text.substr(cut, std::max(end, cut) - cut));
    }
  });
}

std::unique_ptr<Decoder> read_replace_decoder(const Value& value, const Place& place) {
  return decode_tokens(
      [pattern = need_pattern(value, place), content = need_text(value, place, "content")](Tokens& tokens) {
        std::vector<Span> spans;
        for (auto& token : tokens) {
          if (token.empty()) continue;
          pattern.find(token, spans);
          std::string text;
          for (const auto& span : spans) {
            text += span.is_match ? content : token.substr(span.begin, span.end - span.begin);
            check_growth(token.size(), text.size());
          }
          token = std::move(text);
        }
      });
}

std::unique_ptr<Decoder> read_decoder_step(const Value& value, const Place& place, std::size_t depth) {
  const auto& type = type_of(value, place);
  if (type == "Sequence") {
    if (depth == most_nested_sequences) place.fail("has too many sequences within sequences");
    std::vector<std::shared_ptr<const Decoder>> steps;
    const auto& list = need_array(value, place, "decoders");
    const Place here(place, "decoders");
    for (std::size_t i = 0; i < list.size(); ++i)
      steps.push_back(read_decoder_step(list[i], Place(here, i), depth + 1));
    return decode_tokens([steps = std::move(steps)](Tokens& tokens) {
      const auto before = bytes_of(tokens);
      for (const auto& step : steps) {
        step->run(tokens);
        check_growth(before, bytes_of(tokens));
      }
    });
  }
  if (type == "ByteLevel") return decode_tokens(decode_byte_level);
  if (type == "ByteFallback") return decode_tokens(decode_byte_fallback);
  if (type == "Fuse") return decode_tokens(fuse);
  if (type == "WordPiece") return read_word_piece_decoder(value, place);
  if (type == "BPEDecoder") return read_bpe_decoder(value, place);
  if (type == "Metaspace") return read_metaspace_decoder(value, place);
  if (type == "CTC") return read_ctc(value, place);
  if (type == "Strip") return read_strip_decoder(value, place);
  if (type == "Replace") return read_replace_decoder(value, place);
  fail_type(type, place,
            "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece");
}

}  // namespace

std::string replaced_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  if (from.empty()) {
    for (std::size_t at = 0; at < text.size();) {
      const auto length = character_length(text[at]);
      (out += to) += text.substr(at, length);
      check_growth(text.size(), out.size());
      at += length;
    }
    return out += to;
  }
  std::size_t from_here = 0;
  for (auto at = text.find(from); at != text.npos; at = text.find(from, from_here)) {
    (out += text.substr(from_here, at - from_here)) += to;
    check_growth(text.size(), out.size());
    from_here = at + from.size();
  }
  return out += text.substr(from_here);
}

std::string without_needless_spaces(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  std::string clean(text);
  for (const auto& [from, to] : rules)
    if (clean.find(from) != clean.npos) clean = replaced_all(clean, from, to);
  return clean;
}

std::unique_ptr<Decoder> read_decoder(const Value& value, const Place& place) {
  return read_decoder_step(value, place, 0);
}

}  // namespace berth::tokenizing
