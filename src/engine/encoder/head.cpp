#include "engine/encoder/head.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace berth::encoder {
namespace {

constexpr std::array<std::pair<std::string_view, EncoderTask>, 5> tasks = {
    {{"ForSequenceClassification", EncoderTask::sequence_classification},
     {"ForTokenClassification", EncoderTask::token_classification},
     {"ForQuestionAnswering", EncoderTask::question_answering},
     {"ForMaskedLM", EncoderTask::masked_lm},
     {"ForPreTraining", EncoderTask::masked_lm}}};

/// The task of a class of transformers: "BertForTokenClassification".
EncoderTask task_of(std::string_view model_class) {
  for (const auto& [ending, task] : tasks)
    if (model_class.ends_with(ending) && model_class != "ElectraForPreTraining") return task;
  return EncoderTask::none;
}

/// Whether one of an architecture's heads consists of a layer before the last one.
bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

float eps_of_norms(const Config& config, std::string_view type) {
  if (type == "distilbert") return 1e-12F;
  if (type == "modernbert") return config.number("norm_eps", 1e-5F);
  return config.number("layer_norm_eps", type.starts_with("deberta") ? 1e-7F : 1e-12F);
}

/// Makes the heads of one model; all of them are named as in transformers 4.57.
class HeadMaker {
 public:
  HeadMaker(const Config& config, const Sizes& sizes, Weights& weights)
      : config_(config),
        sizes_(sizes),
        base_(weights.base()),
        root_(weights.root()),
        type_(config.text("model_type", "")),
        eps_(eps_of_norms(config, type_)) {}

  MadeHead make(EncoderTask task) {
    MadeHead made{.head = head_for(task), .missing_weight = {}};
    if (made.head) made.head->task = task;
    if (!made.head) made.missing_weight = missing_;
    return made;
  }

  /// By the names of the weights. ModernBERT's classifiers of texts and of tokens have the same: it is one of texts then.
  EncoderTask task_by_weights() const {
    const auto has = [&](std::string_view name) { return root_.has(fmt::format("{}.weight", name)); };
    if (has("qa_outputs")) return EncoderTask::question_answering;
    if (has("classifier.out_proj") || has("pre_classifier")) return EncoderTask::sequence_classification;
    if (has("classifier"))
      return type_ == "modernbert" || has("pooler.dense") || base_.has("pooler.dense.weight")
                 ? EncoderTask::sequence_classification
                 : EncoderTask::token_classification;
    return has(type_ == "modernbert" ? "head.dense" : language_model_names()->dense) ? EncoderTask::masked_lm
                                                                                     : EncoderTask::none;
  }

  std::optional<Head> pooler() const {
    if (!base_.has("pooler.dense.weight") || is_one_of(type_, {"deberta", "deberta-v2", "modernbert"}))
      return std::nullopt;
    Head head{.rows = Head::Rows::first_token, .width = sizes_.hidden};
    head.steps = {square(base_, "pooler.dense"), Activation::tanh};
    return head;
  }

 private:
  /// Whether the file holds the weight of a module; the first that it does not is told.
  bool holds(const Module& module, std::string_view name) {
    auto weight = fmt::format("{}.weight", name);
    if (module.has(weight)) return true;
    if (missing_.empty()) missing_ = std::move(weight);
    return false;
  }

  std::optional<Head> head_for(EncoderTask task) {
    switch (task) {
      case EncoderTask::sequence_classification:
        return sequence_classifier();
      case EncoderTask::token_classification:
        return token_classifier("classifier");
      case EncoderTask::question_answering:
        return token_classifier(type_ == "modernbert" ? "classifier" : "qa_outputs");
      case EncoderTask::masked_lm:
        return language_model();
      case EncoderTask::none:
        break;
    }
    return std::nullopt;
  }

  Linear square(const Module& module, std::string_view name, Bias bias = Bias::yes) const {
    return module.linear(name, sizes_.hidden, sizes_.hidden, bias);
  }

  /// The last layer: as many rows as the file has.
  void add_classifier(Head& head, std::string_view name) const {
    head.width = root_.rows_of(fmt::format("{}.weight", name));
    head.steps.push_back(root_.linear(name, sizes_.hidden, head.width));
  }

  void add_modernbert_transform(Head& head) const {
    const auto norm_bias = config_.flag("norm_bias", false) ? Bias::yes : Bias::no;
    const auto bias = config_.flag("classifier_bias", false) ? Bias::yes : Bias::no;
    head.steps.push_back(square(root_, "head.dense", bias));
    head.steps.push_back(read_activation(config_, "classifier_activation", "gelu"));
    head.steps.push_back(root_.norm("head.norm", sizes_.hidden, eps_, norm_bias));
  }

  std::optional<Head> sequence_classifier() {
    Head head{.rows = Head::Rows::first_token};
    const auto begin = [&](const Module& module, std::string_view name, Activation activation) {
      const bool there = holds(module, name);
      if (there) head.steps = {square(module, name), activation};
      return there;
    };
    std::string_view last = "classifier";
    if (is_one_of(type_, {"roberta", "xlm-roberta", "camembert", "mpnet", "electra"})) {
      last = "classifier.out_proj";
      if (!begin(root_, "classifier.dense", type_ == "electra" ? Activation::gelu : Activation::tanh)) return {};
    } else if (type_ == "distilbert") {
      if (!begin(root_, "pre_classifier", Activation::relu)) return {};
    } else if (is_one_of(type_, {"deberta", "deberta-v2"})) {
      if (!begin(root_, "pooler.dense", read_activation(config_, "pooler_hidden_act", "gelu"))) return {};
    } else if (type_ == "modernbert") {
      if (!holds(root_, "head.dense")) return {};
      if (config_.text("classifier_pooling", "cls") == "mean") head.rows = Head::Rows::mean;
      add_modernbert_transform(head);
    } else if (!begin(base_, "pooler.dense", Activation::tanh)) {
      return {};
    }
    if (!holds(root_, last)) return {};
    add_classifier(head, last);
    return head;
  }

  std::optional<Head> token_classifier(std::string_view name) {
    if (!holds(root_, name)) return {};
    Head head;
    if (type_ == "modernbert") add_modernbert_transform(head);
    add_classifier(head, name);
    return head;
  }

  struct LanguageModelNames {
    std::string_view dense, norm, decoder;
    std::vector<std::string_view> biases;  ///< the first that is there
    Activation activation;
  };

  std::optional<LanguageModelNames> language_model_names() const {
    const auto hidden_act = [&] { return read_activation(config_, "hidden_act", "gelu"); };
    if (is_one_of(type_, {"roberta", "xlm-roberta", "camembert", "mpnet"}))
      return LanguageModelNames{"lm_head.dense",
                                "lm_head.layer_norm",
                                "lm_head.decoder",
                                {"lm_head.bias", "lm_head.decoder.bias"},
                                Activation::gelu};
    if (type_ == "distilbert")
      return LanguageModelNames{"vocab_transform",
                                "vocab_layer_norm",
                                "vocab_projector",
                                {"vocab_projector.bias"},
                                read_activation(config_, "activation", "gelu")};
    if (type_ == "electra")
      return LanguageModelNames{"generator_predictions.dense",
                                "generator_predictions.LayerNorm",
                                "generator_lm_head",
                                {"generator_lm_head.bias"},
                                Activation::gelu};
    if (is_one_of(type_, {"deberta", "deberta-v2"}) && !config_.flag("legacy", true))
      return LanguageModelNames{"lm_predictions.lm_head.dense",
                                "lm_predictions.lm_head.LayerNorm",
                                "lm_predictions.lm_head",
                                {"lm_predictions.lm_head.bias"},
                                hidden_act()};
    return LanguageModelNames{"cls.predictions.transform.dense",
                              "cls.predictions.transform.LayerNorm",
                              "cls.predictions.decoder",
                              {"cls.predictions.bias", "cls.predictions.decoder.bias"},
                              hidden_act()};
  }

  std::optional<Head> language_model() {
    Head head{.width = sizes_.vocabulary};
    if (type_ == "modernbert") {
      if (!holds(root_, "head.dense")) return {};
      add_modernbert_transform(head);
      const bool biased = config_.flag("decoder_bias", true);
      head.steps.push_back(
          Linear{decoder("decoder", sizes_.hidden), biased ? root_.vector("decoder.bias", head.width) : nullptr});
      return head;
    }
    const auto names = *language_model_names();
    if (!holds(root_, names.dense)) return {};
    // Where words are embedded in another size, the last product has theirs.
    const auto width = is_one_of(type_, {"electra", "deberta", "deberta-v2"}) ? sizes_.embedding : sizes_.hidden;
    head.steps = {root_.linear(names.dense, sizes_.hidden, width), names.activation,
                  root_.norm(names.norm, width, eps_)};
    Linear last{decoder(names.decoder, width), nullptr};
    for (const auto bias : names.biases)
      if (last.bias == nullptr && root_.has(bias)) last.bias = root_.vector(bias, head.width);
    head.steps.push_back(last);
    return head;
  }

  /// The word embeddings, unless the model says that it has a matrix of its own.
  ggml_tensor* decoder(std::string_view name, std::int64_t width) const {
    const bool own = !config_.flag("tie_word_embeddings", true) && root_.has(fmt::format("{}.weight", name));
    return own || width != sizes_.embedding ? root_.table(name, width, sizes_.vocabulary) : sizes_.words;
  }

  const Config& config_;
  const Sizes& sizes_;
  Module base_;
  Module root_;
  std::string type_;
  float eps_;
  std::string missing_;
};

}  // namespace

ggml_tensor* Head::build(Graph& graph, ggml_tensor* states, const Pack& pack) const {
  auto* x = rows == Rows::all_tokens    ? states
            : rows == Rows::first_token ? graph.rows(states, pack.firsts())
                                        : graph.means(states, pack.firsts());
  for (const auto& step : steps) {
    if (const auto* linear = std::get_if<Linear>(&step)) x = graph.linear(*linear, x);
    if (const auto* norm = std::get_if<Norm>(&step)) x = graph.norm(*norm, x);
    if (const auto* activation = std::get_if<Activation>(&step)) x = graph.activate(*activation, x);
  }
  return x;
}

MadeHead make_head(std::string_view model_class, const Config& config, const Sizes& sizes, Weights& weights) {
  HeadMaker maker(config, sizes, weights);
  return maker.make(model_class.empty() ? maker.task_by_weights() : task_of(model_class));
}

std::optional<Head> make_pooler(const Config& config, const Sizes& sizes, Weights& weights) {
  return HeadMaker(config, sizes, weights).pooler();
}

}  // namespace berth::encoder
