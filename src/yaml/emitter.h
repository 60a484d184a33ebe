/// The lines of a YAML text in block style, laid out as PyYAML's emitter does: libyaml folds quoted texts in other places.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::yaml {

class Emitter {
 public:
  /// How deep the entries of a collection stand, for as long as it lives.
  class Indent {
   public:
    Indent(Emitter& emitter, std::size_t columns) : emitter_(emitter), before_(emitter.indent_) {
      emitter.indent_ += columns;
    }
    ~Indent() { emitter_.indent_ = before_; }
    Indent(const Indent&) = delete;
    Indent& operator=(const Indent&) = delete;

   private:
    Emitter& emitter_;
    std::size_t before_;
  };

  /// Goes to the column of the entries, in a new line where something stands in this one already.
  void to_indent();

  /// "- ", "? " or a ":" before a value in a line of its own: a collection may begin behind it, in the same line.
  void begin(char sign);
  /// The colon behind a short key.
  void end_key();
  /// What has no entries: "[]" or "{}".
  void empty(std::string_view brackets);
  /// Whether nothing but signs stands in this line.
  bool is_at_begin() const { return at_begin_; }

  /// Whether `key`, whose tag takes `tag_length` letters, stands before its colon in one line.
  static bool is_short_key(std::string_view key, std::size_t tag_length);

  /// A text, without quotes where `may_be_plain` and its letters allow it; `in_one_line` is that of a short key. Throws
  /// std::invalid_argument where it is not UTF-8.
  void scalar(std::string_view text, bool may_be_plain, bool in_one_line, bool is_root = false);

  std::string finish() &&;

 private:
  void put(std::string_view ascii);
  void put_sign(char sign, bool after_space);
  void new_line();
  void plain(std::string_view text, bool may_fold);
  void single_quoted(std::string_view text, bool may_fold);
  void double_quoted(std::string_view text, bool may_fold);

  std::string text_;
  std::size_t column_ = 0;
  std::size_t indent_ = 0;
  bool after_space_ = true;
  bool at_begin_ = true;
  bool ends_open_ = false;  // with a plain scalar that is the whole document
};

}  // namespace berth::yaml
