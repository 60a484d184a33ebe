#include <fmt/format.h>

#include <algorithm>

#include "text/printable.h"
#include "tokenizer/fields.h"
#include "tokenizer/post_processor.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

struct SpecialTokens {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;
};

/// One of the texts, or special tokens.
struct TemplatePiece {
  std::optional<std::size_t> sequence;
  SpecialTokens special;
  std::int32_t type_id = 0;
};

using Template = std::vector<TemplatePiece>;

class TemplateProcessor final : public PostProcessor {
 public:
  TemplateProcessor(Template single, Template pair) : single_(std::move(single)), pair_(std::move(pair)) {}

  std::size_t added_count(bool is_pair) const override {
    std::size_t count = 0;
    for (const auto& piece : is_pair ? pair_ : single_) count += piece.special.ids.size();
    return count;
  }

  void run(std::vector<Draft>& parts, bool add_special_tokens) const override {
    if (parts.empty() || parts.size() > 2) return;
    std::vector<Draft> pieces;
    for (const auto& piece : parts.size() == 2 ? pair_ : single_) {
      if (piece.sequence) {
        auto& draft = parts[*piece.sequence];
        draft.set_type_ids(piece.type_id);
        draft.set_sequence(*piece.sequence);
        pieces.push_back(draft);
      } else if (add_special_tokens) {
        Draft special;
        for (std::size_t i = 0; i < piece.special.ids.size(); ++i)
          special.add(piece.special.ids[i], piece.special.tokens[i], {}, piece.type_id, std::nullopt, true);
        pieces.push_back(std::move(special));
      }
    }
    parts = std::move(pieces);
  }

 private:
  Template single_;
  Template pair_;
};

SpecialTokens read_special(const Value& list, const Place& place, std::string_view name) {
  const auto& value = need(list, place, name);
  const Place here(place, name);
  SpecialTokens special;
  const auto& ids = need_array(value, here, "ids");
  const auto& tokens = need_array(value, here, "tokens");
  if (ids.size() != tokens.size()) here.fail("has not as many ids as tokens");
  const Place of_ids(here, "ids");
  const Place of_tokens(here, "tokens");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    special.ids.push_back(static_cast<std::int32_t>(as_id(ids[i], Place(of_ids, i))));
    special.tokens.push_back(as_text(tokens[i], Place(of_tokens, i)));
  }
  return special;
}

TemplatePiece read_piece(const Value& value, const Place& place, const Value& specials, const Place& of_specials,
                         bool is_pair) {
  TemplatePiece piece;
  expect_object(value, place);
  if (const auto* sequence = value.find("Sequence")) {
    const Place here(place, "Sequence");
    const std::pair<std::string_view, std::size_t> names[] = {{"A", 0}, {"B", 1}};
    piece.sequence = one_of(need_text(*sequence, here, "id"), Place(here, "id"), names);
    if (*piece.sequence == 1 && !is_pair) here.fail("is the second text, in the template for one");
    piece.type_id = static_cast<std::int32_t>(as_id(need(*sequence, here, "type_id"), Place(here, "type_id")));
    return piece;
  }
  const auto& special = need(value, place, "SpecialToken");
  const Place here(place, "SpecialToken");
  piece.special = read_special(specials, of_specials, need_text(special, here, "id"));
  piece.type_id = static_cast<std::int32_t>(as_id(need(special, here, "type_id"), Place(here, "type_id")));
  return piece;
}

constexpr std::size_t most_pieces = 256;

Template read_pieces(const Value& value, const Place& place, std::string_view name) {
  const auto& list = need_array(value, place, name);
  const auto& specials = need(value, place, "special_tokens");
  const Place here(place, name);
  if (list.size() > most_pieces) here.fail(fmt::format("has more than {} pieces", most_pieces));
  Template pieces;
  const Place of_specials(place, "special_tokens");
  for (std::size_t i = 0; i < list.size(); ++i)
    pieces.push_back(read_piece(list[i], Place(here, i), specials, of_specials, name == "pair"));
  std::size_t texts = 0;
  for (const auto& piece : pieces) texts += piece.sequence ? 1 : 0;
  if (texts > 4) here.fail("repeats its texts more than twice");
  return pieces;
}

}  // namespace

std::unique_ptr<PostProcessor> read_template(const Value& value, const Place& place) {
  auto single = read_pieces(value, place, "single");
  return std::make_unique<TemplateProcessor>(std::move(single), read_pieces(value, place, "pair"));
}

std::unique_ptr<PostProcessor> bert_template(const Border& cls, const Border& sep, std::size_t separators) {
  const auto special = [](const Border& border, std::int32_t type_id) {
    return TemplatePiece{{}, {{border.id}, {border.token}}, type_id};
  };
  const auto text = [](std::size_t number) { return TemplatePiece{number, {}, static_cast<std::int32_t>(number)}; };
  const Template single = {special(cls, 0), text(0), special(sep, 0)};
  Template pair = single;
  for (std::size_t i = 1; i < separators; ++i) pair.push_back(special(sep, 0));
  pair.push_back(text(1));
  pair.push_back(special(sep, 1));
  return std::make_unique<TemplateProcessor>(single, std::move(pair));
}

}  // namespace berth::tokenizing
