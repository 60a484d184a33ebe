/// What the components that run a local text generation model share: Hugging Face's pipeline, as far as they use it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/call_context.h"
#include "berth/engine.h"
#include "berth/log.h"
#include "berth/plan.h"
#include "berth/resolve.h"
#include "berth/secret.h"
#include "berth/value.h"
#include "component/generation_kwargs.h"
#include "engine/cancellable_mutex.h"

namespace berth {

/// What a component was given that decides on the model and where it runs.
struct LocalModelParameters {
  std::string model = {};
  std::optional<std::string> task = {};
  std::vector<std::string> tasks = {};  ///< those that Haystack's component takes; none: any, looked at by warm_up()
  std::optional<ComponentDevice> device = {};
  std::optional<Secret> token = {};
  Value::Object pipeline_kwargs = {};  ///< `model`, `task`, `device`, `device_map` here win
  LogCallback log = {};
  std::function<bool(float)> progress = {};
};

/// Safe to use from several threads.
class LocalModel {
 public:
  /// Resolves model, task and device; loads nothing. Throws std::invalid_argument with Haystack's texts.
  explicit LocalModel(LocalModelParameters parameters);

  /// The kwargs with what was resolved, in the form in which they are serialized, and as they are used.
  Value::Object serialized_kwargs() const;
  const std::string& model() const { return kwargs_.at("model").as_string(); }

  /// Why warm_up() will fail, where that is known: a strict token that is not set, a task that no engine has or that the
  /// model, where its file is here, has not.
  std::optional<std::string> known_problem() const;

  /// The defaults that the task brings, into `generation_kwargs`; throws where stop words are given in two ways.
  /// A model that is planned gets as many sequences as they have beams.
  void set_defaults(Value::Object& generation_kwargs, bool has_stop_words);

  /// read_generation_kwargs() for the task, with beam_defaults(). Throws std::invalid_argument, also for `return_full_text` where a task has none.
  GenerationKwargs read_kwargs(const Value::Object& kwargs, const LogCallback& log) const;

  /// How many beams are searched with `kwargs`, as far as that is known before warm_up(); 1 where read_kwargs() refuses them.
  int beams(const Value::Object& kwargs) const;

  /// The reply to `prompt` of which the model generated `text`: cleaned as a pipeline of transformers does for the task, or as
  /// `kwargs` say.
  std::string reply(std::string_view prompt, std::string text, const GenerationKwargs& kwargs) const;

  /// What was given; else where the parts of the loaded model are, and before that what is found on this machine when it is
  /// first asked for.
  ComponentDevice device() const;

  /// Loads the model, once. Throws std::invalid_argument for a known_problem() or a model of another task, and as
  /// Engine::load(); then nothing of it is kept.
  void warm_up(const CallContext& context);
  /// What the model will take of each device, until it is loaded; nothing then, and where it is not found or does not fit.
  std::vector<DeviceUse> load_use() const;

  std::shared_ptr<const LoadedModel> loaded_model() const;  ///< nullptr before warm_up()
  std::shared_ptr<Session> session() const;                 ///< nullptr before warm_up()
  const LogCallback& log() const { return log_; }

 private:
  std::optional<std::string> known_without_the_model() const;
  std::optional<std::string> problem_of_task(const ModelProfile& profile) const;
  const Resolution& resolution() const;
  /// On the device or map that was given, by the strategy, or where the model fits.
  std::shared_ptr<const LoadedModel> load(const ModelProfile& profile, const LoadContext& context) const;
  /// On one device or the map that was given, instead of where a plan says.
  bool is_placed(const ModelProfile& profile) const;
  PlanRequest plan_request(const ModelProfile& profile) const;
  std::string task() const;
  Value::Object with_defaults(const Value::Object& kwargs) const;
  ContextSpec context() const;

  Value::Object kwargs_;
  std::optional<std::string> missing_token_;
  std::optional<ComponentDevice> given_;
  std::optional<MapStrategy> strategy_;   // instead of a device
  std::vector<MemoryBudget> max_memory_;  // for it
  Isolation isolation_ = Isolation::automatic;
  Value::Object generation_kwargs_;  // of the component
  mutable std::once_flag resolved_;
  mutable std::optional<Resolution> resolution_;  // once for each component: it may look at the whole machine
  LogCallback log_;
  std::function<bool(float)> progress_;

  CancellableMutex loading_;
  mutable std::mutex mutex_;                             // of the five below, and never held for long
  mutable std::shared_ptr<const ModelProfile> profile_;  // from load_use() to warm_up()
  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<Session> session_;
  std::optional<Value::Object> beam_defaults_;  // of the model, from warm_up() on
  std::string task_of_loaded_;                  // as well
};

}  // namespace berth
