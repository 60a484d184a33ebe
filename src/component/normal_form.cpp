#include "component/normal_form.h"

#include <fmt/format.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 4> normal_forms = {"NFC", "NFD", "NFKC", "NFKD"};
constexpr std::size_t most_text = std::size_t{1} << 30U;  // of ICU's int32_t, with room for what decomposes

const UNormalizer2& form_of(std::string_view name) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* form = name == "NFC"    ? unorm2_getNFCInstance(&error)
                     : name == "NFD"  ? unorm2_getNFDInstance(&error)
                     : name == "NFKC" ? unorm2_getNFKCInstance(&error)
                                      : unorm2_getNFKDInstance(&error);
  if (U_FAILURE(error) != 0 || form == nullptr) throw std::runtime_error("ICU has no data for normalization");
  return *form;
}

[[noreturn]] void fail_of_icu(UErrorCode error) {
  throw std::runtime_error(fmt::format("ICU cannot bring a text into a normal form: {}", u_errorName(error)));
}

/// What `call(buffer, capacity, length, error)` writes, in as much room as it takes.
template <class Text, class Call>
Text filled(std::size_t guess, Call call) {
  Text text(guess, {});
  for (int round = 0;; ++round) {
    std::int32_t length = 0;
    UErrorCode error = U_ZERO_ERROR;
    call(text.data(), static_cast<std::int32_t>(text.size()), length, error);
    if (error == U_BUFFER_OVERFLOW_ERROR && round == 0) {
      text.resize(static_cast<std::size_t>(length));
      continue;
    }
    if (U_FAILURE(error) != 0) fail_of_icu(error);
    text.resize(static_cast<std::size_t>(length));
    return text;
  }
}

std::u16string to_utf16(std::string_view text) {
  return filled<std::u16string>(text.size(),
                                [&](char16_t* to, std::int32_t room, std::int32_t& length, UErrorCode& error) {
                                  u_strFromUTF8WithSub(to, room, &length, text.data(),
                                                       static_cast<std::int32_t>(text.size()), 0xFFFD, nullptr, &error);
                                });
}

std::string to_utf8(const std::u16string& text) {
  return filled<std::string>(text.size(), [&](char* to, std::int32_t room, std::int32_t& length, UErrorCode& error) {
    u_strToUTF8(to, room, &length, text.data(), static_cast<std::int32_t>(text.size()), &error);
  });
}

}  // namespace

bool is_normal_form(std::string_view form) { return std::ranges::find(normal_forms, form) != normal_forms.end(); }

std::string in_normal_form(std::string_view text, std::string_view form) {
  if (!is_normal_form(form))
    throw std::invalid_argument(
        fmt::format("There is no normal form {}: NFC, NFD, NFKC and NFKD are", in_quotes(form)));
  if (text.size() >= most_text)
    throw std::invalid_argument("A text of 1 GiB or more cannot be brought into a normal form: split it before");
  const auto wide = to_utf16(text);
  return to_utf8(filled<std::u16string>(wide.size(), [&](char16_t* to, std::int32_t room, std::int32_t& length,
                                                         UErrorCode& error) {
    length = unorm2_normalize(&form_of(form), wide.data(), static_cast<std::int32_t>(wide.size()), to, room, &error);
  }));
}

}  // namespace berth
