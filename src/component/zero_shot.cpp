#include "component/zero_shot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "component/encoder_head.h"
#include "text/lower_case.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Python's template.format(label), of templates that have nothing but {} and doubled braces.
std::string hypothesis_of(const std::string& source, const std::string& label) {
  std::string text;
  bool has_label = false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto pair = source.substr(i, 2);
    if (pair == "{{" || pair == "}}") {
      text += source[i++];
    } else if ((pair == "{}" || source.substr(i, 3) == "{0}") && !has_label) {
      text += label;
      i += pair == "{}" ? 1 : 2;
      has_label = true;
    } else if (source[i] == '{' || source[i] == '}') {
      throw std::invalid_argument(fmt::format(
          "The hypothesis_template {} is none: write {{}} once, where the label stands", in_quotes(source)));
    } else {
      text += source[i];
    }
  }
  if (!has_label)
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

/// The number of the label that starts with "entail"; the last one where none does.
std::size_t entailment_of(const std::vector<std::string>& labels) {
  const auto found =
      std::ranges::find_if(labels, [](const auto& label) { return lower_case(label).starts_with("entail"); });
  return found == labels.end() ? labels.size() - 1 : static_cast<std::size_t>(found - labels.begin());
}

/// In place.
void softmax_of_scores(std::span<float> values) {
  const float most = *std::ranges::max_element(values);
  float sum = 0;
  for (auto& value : values) sum += value = std::exp(value - most);
  for (auto& value : values) value /= sum;
}

}  // namespace

std::vector<LabelScores> zero_shot_scores(const TextEncoder& encoder, std::span<const std::string> texts,
                                          const std::vector<std::string>& labels, bool multi_label,
                                          const Value::Object& kwargs, const CallContext& context) {
  check_head(encoder, EncoderTask::sequence_classification, "Zero-shot classification");
  if (labels.empty()) throw std::invalid_argument("Zero-shot classification needs at least one label");
  const auto& classes = encoder.info().labels;
  if (classes.size() < 2)
    throw std::invalid_argument(fmt::format("'{}' cannot tell whether a text entails another: it has {} labels",
                                            encoder.info().path.string(), classes.size()));
  const auto source = template_of_kwargs(kwargs);
  TextEncodeRequest request{
      .outputs = {EncoderOutput::logits},
      .truncation = Truncation{.max_length = encoder.max_tokens(), .strategy = TruncationStrategy::only_first},
      .keep_tokens = false};
  for (const auto& text : texts)
    for (const auto& label : labels) request.inputs.push_back({text, hypothesis_of(source, label)});
  const auto logits = encoder.encode(request, {.stop = context.stop}).result.logits;

  const auto entailment = entailment_of(classes);
  const std::size_t contradiction = entailment == 0 ? classes.size() - 1 : 0;
  std::vector<LabelScores> all;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    LabelScores scores;
    for (std::size_t label = 0; label < labels.size(); ++label) {
      const auto row = logits.row(text * labels.size() + label);
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
