#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "berth/error.h"
#include "text/file.h"
#include "text/printable.h"
#include "text/utf8.h"
#include "tokenizer/punkt.h"

namespace berth::tokenizing {
namespace {

constexpr std::size_t most_punkt_bytes = std::size_t{64} << 20U;

/// The lines of one file, which knows where it is.
class PunktFile {
 public:
  explicit PunktFile(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code unknown;
    if (const auto size = std::filesystem::file_size(path_, unknown); !unknown && size > most_punkt_bytes)
      throw FormatError(path_, most_punkt_bytes, fmt::format("{} bytes", size),
                        fmt::format("at most {}", most_punkt_bytes));
    text_ = read_file(path_, "a file of Punkt's model");
  }

  bool next() {
    if (next_ >= text_.size()) return false;
    begin_ = next_;
    line_ = std::string_view(text_).substr(begin_);
    line_ = line_.substr(0, line_.find('\n'));
    next_ = begin_ + line_.size() + 1;
    ++number_;
    if (!is_utf8(line_)) fail("what is not UTF-8", "text in UTF-8");
    return true;
  }

  std::string_view line() const { return line_; }

  /// The place of the only tab of the line.
  std::size_t tab() const {
    const auto tab = line_.find('\t');
    if (tab == line_.npos || line_.find('\t', tab + 1) != line_.npos)
      fail(in_quotes(line_), "two fields with a tab between them");
    return tab;
  }

  [[noreturn]] void fail(std::string found, std::string expected) const {
    throw FormatError(path_, number_, 1, begin_, std::move(found), std::move(expected));
  }

 private:
  static bool is_utf8(std::string_view text) {
    while (!text.empty()) {
      const auto character = first_character(text);
      if (character.state != Utf8Character::whole) return false;
      text.remove_prefix(character.length);
    }
    return true;
  }

  std::filesystem::path path_;
  std::string text_;
  std::string_view line_;
  std::size_t begin_ = 0;
  std::size_t next_ = 0;
  std::size_t number_ = 0;
};

std::set<std::string, std::less<>> read_words(const std::filesystem::path& path) {
  std::set<std::string, std::less<>> words;
  for (PunktFile file(path); file.next();) words.emplace(file.line());
  return words;
}

std::set<std::string, std::less<>> read_pairs(const std::filesystem::path& path) {
  std::set<std::string, std::less<>> pairs;
  for (PunktFile file(path); file.next();) {
    (void)file.tab();
    pairs.emplace(file.line());
  }
  return pairs;
}

std::map<std::string, unsigned, std::less<>> read_contexts(const std::filesystem::path& path) {
  std::map<std::string, unsigned, std::less<>> contexts;
  for (PunktFile file(path); file.next();) {
    const auto tab = file.tab();
    const auto number = file.line().substr(tab + 1);
    unsigned flags = 0;
    const auto end = number.data() + number.size();
    const auto [rest, error] = std::from_chars(number.data(), end, flags);
    if (error != std::errc() || rest != end) file.fail(in_quotes(number), "a number of flags");
    contexts.insert_or_assign(std::string(file.line().substr(0, tab)), flags);
  }
  return contexts;
}

}  // namespace

PunktModel read_punkt(const std::filesystem::path& folder) {
  return {.abbreviations = read_words(folder / "abbrev_types.txt"),
          .collocations = read_pairs(folder / "collocations.tab"),
          .starters = read_words(folder / "sent_starters.txt"),
          .contexts = read_contexts(folder / "ortho_context.tab")};
}

}  // namespace berth::tokenizing
