#include "berth/local_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <span>
#include <stdexcept>
#include <utility>

#include "berth/convert.h"
#include "berth/model.h"
#include "berth/resolve.h"
#include "engine/cancellable_mutex.h"
#include "engine/place_encoder.h"
#include "engine/plan_here.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::string_view encoder_engine = "llama.cpp";  // whose devices ggml has

/// Arguments of models that count, or change no number here.
constexpr std::array<std::string_view, 7> model_arguments = {
    "device_map", "max_memory", "torch_dtype", "dtype", "attn_implementation", "low_cpu_mem_usage", "use_safetensors"};

/// The entry, unless that is null or empty, as Python's `or` has it.
const Value* given_entry(const Value::Object& kwargs, std::string_view name) {
  const auto* value = kwargs.find(name);
  if (value == nullptr || value->is_null()) return nullptr;
  if (value->is_string() && value->as_string().empty()) return nullptr;
  if (value->is_object() && value->as_object().empty()) return nullptr;
  return value;
}

/// The strategy of accelerate that a `device_map` names, where it does.
std::optional<MapStrategy> strategy_of_map(const Value& map) {
  for (const auto strategy :
       {MapStrategy::auto_, MapStrategy::balanced, MapStrategy::balanced_low_0, MapStrategy::sequential})
    if (map == Value(to_string(strategy))) return strategy;
  return std::nullopt;
}

/// Arguments of tokenizers that count; all of them stand in tokenizer_config.json too.
constexpr std::array<std::string_view, 17> tokenizer_settings = {"truncation_side",
                                                                 "do_lower_case",
                                                                 "strip_accents",
                                                                 "tokenize_chinese_chars",
                                                                 "add_prefix_space",
                                                                 "trim_offsets",
                                                                 "bos_token",
                                                                 "eos_token",
                                                                 "unk_token",
                                                                 "sep_token",
                                                                 "pad_token",
                                                                 "cls_token",
                                                                 "mask_token",
                                                                 "additional_special_tokens",
                                                                 "extra_special_tokens",
                                                                 "added_tokens_decoder",
                                                                 "clean_up_tokenization_spaces"};
/// Those that change no number here, or are read elsewhere.
constexpr std::array<std::string_view, 3> other_tokenizer_arguments = {"model_max_length", "padding_side", "use_fast"};

Value::Object settings_of(const Value::Object& tokenizer_kwargs) {
  Value::Object settings;
  for (const auto& [name, value] : tokenizer_kwargs)
    if (std::ranges::find(tokenizer_settings, name) != tokenizer_settings.end()) settings.set(name, value);
  return settings;
}

Precision precision_of(const Value::Object& model_kwargs) {
  const auto* dtype = given_entry(model_kwargs, "torch_dtype");
  if (dtype == nullptr) dtype = given_entry(model_kwargs, "dtype");
  if (dtype == nullptr) return Precision::float32;
  if (!dtype->is_string()) throw std::invalid_argument("model_kwargs: 'torch_dtype' is no name of a type");
  std::string_view name = dtype->as_string();
  if (name == "auto") return Precision::float32;  // never less exact than what the file holds
  if (name.starts_with("torch.")) name.remove_prefix(6);
  try {
    return precision_from_str(name);
  } catch (const std::invalid_argument& problem) {
    throw std::invalid_argument(fmt::format("model_kwargs: 'torch_dtype': {}", problem.what()));
  }
}

/// Tells of arguments that have no meaning here.
void warn_of_others(const LogCallback& log, std::string_view where, const Value::Object& kwargs,
                    std::span<const std::string_view> known) {
  if (!log) return;
  for (const auto& [name, value] : kwargs)
    if (std::ranges::find(known, name) == known.end())
      log(LogLevel::warning, fmt::format("{}: {} has no effect on Berth's encoders", where, in_quotes(name)));
}

}  // namespace

struct LocalEncoder::State {
  explicit State(LocalEncoderParameters parameters) : given(std::move(parameters)) {
    const auto* map = given_entry(given.model_kwargs, "device_map");
    const auto* budgets = given_entry(given.model_kwargs, "max_memory");
    try {
      if (map != nullptr) strategy = strategy_of_map(*map);
      if (!strategy) wanted = map == nullptr ? given.device : from_hf(*map);
    } catch (const std::invalid_argument& problem) {
      wrong_map = fmt::format("model_kwargs: 'device_map': {}", problem.what());
    }
    try {
      if (budgets != nullptr) max_memory = max_memory_from(*budgets);
    } catch (const std::invalid_argument& problem) {
      wrong_map = fmt::format("model_kwargs: {}", problem.what());
    }
    if (max_memory.empty()) return;
    if (wanted && wanted->multiple() != nullptr)
      wrong_map =
          "model_kwargs: 'max_memory' is for a strategy such as \"device_map\": \"auto\"; a map says itself what "
          "lies where. Remove one of them";
    if (!wanted && !strategy) strategy = MapStrategy::optimal;
  }

  /// What is to be loaded, by the strategy where there is one. Throws ModelDoesNotFit where a budget cannot be kept.
  TextEncoderRequest request(std::optional<std::size_t> most_tokens) {
    TextEncoderRequest wish{.model = given.model,
                            .precision = precision_of(given.model_kwargs),
                            .revision = given.revision.value_or(""),
                            .configuration = given.config_kwargs,
                            .tokenizer_settings = settings_of(given.tokenizer_kwargs)};
    if (strategy) return place_encoder(std::move(wish), *strategy, max_memory, most_tokens, machine_here());
    wish.device = resolution().device;
    wish.keys = resolution().keys;
    check_budgets(wish, max_memory, most_tokens);
    return wish;
  }

  const Resolution& resolution() {
    std::call_once(resolved, [this] {
      found = resolve_here(wanted ? ResolveRequest(*wanted) : ResolveRequest(), {std::string(encoder_engine)});
    });
    return *found;
  }

  std::optional<TextEncoder> loaded() {
    const std::lock_guard lock(mutex);
    return encoder;
  }

  LocalEncoderParameters given;
  std::optional<ComponentDevice> wanted;
  std::optional<MapStrategy> strategy;  // instead of a device
  std::vector<MemoryBudget> max_memory;
  std::optional<std::string> wrong_map;
  std::once_flag resolved;
  std::optional<Resolution> found;  // once: it may look at the whole machine

  CancellableMutex loading;
  std::mutex mutex;  // of the two below, and never held for long
  std::optional<TextEncoder> encoder;
  std::optional<ComponentDevice> placed;  // by the strategy
};

LocalEncoder::LocalEncoder(LocalEncoderParameters parameters)
    : state_(std::make_shared<State>(std::move(parameters))) {}

TextEncoder LocalEncoder::encoder(const CallContext& given) const {
  if (auto encoder = state_->loaded()) return *encoder;
  const auto loading = state_->loading.lock(given.stop);
  if (auto encoder = state_->loaded()) return *encoder;
  const auto& parameters = state_->given;
  const auto context = given.logging_to(parameters.log);
  if (parameters.token) (void)parameters.token->resolve_value();
  if (const auto problem = known_problem()) throw std::invalid_argument(*problem);
  (void)precision_of(parameters.model_kwargs);
  (void)max_tokens();
  warn_of_others(context.log, "model_kwargs", parameters.model_kwargs, model_arguments);
  auto others = parameters.tokenizer_kwargs;
  for (const auto name : tokenizer_settings) others.erase(name);
  warn_of_others(context.log, "tokenizer_kwargs", others, other_tokenizer_arguments);
  const auto request = state_->request(max_tokens());
  auto encoder = TextEncoder::load(request, {.stop = context.stop, .log = context.log});
  if (encoder.info().has_vocabulary) {  // a GGUF file, which has neither of the two files
    warn_of_others(context.log, "config_kwargs", request.configuration, {});
    warn_of_others(context.log, "tokenizer_kwargs", request.tokenizer_settings, {});
  }
  const std::lock_guard lock(state_->mutex);
  state_->encoder = encoder;
  if (state_->strategy) state_->placed = request.device;
  return encoder;
}

bool LocalEncoder::is_loaded() const { return state_->loaded().has_value(); }

std::vector<DeviceUse> LocalEncoder::load_use() const {
  if (is_loaded()) return {};
  try {
    return TextEncoder::memory(state_->request(max_tokens()), max_tokens());
  } catch (const std::exception&) {
    return {};  // encoder() tells what is wrong
  }
}

std::optional<std::string> LocalEncoder::known_problem() const {
  try {
    if (state_->given.token) (void)state_->given.token->resolve_value();
  } catch (const MissingVariable& problem) {
    return problem.what();
  }
  if (state_->wrong_map) return state_->wrong_map;
  constexpr std::array<std::string_view, 3> backends = {"torch", "onnx", "openvino"};
  const auto& backend = state_->given.backend;
  if (std::ranges::find(backends, backend) != backends.end()) return std::nullopt;
  return fmt::format("Unknown backend {}; known are 'torch', 'onnx' and 'openvino'", in_quotes(backend));
}

ComponentDevice LocalEncoder::device() const {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->placed) return *state_->placed;
  }
  return state_->wanted ? *state_->wanted : state_->resolution().device;
}

std::optional<std::size_t> LocalEncoder::max_tokens() const {
  const auto* length = given_entry(state_->given.tokenizer_kwargs, "model_max_length");
  if (length == nullptr) return std::nullopt;
  if (!length->is_int() || length->as_int() < 1)
    throw std::invalid_argument(
        fmt::format("tokenizer_kwargs: 'model_max_length' is no number of tokens: {}", length->to_json()));
  return static_cast<std::size_t>(length->as_int());
}

ComponentDevice default_encoder_device() { return resolve_here({}, {std::string(encoder_engine)}).device; }

std::string problem_of_kept(const Value::Object& parameters) {
  const auto& [name, value] = parameters.front();
  return fmt::format("The parameter {} has a form that is not known: {}", in_quotes(name), printable(value.to_json()));
}

}  // namespace berth
