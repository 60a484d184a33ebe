#include "berth/huggingface_local_generator.h"

#include "berth/hf_kwargs.h"
#include "component/local_model.h"
#include "component/stop_words.h"
#include "dataclasses/serialization.h"

namespace berth {
HuggingFaceLocalGenerator::HuggingFaceLocalGenerator(Parameters parameters)
    : Component(type_name),
      token_(parameters.token),
      generation_kwargs_(std::move(parameters.generation_kwargs)),
      stop_words_(std::move(parameters.stop_words)),
      streaming_callback_(std::move(parameters.streaming_callback)),
      model_(std::make_unique<LocalModel>(
          LocalModelParameters{.model = std::move(parameters.model),
                               .task = std::move(parameters.task),
                               .tasks = {"text-generation", "text2text-generation"},
                               .device = std::move(parameters.device),
                               .token = std::move(parameters.token),
                               .pipeline_kwargs = std::move(parameters.huggingface_pipeline_kwargs),
                               .log = std::move(parameters.log),
                               .progress = std::move(parameters.progress)})) {
  model_->set_defaults(generation_kwargs_, stop_words_ && !stop_words_->empty());
}

HuggingFaceLocalGenerator::~HuggingFaceLocalGenerator() = default;

std::optional<std::string> HuggingFaceLocalGenerator::known_problem() const { return model_->known_problem(); }

std::optional<ComponentDevice> HuggingFaceLocalGenerator::device() const { return model_->device(); }

std::shared_ptr<const LoadedModel> HuggingFaceLocalGenerator::loaded_model() const { return model_->loaded_model(); }

int HuggingFaceLocalGenerator::num_beams(const Value::Object& generation_kwargs) const {
  auto merged = generation_kwargs_;
  for (const auto& [name, value] : generation_kwargs) merged.set(name, value);
  return model_->beams(merged);
}

std::vector<DeviceUse> HuggingFaceLocalGenerator::load_use() const { return model_->load_use(); }

void HuggingFaceLocalGenerator::warm_up(const CallContext& context) {
  if (loaded_model()) return;
  model_->read_kwargs(generation_kwargs_, {});  // before the model takes its time
  model_->warm_up(context);
}

HuggingFaceLocalGenerator::Result HuggingFaceLocalGenerator::run(std::string_view prompt,
                                                                 const StreamingCallback& streaming_callback,
                                                                 const Value::Object& generation_kwargs,
                                                                 const CallContext& given) {
  const auto context = given.logging_to(model_->log());
  warm_up(context);
  if (prompt.empty()) return {};

  auto merged = generation_kwargs_;
  for (const auto& [name, value] : generation_kwargs) merged.set(name, value);
  auto kwargs = model_->read_kwargs(merged, context.log);
  auto& options = kwargs.options;
  const auto callback = streaming_callback ? streaming_callback : streaming_callback_;
  if (callback) stream_one_reply(options, context.log);
  const auto stop_words = stop_words_.value_or(std::vector<std::string>{});
  options.stop_words.insert(options.stop_words.end(), stop_words.begin(), stop_words.end());

  Result result;
  result.generation = model_->session()->generate({.prompts = {std::string(prompt)}, .options = options},
                                                  {.on_chunk = callback.call,
                                                   .stop = context.stop,
                                                   .log = context.logging_to(model_->log()).log});
  for (const auto& completion : result.generation.completions)
    result.replies.push_back(without_stop_words(
        (kwargs.return_full_text ? std::string(prompt) : "") + model_->reply(prompt, completion.text, kwargs),
        stop_words));
  return result;
}

void HuggingFaceLocalGenerator::run(Run& run) {
  run.set(replies_, this->run(run.get(prompt_), run.get(callback_input_),
                              run.get(kwargs_input_).value_or(Value::Object{}), run.context())
                        .replies);
}

Value::Object HuggingFaceLocalGenerator::init_parameters() const {
  return {{"huggingface_pipeline_kwargs", model_->serialized_kwargs()},
          {"generation_kwargs", generation_kwargs_},
          {"streaming_callback", plain(to_value(streaming_callback_))},
          {"stop_words", to_value(stop_words_)},
          {"token", to_value(token_)}};
}

std::unique_ptr<HuggingFaceLocalGenerator> HuggingFaceLocalGenerator::from_dict(const Value& data) {
  auto parameters = from_init_parameters<Parameters>(berth::init_parameters(data, type_name));
  deserialize_hf_model_kwargs(parameters.huggingface_pipeline_kwargs);
  return std::make_unique<HuggingFaceLocalGenerator>(std::move(parameters));
}

}  // namespace berth
