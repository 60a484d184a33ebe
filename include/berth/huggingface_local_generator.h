/// HuggingFaceLocalGenerator: text from a model on this machine, as Haystack's component of that name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/engine.h"
#include "berth/log.h"
#include "berth/secret.h"
#include "berth/streaming.h"
#include "berth/value.h"

namespace berth {

class LocalModel;

/// Generates text with a local model. Parameters, their defaults, which of them wins and the serialized form are
/// Haystack's; what differs stands in docs/haystack-compatibility.md.
///
///     HuggingFaceLocalGenerator generator({.model = "smollm2", .task = "text-generation"});
///     for (const auto& reply : generator.run("The capital of France is").replies) std::cout << reply;
///
/// Safe to use from several threads: runs queue.
class HuggingFaceLocalGenerator final : public Component {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.generators.hugging_face_local.HuggingFaceLocalGenerator";

  struct Parameters {
    std::string model = "Qwen/Qwen3-0.6B";  ///< see locate_model() in berth/model.h
    /// "text-generation" of models that continue the prompt, "text2text-generation" of those with an encoder for the prompt
    /// and a decoder for the answer, as T5; absent: that of a model which is on this machine.
    std::optional<std::string> task = {};
    std::optional<ComponentDevice> device = {};
    std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
    Value::Object generation_kwargs = {};
    Value::Object huggingface_pipeline_kwargs = {};  ///< `model`, `task`, `device`, `device_map` here win
    std::optional<std::vector<std::string>> stop_words = {};
    StreamingCallback streaming_callback = {};

    /// Berth's own: warnings, among them one where `huggingface_pipeline_kwargs` overrides `device`. Not serialized.
    LogCallback log = {};
    /// Berth's own: the part of the model that is loaded, 0 to 1; answering false cancels. Not serialized.
    std::function<bool(float)> progress = {};

    static auto fields() {
      return std::tuple(
          field("model", &Parameters::model), field("task", &Parameters::task), field("device", &Parameters::device),
          field("token", &Parameters::token), field("generation_kwargs", &Parameters::generation_kwargs),
          field("huggingface_pipeline_kwargs", &Parameters::huggingface_pipeline_kwargs),
          field("stop_words", &Parameters::stop_words), field("streaming_callback", &Parameters::streaming_callback));
    }
  };

  struct Result {
    std::vector<std::string> replies;  ///< in the order of the samples; none for an empty prompt
    GenerationResult generation;       ///< counts and times
  };

  /// Resolves task and device; loads nothing. Throws std::invalid_argument.
  explicit HuggingFaceLocalGenerator(Parameters parameters);
  ~HuggingFaceLocalGenerator() override;

  /// Loads the model, once; later calls do nothing. Throws as Engine::load, and std::invalid_argument for
  /// generation_kwargs that are not known or of a wrong type. After an exception it can be called again.
  void warm_up(const CallContext& context = {}) override;
  std::vector<DeviceUse> load_use() const override;

  /// Continues `prompt`, loading the model where that has not been done. `generation_kwargs` win over those of the
  /// component. A request to stop gives the replies so far, or Cancelled while the model loads. Throws as
  /// warm_up() and Session::generate().
  Result run(std::string_view prompt, const StreamingCallback& streaming_callback = {},
             const Value::Object& generation_kwargs = {}, const CallContext& context = {});
  void run(Run& run) override;
  bool concurrent() const override { return true; }

  /// What is written down has no token. Throws std::invalid_argument for a token given by value and a callback without a
  /// name.
  Value::Object init_parameters() const override;
  /// From to_dict(). Throws std::invalid_argument.
  static std::unique_ptr<HuggingFaceLocalGenerator> from_dict(const Value& data);

  std::optional<std::string> known_problem() const override;
  /// The device or map that the model is or will be loaded on.
  std::optional<ComponentDevice> device() const override;
  /// The loaded model, or nullptr before warm_up().
  std::shared_ptr<const LoadedModel> loaded_model() const;
  /// How many beams run() searches with these kwargs, for sure from warm_up() on: a folder of a model may say it. With more
  /// than one it takes no streaming callback.
  int num_beams(const Value::Object& generation_kwargs = {}) const;

 private:
  std::optional<Secret> token_;
  Value::Object generation_kwargs_;
  std::optional<std::vector<std::string>> stop_words_;
  StreamingCallback streaming_callback_;
  std::unique_ptr<LocalModel> model_;

  Input<std::string> prompt_ = input<std::string>("prompt");
  Input<StreamingCallback> callback_input_ = input<StreamingCallback>("streaming_callback", {});
  Input<std::optional<Value::Object>> kwargs_input_ =
      input<std::optional<Value::Object>>("generation_kwargs", std::nullopt);
  Output<std::vector<std::string>> replies_ = output<std::vector<std::string>>("replies");
};

}  // namespace berth
