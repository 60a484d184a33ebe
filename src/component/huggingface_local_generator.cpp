#include "berth/huggingface_local_generator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "berth/convert.h"
#include "berth/error.h"
#include "berth/hf_kwargs.h"
#include "berth/model.h"
#include "component/generation_kwargs.h"
#include "component/serialization.h"

namespace berth {
namespace {

const std::vector<std::string> supported_tasks = {"text-generation", "text2text-generation"};

/// The task where nobody gave one. Haystack asks the model hub for it; here the model must be on this machine.
std::string task_of_model(const std::string& model) {
  try {
    locate_model(model, ModelSearch::from_environment());
    return "text-generation";  // what a GGUF of a generative model does
  } catch (const std::exception& problem) {
    throw std::invalid_argument(
        fmt::format("The task of model '{}' is not known: pass task=\"text-generation\" (the hub is not asked; {})",
                    model, problem.what()));
  }
}

/// The device that Hugging Face's pipeline would make of these arguments: `device_map` over `device`; none: automatic.
std::optional<ComponentDevice> device_of_kwargs(const Value::Object& kwargs) {
  const Value* device = nullptr;
  const auto look_at = [&](const Value* value) {
    if (device == nullptr && value != nullptr && !value->is_null()) device = value;
  };
  look_at(kwargs.find("device_map"));
  if (const Value* model_kwargs = kwargs.find("model_kwargs")) look_at(model_kwargs->find("device_map"));
  look_at(kwargs.find("device"));
  if (device == nullptr) return std::nullopt;
  if (device->is_string() && (*device == Value("auto") || *device == Value("balanced") ||
                              *device == Value("balanced_low_0") || *device == Value("sequential")))
    return std::nullopt;
  return from_hf(*device);
}

std::string replaced_all(std::string text, const std::string& what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) text.erase(at, what.size());
  return text;
}

/// As Haystack ends a reply that had a stop word: without it wherever it stands, and without white space at the end.
std::string without_stop_words(std::string reply, const std::vector<std::string>& stop_words) {
  for (const auto& word : stop_words) {
    reply = replaced_all(std::move(reply), word);
    reply.erase(reply.find_last_not_of(" \t\n\r\f\v") + 1);
  }
  return reply;
}

const Value& parameter(const Value::Object& parameters, std::string_view name) {
  static const Value absent;
  const Value* value = parameters.find(name);
  return value == nullptr ? absent : *value;
}

}  // namespace

HuggingFaceLocalGenerator::HuggingFaceLocalGenerator(Parameters parameters)
    : token_(std::move(parameters.token)),
      generation_kwargs_(std::move(parameters.generation_kwargs)),
      pipeline_kwargs_(std::move(parameters.huggingface_pipeline_kwargs)),
      stop_words_(std::move(parameters.stop_words)),
      streaming_callback_(std::move(parameters.streaming_callback)),
      log_(std::move(parameters.log)),
      progress_(std::move(parameters.progress)) {
  if (token_) (void)token_->resolve_value();  // a strict one must be there; it is not kept
  pipeline_kwargs_ = resolve_hf_pipeline_kwargs(std::move(pipeline_kwargs_), parameters.model, parameters.task,
                                                supported_tasks, parameters.device, std::nullopt, log_, task_of_model);
  pipeline_kwargs_.erase("token");  // not needed before something is downloaded, and nothing is

  const auto set_default = [&](std::string name, Value value) {
    if (!generation_kwargs_.contains(name)) generation_kwargs_.set(std::move(name), std::move(value));
  };
  if (pipeline_kwargs_.at("task") == Value("text-generation")) set_default("return_full_text", false);
  if (stop_words_ && !stop_words_->empty() && generation_kwargs_.contains("stopping_criteria"))
    throw std::invalid_argument(
        "Found both the `stop_words` init parameter and the `stopping_criteria` key in `generation_kwargs`. "
        "Please specify only one of them.");
  set_default("max_new_tokens", 512);
}

ComponentDevice HuggingFaceLocalGenerator::device() const {
  return ComponentDevice::resolve_device(device_of_kwargs(pipeline_kwargs_));
}

std::shared_ptr<const LoadedModel> HuggingFaceLocalGenerator::loaded_model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

void HuggingFaceLocalGenerator::warm_up() {
  const std::lock_guard lock(mutex_);
  if (session_) return;
  read_generation_kwargs(generation_kwargs_, {});  // before the model takes its time
  if (pipeline_kwargs_.at("task") != Value("text-generation"))
    throw std::invalid_argument(
        fmt::format("The task '{}' cannot be run yet; 'text-generation' can", pipeline_kwargs_.at("task").as_string()));
  const auto model =
      engine("llama.cpp")
          .load({.model = locate_model(pipeline_kwargs_.at("model").as_string(), ModelSearch::from_environment()),
                 .device = device(),
                 .progress = progress_,
                 .log = log_});
  session_ = model->new_session();
  model_ = model;
}

HuggingFaceLocalGenerator::Result HuggingFaceLocalGenerator::run(std::string_view prompt,
                                                                 const StreamingCallback& streaming_callback,
                                                                 const Value::Object& generation_kwargs,
                                                                 std::stop_token stop) {
  warm_up();
  if (prompt.empty()) return {};

  auto merged = generation_kwargs_;
  for (const auto& [name, value] : generation_kwargs) merged.set(name, value);
  auto [options, return_full_text] = read_generation_kwargs(merged, log_);
  const auto& callback = streaming_callback ? streaming_callback : streaming_callback_;
  if (callback && options.num_return_sequences > 1) {
    if (log_)
      log_(LogLevel::warning, fmt::format("Streaming gives one reply: num_return_sequences is 1 instead of {}",
                                          options.num_return_sequences));
    options.num_return_sequences = 1;
  }
  const auto stop_words = stop_words_.value_or(std::vector<std::string>{});
  options.stop_words.insert(options.stop_words.end(), stop_words.begin(), stop_words.end());

  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    session = session_;
  }
  Result result;
  result.generation = session->generate(
      {.prompts = {std::string(prompt)}, .options = options, .on_chunk = callback.call, .stop = std::move(stop)});
  for (const auto& completion : result.generation.completions)
    result.replies.push_back(
        without_stop_words((return_full_text ? std::string(prompt) : "") + completion.text, stop_words));
  return result;
}

Value HuggingFaceLocalGenerator::to_dict() const {
  if (streaming_callback_ && streaming_callback_.name.empty())
    throw std::invalid_argument("A streaming callback without a name cannot be serialized; give it one");
  Value::Object pipeline_kwargs = pipeline_kwargs_;
  serialize_hf_model_kwargs(pipeline_kwargs);
  return Value::Object{
      {"type", type},
      {"init_parameters",
       Value::Object{
           {"huggingface_pipeline_kwargs", std::move(pipeline_kwargs)},
           {"generation_kwargs", generation_kwargs_},
           {"streaming_callback", streaming_callback_ ? Value(streaming_callback_.name) : Value()},
           {"stop_words", stop_words_ ? Value(Value::Array(stop_words_->begin(), stop_words_->end())) : Value()},
           {"token", token_ ? token_->to_dict() : Value()}}}};
}

std::unique_ptr<HuggingFaceLocalGenerator> HuggingFaceLocalGenerator::from_dict(const Value& data) {
  static constexpr std::array known = {"model",
                                       "task",
                                       "device",
                                       "token",
                                       "generation_kwargs",
                                       "huggingface_pipeline_kwargs",
                                       "stop_words",
                                       "streaming_callback"};
  const auto init = init_parameters(data, type);
  for (const auto& [name, value] : init)
    if (std::ranges::find(known, name) == known.end())
      throw std::invalid_argument(fmt::format("HuggingFaceLocalGenerator has no parameter '{}'; it has: {}",
                                              name.substr(0, 80), fmt::join(known, ", ")));

  Parameters parameters;
  const auto if_given = [&](std::string_view name, auto&& read) {
    if (const Value& value = parameter(init, name); !value.is_null()) read(value);
  };
  if_given("model", [&](const Value& value) { parameters.model = value.as_string(); });
  if_given("task", [&](const Value& value) { parameters.task = value.as_string(); });
  parameters.device = device_parameter(parameter(init, "device"));
  if (init.contains("token")) parameters.token = secret_parameter(init.at("token"));
  if_given("generation_kwargs", [&](const Value& value) { parameters.generation_kwargs = value.as_object(); });
  if_given("huggingface_pipeline_kwargs", [&](const Value& value) {
    parameters.huggingface_pipeline_kwargs = value.as_object();
    deserialize_hf_model_kwargs(parameters.huggingface_pipeline_kwargs);
  });
  if_given("stop_words", [&](const Value& value) {
    parameters.stop_words.emplace();
    for (const auto& word : value.as_array()) parameters.stop_words->push_back(word.as_string());
  });
  if_given("streaming_callback", [&](const Value& value) {
    parameters.streaming_callback = StreamingCallback::from_name(value.as_string());
  });
  return std::make_unique<HuggingFaceLocalGenerator>(std::move(parameters));
}

}  // namespace berth
