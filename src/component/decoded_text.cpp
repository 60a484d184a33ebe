#include "component/decoded_text.h"

#include <fmt/format.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include <algorithm>
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

/// Names that Python has for encodings, and ICU does not.
struct NameOfPython {
  std::string_view name;
  std::string_view of_icu;
};
constexpr std::array names_of_python = {
    NameOfPython{"u8", "utf-8"},
    NameOfPython{"utf", "utf-8"},
    NameOfPython{"utf8-ucs2", "utf-8"},
    NameOfPython{"utf8-ucs4", "utf-8"},
    NameOfPython{"cp65001", "utf-8"},
    NameOfPython{"u16", "utf-16"},
    NameOfPython{"u32", "utf-32"},
    NameOfPython{"u7", "utf-7"},
    NameOfPython{"latin", "iso-8859-1"},
    NameOfPython{"8859", "iso-8859-1"},
    NameOfPython{"iso8859", "iso-8859-1"},
    NameOfPython{"l7", "iso-8859-13"},
    NameOfPython{"latin7", "iso-8859-13"},
    NameOfPython{"thai", "iso-8859-11"},
    NameOfPython{"858", "cp858"},
    NameOfPython{"932", "cp932"},
    NameOfPython{"936", "gbk"},
    NameOfPython{"1125", "cp1125"},
    NameOfPython{"1140", "cp1140"},
    NameOfPython{"1250", "windows-1250"},
    NameOfPython{"1251", "windows-1251"},
    NameOfPython{"1252", "windows-1252"},
    NameOfPython{"1253", "windows-1253"},
    NameOfPython{"1254", "windows-1254"},
    NameOfPython{"1255", "windows-1255"},
    NameOfPython{"1256", "windows-1256"},
    NameOfPython{"1257", "windows-1257"},
    NameOfPython{"1258", "windows-1258"},
    NameOfPython{"hkscs", "big5-hkscs"},
    NameOfPython{"uhc", "cp949"},
    NameOfPython{"hz-gb", "hz"},
    NameOfPython{"hzgb", "hz"},
};

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

/// The name with its order of bytes where neither the name nor a mark tells it: ICU takes the greater first, Python the
/// lesser.
std::string with_byte_order(std::string_view bytes, const std::string& name) {
  const auto plain = lower_case(name);
  const bool is_16 = plain == "utf-16" || plain == "utf16" || plain == "utf_16";
  const bool is_32 = plain == "utf-32" || plain == "utf32" || plain == "utf_32";
  using namespace std::string_view_literals;
  if (is_16 && !bytes.starts_with("\xFE\xFF"sv) && !bytes.starts_with("\xFF\xFE"sv)) return "utf-16le";
  if (is_32 && !bytes.starts_with("\x00\x00\xFE\xFF"sv) && !bytes.starts_with("\xFF\xFE\x00\x00"sv)) return "utf-32le";
  return name;
}

/// `name` is that of ICU.
std::string converted(std::string_view bytes, const std::string& encoding, const std::string& name) {
  const auto converter = converter_of(with_byte_order(bytes, name));
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
  const auto other = std::ranges::find(names_of_python, name, &NameOfPython::name);
  if (other != names_of_python.end()) name = other->of_icu;
  const bool has_mark = name == "utf-8-sig";
  if (!has_mark && name != "utf-8" && name != "utf8")
    return converted(bytes, encoding, other == names_of_python.end() ? encoding : name);
  if (has_mark && bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  check_utf8(bytes, encoding);
  return std::string(bytes);
}

}  // namespace berth
