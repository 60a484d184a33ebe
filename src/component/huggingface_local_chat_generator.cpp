#include "berth/huggingface_local_chat_generator.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/hf_kwargs.h"
#include "component/local_model.h"
#include "component/stop_words.h"
#include "component/tool_parser.h"
#include "dataclasses/serialization.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Takes `stop_sequences` and `stop_words` out of the kwargs; they are Haystack's names, not those of generate().
std::vector<std::string> take_stop_words(Value::Object& kwargs) {
  std::vector<std::string> words;
  for (const auto* name : {"stop_words", "stop_sequences"}) {
    if (const Value* value = kwargs.find(name); value != nullptr && !value->is_null())
      for (auto& word : from_value<std::vector<std::string>>(*value)) words.push_back(std::move(word));
    kwargs.erase(name);
  }
  return words;
}

std::vector<ChatMessage> messages_of(std::variant<std::vector<ChatMessage>, std::string> given) {
  if (auto* text = std::get_if<std::string>(&given)) return {ChatMessage::from_user(std::move(*text))};
  return std::get<0>(std::move(given));
}

/// What chat templates are told of tools.
Value::Array specs_of(const std::vector<Tool>& tools) {
  Value::Array specs;
  for (const auto& tool : tools)
    specs.push_back(
        Value::Object{{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
  return specs;
}

}  // namespace

HuggingFaceLocalChatGenerator::HuggingFaceLocalChatGenerator(Parameters parameters)
    : Component(parameters.transformers ? transformers_type_name : type_name),
      token_(parameters.token),
      chat_template_(std::move(parameters.chat_template)),
      generation_kwargs_(std::move(parameters.generation_kwargs)),
      streaming_callback_(std::move(parameters.streaming_callback)),
      tools_(std::move(parameters.tools)),
      enable_thinking_(parameters.enable_thinking) {
  if (tools_ && !flatten_tools(*tools_).empty() && streaming_callback_)
    throw std::invalid_argument("Using tools and streaming at the same time is not supported. Please choose one.");
  const auto tool_parser = parameters.transformers ? transformers_tool_parser : default_tool_parser;
  tool_parsing_function_ = parameters.tool_parsing_function.value_or(std::string(tool_parser));
  if (tool_parsing_function_ != default_tool_parser && tool_parsing_function_ != transformers_tool_parser)
    throw std::invalid_argument(
        fmt::format("Unknown tool_parsing_function {}; known is '{}'", in_quotes(tool_parsing_function_), tool_parser));
  std::vector<std::string> tasks;
  if (!parameters.transformers) tasks = {"text-generation", "text2text-generation", "image-text-to-text"};
  model_ = std::make_unique<LocalModel>(
      LocalModelParameters{.model = std::move(parameters.model),
                           .task = std::move(parameters.task),
                           .tasks = std::move(tasks),
                           .device = std::move(parameters.device),
                           .token = std::move(parameters.token),
                           .pipeline_kwargs = std::move(parameters.huggingface_pipeline_kwargs),
                           .log = std::move(parameters.log),
                           .progress = std::move(parameters.progress)});
  const auto stop_words = parameters.stop_words.value_or(std::vector<std::string>{});
  model_->set_defaults(generation_kwargs_, !stop_words.empty());
  auto sequences = generation_kwargs_.contains("stop_sequences")
                       ? from_value<std::vector<std::string>>(generation_kwargs_.at("stop_sequences"))
                       : std::vector<std::string>{};
  sequences.insert(sequences.end(), stop_words.begin(), stop_words.end());
  generation_kwargs_.set("stop_sequences", to_value(sequences));
}

HuggingFaceLocalChatGenerator::~HuggingFaceLocalChatGenerator() = default;

std::optional<ComponentDevice> HuggingFaceLocalChatGenerator::device() const { return model_->device(); }

std::optional<std::string> HuggingFaceLocalChatGenerator::known_problem() const { return model_->known_problem(); }

std::shared_ptr<const LoadedModel> HuggingFaceLocalChatGenerator::loaded_model() const {
  return model_->loaded_model();
}

int HuggingFaceLocalChatGenerator::num_beams(const Value::Object& generation_kwargs) const {
  auto merged = generation_kwargs_;
  for (const auto& [name, value] : generation_kwargs) merged.set(name, value);
  return model_->beams(merged);
}

std::vector<DeviceUse> HuggingFaceLocalChatGenerator::load_use() const { return model_->load_use(); }

void HuggingFaceLocalChatGenerator::warm_up(const CallContext& context) {
  if (loaded_model()) return;
  auto kwargs = generation_kwargs_;
  take_stop_words(kwargs);
  model_->read_kwargs(kwargs, {});  // before the model takes its time
  model_->warm_up(context);
}

HuggingFaceLocalChatGenerator::Result HuggingFaceLocalChatGenerator::run(const std::vector<ChatMessage>& messages,
                                                                         const Value::Object& generation_kwargs,
                                                                         const StreamingCallback& streaming_callback,
                                                                         const std::optional<Tools>& tools,
                                                                         const CallContext& given) {
  const auto context = given.logging_to(model_->log());
  const auto& chosen = tools ? tools : tools_;
  const auto specs = chosen ? specs_of(flatten_tools(*chosen)) : Value::Array{};
  const auto callback = streaming_callback ? streaming_callback : streaming_callback_;
  if (!specs.empty() && callback)
    throw std::invalid_argument("Using tools and streaming at the same time is not supported. Please choose one.");
  warm_up(context);

  auto kwargs = generation_kwargs_;
  for (const auto& [name, value] : generation_kwargs) kwargs.set(name, value);
  const auto stop_words = take_stop_words(kwargs);
  auto arguments = model_->read_kwargs(kwargs, context.log);
  auto& options = arguments.options;
  options.stop_words.insert(options.stop_words.end(), stop_words.begin(), stop_words.end());
  if (callback) stream_one_reply(options, context.log);

  ChatTemplateOptions template_options{.chat_template = chat_template_,
                                       .variables = {{"enable_thinking", enable_thinking_}}};
  if (!specs.empty()) template_options.variables.set("tools", specs);
  const auto prompt = loaded_model()->apply_chat_template(messages, template_options);

  Result result;
  result.generation = model_->session()->generate({.prompts = {prompt}, .options = options},
                                                  {.on_chunk = callback.call,
                                                   .stop = context.stop,
                                                   .log = context.logging_to(model_->log()).log});
  for (std::size_t i = 0; i < result.generation.completions.size(); ++i) {
    const auto& completion = result.generation.completions[i];
    const auto text = without_stop_words(model_->reply(prompt.text(), completion.text, arguments), stop_words);
    const auto call = specs.empty() ? std::nullopt : parse_tool_call(text);
    const auto* finish_reason = completion.finish_reason == FinishReason::length ? "length"
                                : call                                           ? "tool_calls"
                                                                                 : "stop";
    Value::Object meta{
        {"finish_reason", finish_reason},
        {"index", i},
        {"model", model_->model()},
        {"usage", Value::Object{{"completion_tokens", completion.generated_tokens},
                                {"prompt_tokens", completion.prompt_tokens},
                                {"total_tokens", completion.generated_tokens + completion.prompt_tokens}}}};
    result.replies.push_back(call ? ChatMessage::from_assistant(std::nullopt, std::move(meta), std::nullopt, {*call})
                                  : ChatMessage::from_assistant(text, std::move(meta)));
  }
  return result;
}

void HuggingFaceLocalChatGenerator::run(Run& run) {
  run.set(replies_, this->run(messages_of(run.get(messages_)), run.get(kwargs_input_).value_or(Value::Object{}),
                              run.get(callback_input_), run.get(tools_input_), run.context())
                        .replies);
}

Value::Object HuggingFaceLocalChatGenerator::init_parameters() const {
  return {{"huggingface_pipeline_kwargs", model_->serialized_kwargs()},
          {"generation_kwargs", generation_kwargs_},
          {"streaming_callback", plain(to_value(streaming_callback_))},
          {"token", to_value(token_)},
          {"chat_template", to_value(chat_template_)},
          {"tools", plain(to_value(tools_))},
          {"tool_parsing_function", tool_parsing_function_},
          {"enable_thinking", enable_thinking_}};
}

std::unique_ptr<HuggingFaceLocalChatGenerator> HuggingFaceLocalChatGenerator::from_dict(const Value& data) {
  const Value* type = data.find("type");
  const bool transformers = type != nullptr && *type == Value(transformers_type_name);
  auto parameters =
      from_init_parameters<Parameters>(berth::init_parameters(data, transformers ? transformers_type_name : type_name));
  parameters.transformers = transformers;
  deserialize_hf_model_kwargs(parameters.huggingface_pipeline_kwargs);
  return std::make_unique<HuggingFaceLocalChatGenerator>(std::move(parameters));
}

}  // namespace berth
