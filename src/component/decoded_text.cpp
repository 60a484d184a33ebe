#include "component/decoded_text.h"

#include <fmt/format.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "text/lower_case.h"
#include "text/printable.h"
#include "text/utf8.h"

namespace berth {
namespace {

using Converter = std::unique_ptr<UConverter, void (*)(UConverter*)>;

Converter converter_of(const std::string& encoding) {
  UErrorCode error = U_ZERO_ERROR;
  // ICU takes an empty name, and one with options after a comma, for more than a name.
  const bool is_name = !encoding.empty() && encoding.find_first_of(",=") == encoding.npos && encoding.size() < 60;
  Converter converter(is_name ? ucnv_open(encoding.c_str(), &error) : nullptr, ucnv_close);
  if (converter == nullptr || U_FAILURE(error) != 0)
    throw std::invalid_argument(fmt::format("unknown encoding: {}", printable(encoding)));
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  return converter;
}

[[noreturn]] void fail_to_decode(const std::string& encoding, std::size_t place) {
  throw std::invalid_argument(fmt::format("{} cannot decode the bytes at position {}", in_quotes(encoding), place));
}

void append_utf16(std::string& out, const char16_t* text, std::int32_t length) {
  if (length == 0) return;
  const auto start = out.size();
  out.resize(start + 3 * static_cast<std::size_t>(length));
  std::int32_t written = 0;
  UErrorCode error = U_ZERO_ERROR;
  u_strToUTF8WithSub(out.data() + start, 3 * length, &written, text, length, 0xFFFD, nullptr, &error);
  out.resize(start + static_cast<std::size_t>(written));
}

std::string converted(std::string_view bytes, const std::string& encoding) {
  const auto converter = converter_of(encoding);
  std::string text;
  std::array<char16_t, 4096> part{};
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  for (;;) {
    char16_t* to = part.data();
    UErrorCode error = U_ZERO_ERROR;
    // The last unit stays free, so that no pair of surrogates is cut.
    ucnv_toUnicode(converter.get(), &to, part.data() + part.size(), &from, end, nullptr, 1, &error);
    const auto length = static_cast<std::int32_t>(to - part.data());
    if (error != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(error) != 0)
      fail_to_decode(encoding, static_cast<std::size_t>(from - bytes.data()));
    append_utf16(text, part.data(), length);
    if (error != U_BUFFER_OVERFLOW_ERROR) return text;
  }
}

void check_utf8(std::string_view bytes, const std::string& encoding) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto character = first_character(bytes.substr(at));
    if (character.state != Utf8Character::whole) fail_to_decode(encoding, at);
    at += character.length;
  }
}

}  // namespace

std::string decoded_text(std::string_view bytes, const std::string& encoding) {
  auto name = lower_case(encoding);
  for (auto& c : name)
    if (c == '_' || c == ' ') c = '-';
  const bool has_mark = name == "utf-8-sig";
  if (!has_mark && name != "utf-8" && name != "utf8") return converted(bytes, encoding);
  if (has_mark && bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  check_utf8(bytes, encoding);
  return std::string(bytes);
}

}  // namespace berth
