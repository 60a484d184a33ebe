#include "tokenizer/fields.h"
#include "tokenizer/post_processor.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

/// ["[SEP]", 102]
Border read_border(const Value& value, const Place& place, std::string_view name) {
  const auto& both = need_array(value, place, name);
  const Place here(place, name);
  if (both.size() != 2) here.fail("is no pair of token and id");
  return {as_text(both[0], Place(here, std::size_t{0})),
          static_cast<std::int32_t>(as_id(both[1], Place(here, std::size_t{1})))};
}

/// The draft between two tokens, of which the first may be missing.
Draft between(Draft draft, const Border* left, const Border& right, std::size_t number, std::int32_t type_id) {
  Draft out;
  out.reserve(draft.size() + 2);
  auto overflowing = std::move(draft.overflowing);
  draft.overflowing.clear();
  draft.sequences.clear();
  draft.columns.special_tokens_mask.assign(draft.size(), 0);
  const auto begin = left == nullptr ? std::size_t{0} : std::size_t{1};
  const auto count = draft.size();
  if (left != nullptr) out.add(left->id, left->token, {}, type_id, std::nullopt, true);
  out.append(std::move(draft));
  out.add(right.id, right.token, {}, type_id, std::nullopt, true);
  out.set_sequence(number, {begin, begin + count});
  for (auto& each : overflowing) out.overflowing.push_back(between(std::move(each), left, right, number, type_id));
  return out;
}

/// [CLS] A [SEP] B [SEP]
class BertProcessor final : public PostProcessor {
 public:
  BertProcessor(Border cls, Border sep) : cls_(std::move(cls)), sep_(std::move(sep)) {}

  std::size_t added_count(bool is_pair) const override { return is_pair ? 3 : 2; }
  void run(std::vector<Draft>& parts, bool add_special_tokens) const override {
    if (!add_special_tokens) return;
    for (std::size_t i = 0; i < parts.size(); ++i)
      parts[i] =
          i == 0 ? between(std::move(parts[i]), &cls_, sep_, 0, 0) : between(std::move(parts[i]), nullptr, sep_, 1, 1);
  }

 private:
  Border cls_;
  Border sep_;
};

/// <s> A </s> </s> B </s>, all of type 0
class RobertaProcessor final : public PostProcessor {
 public:
  RobertaProcessor(Border cls, Border sep, bool trim, bool add_prefix_space)
      : cls_(std::move(cls)), sep_(std::move(sep)), trim_(trim), add_prefix_space_(add_prefix_space) {}

  std::size_t added_count(bool is_pair) const override { return is_pair ? 4 : 2; }
  void run(std::vector<Draft>& parts, bool add_special_tokens) const override {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (trim_) trim_offsets(parts[i], add_prefix_space_);
      parts[i].set_type_ids(0);
      if (!add_special_tokens) continue;
      for (auto& each : parts[i].overflowing) each.set_type_ids(0);
      parts[i] = between(std::move(parts[i]), i == 0 ? &cls_ : &sep_, sep_, i == 0 ? 0 : 1, 0);
    }
  }

 private:
  Border cls_;
  Border sep_;
  bool trim_;
  bool add_prefix_space_;
};

}  // namespace

std::unique_ptr<PostProcessor> read_bert_processing(const Value& value, const Place& place) {
  return std::make_unique<BertProcessor>(read_border(value, place, "cls"), read_border(value, place, "sep"));
}

std::unique_ptr<PostProcessor> read_roberta_processing(const Value& value, const Place& place) {
  return std::make_unique<RobertaProcessor>(read_border(value, place, "cls"), read_border(value, place, "sep"),
                                            need_bool(value, place, "trim_offsets"),
                                            need_bool(value, place, "add_prefix_space"));
}

}  // namespace berth::tokenizing
