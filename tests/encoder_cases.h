/// Encoders against what transformers computed with them: NAME/ beside NAME.expected.json, as in tests/data/encoders and in
/// the corpus of models.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/encoder.h"
#include "berth/value.h"

namespace berth::test {

constexpr double encoder_tolerance = 1e-4;  // relative to max(1, |expected|)

inline Value read_json_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("There is no " + path.string());
  std::stringstream text;
  text << file.rdbuf();
  return Value::from_json(text.str());
}

/// The names of all models in `folder` that have expectations.
inline std::vector<std::string> encoder_cases(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (std::filesystem::directory_iterator entry(folder, none), end; !none && entry != end; ++entry) {
    const auto name = entry->path().filename().string();
    if (std::filesystem::exists(folder / name / "config.json") &&
        std::filesystem::exists(folder / (name + ".expected.json")))
      names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

/// Whether a model of the corpus generates texts, by the name of its class; those are not for encoders.
inline bool is_generative(const std::filesystem::path& folder) {
  const auto config = read_json_file(folder / "config.json");
  const auto* classes = config.find("architectures");
  if (classes == nullptr || classes->as_array().empty()) return true;
  const auto& name = classes->as_array().front().as_string();
  return name.ends_with("ForCausalLM") || name.ends_with("LMHeadModel") || name.ends_with("ForConditionalGeneration");
}

/// All numbers of a list of lists.
inline std::vector<double> flat(const Value& value) {
  std::vector<double> all;
  if (!value.is_array()) return {value.as_double()};
  for (const auto& each : value.as_array()) {
    const auto part = flat(each);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

/// Compares the sequences of one file of expectations with what a model computes, all of them in one batch.
class EncoderComparison {
 public:
  EncoderComparison(const EncoderModel& model, Value expected) : model_(model), expected_(std::move(expected)) {
    const auto* raw = expected_.find("raw");
    if (raw == nullptr || !raw->is_array()) throw std::runtime_error("no list of raw results");
    for (const auto& item : raw->as_array())
      if (item.find("input_ids") != nullptr) items_.push_back(&item);
  }

  /// The greatest relative difference of all outputs; `compared` is how many numbers there were.
  double run() {
    compare(true, "");
    compare(false, "_without_token_type_ids");
    return largest_;
  }
  std::size_t compared() const { return compared_; }
  const std::string& where() const { return where_; }  ///< the greatest difference is

 private:
  EncodeRequest request(bool with_types) const {
    EncodeRequest request;
    for (const auto* item : items_) {
      request.token_ids.push_back(integers(*item->find("input_ids")));
      const auto* types = item->find("token_type_ids");
      const bool has_types = with_types && types != nullptr && model_.info().token_types > 1;
      request.token_type_ids.push_back(has_types ? integers(*types)
                                                 : std::vector<std::int32_t>(request.token_ids.back().size()));
      const auto* prompt = item->find("prompt_tokens");
      request.prompt_tokens.push_back(prompt == nullptr ? 0 : static_cast<std::size_t>(prompt->as_int()));
    }
    request.outputs = {EncoderOutput::hidden_states};
    if (model_.info().task != EncoderTask::none) request.outputs.push_back(EncoderOutput::logits);
    if (model_.info().has_pooler) request.outputs.push_back(EncoderOutput::pooler_output);
    if (model_.info().embedding_size > 0) request.outputs.push_back(EncoderOutput::embedding);
    return request;
  }

  static std::vector<std::int32_t> integers(const Value& list) {
    std::vector<std::int32_t> all;
    for (const auto& each : list.as_array()) all.push_back(static_cast<std::int32_t>(each.as_int()));
    return all;
  }

  void compare(bool with_types, const std::string& suffix) {
    const auto result = model_.encode(request(with_types));
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto& item = *items_[i];
      const auto check = [&](const std::string& name, const std::vector<float>& found) {
        const auto* expected = item.find(name + suffix);
        if (expected == nullptr) return;
        where_now_ = fmt::format("{}{} of sequence {}", name, suffix, i);
        if (expected->is_object())
          compare_sample(*expected, found);
        else
          compare_all(flat(*expected), found);
      };
      check("last_hidden_state", tokens_of(result, result.hidden_states, i));
      check("pooler_output", row_of(result.pooler_output, i));
      check("embedding", row_of(result.embedding, i));
      const bool by_token = result.logits.rows() == result.first_token.back() &&
                            model_.info().task != EncoderTask::sequence_classification;
      const auto logits = by_token ? tokens_of(result, result.logits, i) : row_of(result.logits, i);
      check("logits", logits);
      check("start_logits", every_second(logits, 0));
      check("end_logits", every_second(logits, 1));
    }
  }

  static std::vector<float> tokens_of(const EncodeResult& result, const EncodedTensor& tensor, std::size_t sequence) {
    const auto width = static_cast<std::ptrdiff_t>(tensor.width());
    const auto from = static_cast<std::ptrdiff_t>(result.first_token[sequence]) * width;
    const auto to = static_cast<std::ptrdiff_t>(result.first_token[sequence + 1]) * width;
    return {tensor.values.begin() + from, tensor.values.begin() + to};
  }
  static std::vector<float> row_of(const EncodedTensor& tensor, std::size_t row) {
    if (tensor.values.empty()) return {};
    const auto values = tensor.row(row);
    return {values.begin(), values.end()};
  }
  static std::vector<float> every_second(const std::vector<float>& values, std::size_t first) {
    std::vector<float> chosen;
    for (std::size_t i = first; i < values.size(); i += 2) chosen.push_back(values[i]);
    return chosen;
  }

  void compare_all(const std::vector<double>& expected, const std::vector<float>& found) {
    if (expected.size() != found.size()) return note(INFINITY);
    for (std::size_t i = 0; i < expected.size(); ++i) compare_number(expected[i], found[i]);
  }

  /// Some rows' first values, and the norms of all rows, or of one for each step.
  void compare_sample(const Value& expected, const std::vector<float>& found) {
    const auto shape = flat(*expected.find("shape"));
    const auto count = static_cast<std::size_t>(shape.front());
    const auto width = static_cast<std::size_t>(shape.back());
    const auto* norm_step = expected.find("norm_step");
    const auto step = norm_step == nullptr ? 1 : static_cast<std::size_t>(norm_step->as_int());
    const auto norms = flat(*expected.find("norms"));
    if (found.size() != count * width || norms.size() != (count + step - 1) / step) return note(INFINITY);
    for (std::size_t i = 0; i < norms.size(); ++i) {
      double squares = 0;
      for (std::size_t j = 0; j < width; ++j) squares += std::pow(found[i * step * width + j], 2);
      compare_number(norms[i], std::sqrt(squares));
    }
    const auto& rows = expected.find("rows")->as_array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto values = flat(expected.find("first_8_values")->as_array()[i]);
      for (std::size_t j = 0; j < values.size(); ++j)
        compare_number(values[j], found[static_cast<std::size_t>(rows[i].as_int()) * width + j]);
    }
  }

  void compare_number(double expected, double found) {
    ++compared_;
    note(std::abs(found - expected) / std::max(1.0, std::abs(expected)));
  }
  void note(double difference) {
    if (difference <= largest_) return;
    largest_ = difference;
    where_ = where_now_;
  }

  const EncoderModel& model_;
  Value expected_;
  std::vector<const Value*> items_;
  double largest_ = 0;
  std::size_t compared_ = 0;
  std::string where_now_, where_;
};

}  // namespace berth::test
