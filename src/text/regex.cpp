#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <stdexcept>

#include "text/oniguruma_pattern.h"
#include "text/printable.h"
#include "text/python_pattern.h"
#include "text/utf8.h"

namespace berth {
namespace {

constexpr std::uint32_t heap_limit_kib = 256 * 1024;

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

template <class T>
std::unique_ptr<T, Free> owned(T* object) {
  if (object == nullptr) throw std::bad_alloc();
  return std::unique_ptr<T, Free>(object);
}

PCRE2_SPTR bytes(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string reason(int error) {
  unsigned char text[256];
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

Pcre2Pattern as_it_is(std::string_view pattern) {
  Pcre2Pattern same{std::string(pattern), std::vector<std::size_t>(pattern.size() + 1)};
  std::iota(same.origin.begin(), same.origin.end(), std::size_t{0});
  return same;
}

std::unique_ptr<pcre2_code, Free> compile(std::string_view pattern, Regex::Dialect dialect) {
  const bool of_oniguruma = dialect == Regex::Dialect::oniguruma;
  const auto translated = dialect == Regex::Dialect::python ? from_python_pattern(pattern)
                          : of_oniguruma                    ? from_oniguruma_pattern(pattern)
                                                            : as_it_is(pattern);
  const auto context = owned(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  const std::uint32_t options =
      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (translated.ascii ? 0U : PCRE2_UCP) | (of_oniguruma ? PCRE2_MULTILINE : 0U);
  int error = 0;
  PCRE2_SIZE position = 0;
  std::unique_ptr<pcre2_code, Free> code(
      pcre2_compile(bytes(translated.text), translated.text.size(), options, &error, &position, context.get()));
  if (code == nullptr)
    throw std::invalid_argument(
        pattern_error(pattern, translated.origin.at(std::min(position, translated.text.size())), reason(error)));
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // where it is not to be had, matching is slower
  return code;
}

}  // namespace

struct Regex::Code {
  Code(std::string_view pattern, Dialect dialect) : code(compile(pattern, dialect)) {
    pcre2_set_match_limit(context.get(), match_limit);
    pcre2_set_heap_limit(context.get(), heap_limit_kib);
  }

  std::unique_ptr<pcre2_code, Free> code;
  std::unique_ptr<pcre2_match_context, Free> context = owned(pcre2_match_context_create(nullptr));
};

namespace {

/// One text that is searched again and again: it is checked once to be UTF-8.
class Search {
 public:
  Search(const Regex& regex, const pcre2_code* code, pcre2_match_context* context, std::string_view text)
      : regex_(regex), code_(code), context_(context), text_(text) {}

  /// The next match at `from` or later; nullptr where there is none.
  const RegexMatch* next(std::size_t from, std::uint32_t options) {
    const int count = find(from, options);
    if (count == 0) return nullptr;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data_.get());
    found_.begin = ends[0];
    found_.end = ends[1];
    found_.groups.assign(pcre2_get_ovector_count(data_.get()), std::nullopt);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      if (ends[2 * i] != PCRE2_UNSET) found_.groups[i] = text_.substr(ends[2 * i], ends[2 * i + 1] - ends[2 * i]);
    return &found_;
  }

  /// Where the next match begins and ends; nullptr where there is none. \K can put the beginning behind the end.
  const PCRE2_SIZE* next_span(std::size_t from) {
    return find(from, 0) == 0 ? nullptr : pcre2_get_ovector_pointer(data_.get());
  }

 private:
  /// How many groups took part in the match, the whole being one; 0: there is none.
  int find(std::size_t from, std::uint32_t options) {
    int count = match(from, options);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = match(from, options | PCRE2_NO_JIT);
    if (count == PCRE2_ERROR_NOMATCH) return 0;
    if (count < 0) fail(count);
    return count;
  }

  int match(std::size_t from, std::uint32_t options) {
    const int count = pcre2_match(code_, bytes(text_), text_.size(), from, options | checked_, data_.get(), context_);
    checked_ = PCRE2_NO_UTF_CHECK;
    return count;
  }

  [[noreturn]] void fail(int error) const {
    const auto pattern = in_quotes(regex_.pattern());
    switch (error) {
      case PCRE2_ERROR_MATCHLIMIT:
      case PCRE2_ERROR_DEPTHLIMIT:
      case PCRE2_ERROR_HEAPLIMIT:
        throw std::invalid_argument(
            fmt::format("The regular expression {} takes too many steps on a text of {} bytes; make it simpler",
                        pattern, text_.size()));
      case PCRE2_ERROR_NOMEMORY:
        throw std::bad_alloc();
      default:
        throw std::invalid_argument(fmt::format("The regular expression {} cannot be matched: {}, at byte {}", pattern,
                                                reason(error), pcre2_get_startchar(data_.get())));
    }
  }

  const Regex& regex_;
  const pcre2_code* code_;
  pcre2_match_context* context_;
  std::string_view text_;
  std::uint32_t checked_ = 0;
  std::unique_ptr<pcre2_match_data, Free> data_ = owned(pcre2_match_data_create_from_pattern(code_, nullptr));
  RegexMatch found_{};
};

}  // namespace

Regex::Regex(std::string_view pattern, Dialect dialect)
    : pattern_(pattern), code_(std::make_shared<const Code>(pattern, dialect)) {}

std::size_t Regex::group_count() const {
  std::uint32_t count = 0;
  pcre2_pattern_info(code_->code.get(), PCRE2_INFO_CAPTURECOUNT, &count);
  return count;
}

std::optional<std::size_t> Regex::group_number(std::string_view name) const {
  const int number = pcre2_substring_number_from_name(code_->code.get(), bytes(std::string(name)));
  return number < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(number));
}

std::optional<RegexMatch> Regex::search(std::string_view text, std::size_t from) const {
  if (from > text.size()) return std::nullopt;
  Search search(*this, code_->code.get(), code_->context.get(), text);
  const auto* match = search.next(from, 0);
  return match == nullptr ? std::nullopt : std::optional(*match);
}

std::optional<RegexMatch> Regex::full_match(std::string_view text) const {
  Search search(*this, code_->code.get(), code_->context.get(), text);
  const auto* match = search.next(0, PCRE2_ANCHORED | PCRE2_ENDANCHORED);
  return match == nullptr ? std::nullopt : std::optional(*match);
}

std::vector<RegexMatch> Regex::find_all(std::string_view text) const {
  std::vector<RegexMatch> matches;
  for_each_match(text, [&](const RegexMatch& match) { matches.push_back(match); });
  return matches;
}

void Regex::for_each_match(std::string_view text, const std::function<void(const RegexMatch&)>& visit) const {
  Search search(*this, code_->code.get(), code_->context.get(), text);
  // After an empty match the next one may start at the same place, but must not be empty there.
  std::uint32_t options = 0;
  for (const auto* match = search.next(0, options); match != nullptr; match = search.next(match->end, options)) {
    visit(*match);
    options = match->begin == match->end ? PCRE2_NOTEMPTY_ATSTART : 0;
  }
}

void Regex::for_each_span(std::string_view text, const std::function<void(std::size_t, std::size_t)>& visit) const {
  Search search(*this, code_->code.get(), code_->context.get(), text);
  std::size_t from = 0;
  std::size_t last = std::string_view::npos;
  while (from <= text.size()) {
    const auto* span = search.next_span(from);
    if (span == nullptr || span[1] < from) return;
    const std::size_t end = span[1];
    const std::size_t begin = std::min<std::size_t>(span[0], end);
    if (begin == end && end == last) {
      from = end == text.size() ? end + 1 : end + first_character(text.substr(end)).length;
    } else {
      visit(begin, end);
      from = last = end;
    }
  }
}

}  // namespace berth
