#include "component/zero_shot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "component/encoder_head.h"
#include "jinja/template.h"
#include "text/lower_case.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Python's template.format(label).
std::string hypothesis_of(const std::string& source, const std::string& label) {
  std::string text;
  try {
    text = JinjaTemplate("{{ source.format(label) }}").render({{"source", source}, {"label", label}});
  } catch (const TemplateError& problem) {
    throw std::invalid_argument(fmt::format("The hypothesis_template {} cannot be formatted with a label: {}",
                                            in_quotes(source), problem.what()));
  }
  if (text == source)
    throw std::invalid_argument(
        fmt::format("The provided hypothesis_template {} was not able to be formatted with the "
                    "target labels. Make sure the passed template includes formatting syntax "
                    "such as {{}} where the label should go.",
                    in_quotes(source)));
  return text;
}

std::string template_of_kwargs(const Value::Object& kwargs) {
  const Value* given = kwargs.find("hypothesis_template");
  return given == nullptr || given->is_null() ? "This example is {}." : given->as_string();
}

/// The number of the label that starts with "entail", by "label2id" where the two contradict each other; the last one where
/// none does.
std::size_t entailment_of(const EncoderInfo& info) {
  const auto entails = [](const std::string& label) { return lower_case(label).starts_with("entail"); };
  const auto count = static_cast<std::int64_t>(info.labels.size());
  auto number = count - 1;
  if (info.label2id.empty()) {
    const auto found = std::ranges::find_if(info.labels, entails);
    if (found != info.labels.end()) number = found - info.labels.begin();
  }
  for (const auto& [label, id] : info.label2id)
    if (entails(label)) {
      number = id < 0 ? id + count : id;
      break;
    }
  if (number < 0 || number >= count)
    throw std::invalid_argument(fmt::format("'{}': label2id gives entailment a number that none of its {} labels has",
                                            info.path.string(), count));
  return static_cast<std::size_t>(number);
}

/// In place.
void softmax_of_scores(std::span<float> values) {
  const float most = *std::ranges::max_element(values);
  float sum = 0;
  for (auto& value : values) sum += value = std::exp(value - most);
  for (auto& value : values) value /= sum;
}

/// For each hypothesis the logits of all texts. Only the text is cut; where the hypothesis leaves it no room, transformers
/// cuts nothing, and here the longer of both is, to what the model can take.
std::vector<EncodedTensor> entailment_logits(const TextEncoder& encoder, std::span<const std::string> texts,
                                             const std::vector<std::string>& hypotheses, const CallContext& context) {
  const auto& tokenizer = encoder.tokenizer();
  std::vector<std::size_t> with_room;
  std::vector<std::size_t> without;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    const auto tokens = tokenizer.encode(hypotheses[i], {.add_special_tokens = false}).size();
    (tokens + tokenizer.added_count(true) < encoder.tokenizer_max_tokens() ? with_room : without).push_back(i);
  }
  std::vector<EncodedTensor> all(hypotheses.size());
  const auto compute = [&](const std::vector<std::size_t>& group, const Truncation& truncation) {
    TextEncodeRequest request{.outputs = {EncoderOutput::logits}, .truncation = truncation, .keep_tokens = false};
    for (const auto i : group)
      for (const auto& text : texts) request.inputs.push_back({text, hypotheses[i]});
    const auto logits = encoder.encode(request, {.stop = context.stop, .log = context.log}).result.logits;
    auto from = logits.values.begin();
    for (const auto i : group) {
      const auto to = from + static_cast<std::ptrdiff_t>(texts.size() * logits.width());
      all[i] = {.shape = {texts.size(), logits.width()}, .values = {from, to}};
      from = to;
    }
  };
  compute(with_room, {.max_length = encoder.tokenizer_max_tokens(), .strategy = TruncationStrategy::only_first});
  compute(without, {.max_length = encoder.info().max_sequence_tokens});
  return all;
}

}  // namespace

std::vector<LabelScores> zero_shot_scores(const TextEncoder& encoder, std::span<const std::string> texts,
                                          const std::vector<std::string>& labels, bool multi_label,
                                          const Value::Object& kwargs, const CallContext& context) {
  check_head(encoder, EncoderTask::sequence_classification, "Zero-shot classification");
  if (texts.empty()) return {};
  if (labels.empty() || std::ranges::find(texts, "") != texts.end())
    throw std::invalid_argument("You must include at least one label and at least one sequence.");
  const auto source = template_of_kwargs(kwargs);
  std::vector<std::string> hypotheses;
  for (const auto& label : labels) hypotheses.push_back(hypothesis_of(source, label));
  const auto logits = entailment_logits(encoder, texts, hypotheses, context);

  const auto& classes = encoder.info().labels;
  const auto entailment = entailment_of(encoder.info());
  const std::size_t contradiction = entailment == 0 ? classes.size() - 1 : 0;
  std::vector<LabelScores> all;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    LabelScores scores;
    for (std::size_t label = 0; label < labels.size(); ++label) {
      const auto row = logits[label].row(text);
      float pair[] = {row[entailment], row[contradiction]};
      if (multi_label || labels.size() == 1) softmax_of_scores(pair);
      scores.push_back(pair[0]);
    }
    if (!multi_label && labels.size() > 1) softmax_of_scores(scores);
    all.push_back(std::move(scores));
  }
  return all;
}

}  // namespace berth
