#include "text/python_printable.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <memory>
#include <new>

namespace berth {
namespace {

struct FreeMatching {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

/// PCRE2 knows the categories of Unicode.
std::unique_ptr<pcre2_code, FreeMatching> compile() {
  static constexpr unsigned char pattern[] = R"([\p{C}\p{Z}])";
  int error = 0;
  PCRE2_SIZE position = 0;
  std::unique_ptr<pcre2_code, FreeMatching> code(
      pcre2_compile(pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &position, nullptr));
  if (code == nullptr) throw std::bad_alloc();
  return code;
}

}  // namespace

bool python_printable(std::string_view character) {
  if (character.size() == 1) return character[0] >= ' ' && character[0] < '\x7f';
  static const auto unprintable = compile();
  const std::unique_ptr<pcre2_match_data, FreeMatching> data(pcre2_match_data_create(1, nullptr));
  if (data == nullptr) throw std::bad_alloc();
  return pcre2_match(unprintable.get(), reinterpret_cast<PCRE2_SPTR>(character.data()), character.size(), 0, 0,
                     data.get(), nullptr) == PCRE2_ERROR_NOMATCH;
}

}  // namespace berth
