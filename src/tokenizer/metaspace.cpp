#include "tokenizer/metaspace.h"

#include "tokenizer/fields.h"
#include "tokenizer/replace.h"
#include "tokenizer/split_pieces.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  explicit MetaspacePreTokenizer(MetaspaceOptions options)
      : options_(std::move(options)), pattern_(Pattern::literal(options_.replacement)) {}

  void run(TextBuffer& buffer) const override {
    static const auto space = Pattern::literal(" ");
    rewrite_pieces(buffer, [&](std::string_view text, Rewrite& rewrite) {
      write_replaced(space, options_.replacement, text, rewrite);
    });
    if (options_.prepend_scheme != PrependScheme::never) {
      prepend(buffer, options_.replacement, [&](const Piece& piece, std::string_view text) {
        return !text.starts_with(options_.replacement) &&
               (options_.prepend_scheme == PrependScheme::always || piece.original.begin == 0);
      });
    }
    if (options_.split) split_pieces(buffer, pattern_, SplitBehavior::merged_with_next);
  }

 private:
  MetaspaceOptions options_;
  Pattern pattern_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  explicit MetaspaceDecoder(MetaspaceOptions options) : options_(std::move(options)) {}

  void run(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool is_gone = i == 0 && options_.prepend_scheme != PrependScheme::never;
      tokens[i] = replaced_all(tokens[i], options_.replacement, is_gone ? "" : " ");
    }
  }

 private:
  MetaspaceOptions options_;
};

}  // namespace

MetaspaceOptions read_metaspace_options(const Value& value, const Place& place) {
  MetaspaceOptions options;
  need_character(value, place, "replacement");
  options.replacement = need_text(value, place, "replacement");
  if (optional_entry(value, place, "prepend_scheme") != nullptr) {
    const std::pair<std::string_view, PrependScheme> names[] = {
        {"always", PrependScheme::always}, {"first", PrependScheme::first}, {"never", PrependScheme::never}};
    options.prepend_scheme = one_of(need_text(value, place, "prepend_scheme"), Place(place, "prepend_scheme"), names);
  }
  if (!bool_or(value, place, "add_prefix_space", true) && options.prepend_scheme != PrependScheme::never) {
    if (optional_entry(value, place, "prepend_scheme") != nullptr)
      Place(place, "add_prefix_space").fail("is false, but prepend_scheme is not \"never\"");
    options.prepend_scheme = PrependScheme::never;  // as files had it before there were schemes
  }
  options.split = bool_or(value, place, "split", true);
  return options;
}

std::unique_ptr<PreTokenizer> read_metaspace(const Value& value, const Place& place) {
  return std::make_unique<MetaspacePreTokenizer>(read_metaspace_options(value, place));
}

std::unique_ptr<Decoder> read_metaspace_decoder(const Value& value, const Place& place) {
  return std::make_unique<MetaspaceDecoder>(read_metaspace_options(value, place));
}

}  // namespace berth::tokenizing
