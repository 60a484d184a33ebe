#include "component/local_model.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "berth/convert.h"
#include "berth/convert_model.h"
#include "berth/hf_kwargs.h"
#include "berth/model.h"
#include "component/beam_defaults.h"
#include "component/cleaned_reply.h"
#include "engine/plan_here.h"
#include "engine/shared_model.h"
#include "model/encoder_decoder.h"
#include "plan/device_budgets.h"
#include "plan/placement/placement_map.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::string_view engine_name = "llama.cpp";
constexpr std::string_view text_generation = "text-generation";
constexpr std::string_view text2text_generation = "text2text-generation";

std::string_view task_of(const ModelProfile& profile) {
  return model::is_encoder_decoder(profile) ? text2text_generation : text_generation;
}

/// The task where nobody gave one. Haystack asks the model hub for it; here the model must be on this machine.
std::string task_of_model(const std::string& model) {
  try {
    return std::string(task_of(read_model(locate_model(model, ModelSearch::from_environment()))));
  } catch (const std::exception& problem) {
    throw std::invalid_argument(fmt::format(
        "The task of model '{}' is not known: pass task=\"text-generation\", or task=\"text2text-generation\" "
        "for one with encoder and decoder such as T5 (the hub is not asked; {})",
        model, problem.what()));
  }
}

/// What stands under `name` for Hugging Face's pipeline, or for the model that it loads; null counts as nothing.
const Value* pipeline_kwarg(const Value::Object& kwargs, std::string_view name) {
  const Value* value = kwargs.find(name);
  if (value != nullptr && !value->is_null()) return value;
  const Value* model_kwargs = kwargs.find("model_kwargs");
  value = model_kwargs == nullptr ? nullptr : model_kwargs->find(name);
  return value != nullptr && value->is_null() ? nullptr : value;
}

/// The strategy of accelerate in `device_map`, where one is named.
std::optional<MapStrategy> strategy_of_kwargs(const Value::Object& kwargs) {
  const Value* map = pipeline_kwarg(kwargs, "device_map");
  for (const auto strategy :
       {MapStrategy::auto_, MapStrategy::balanced, MapStrategy::balanced_low_0, MapStrategy::sequential})
    if (map != nullptr && *map == Value(to_string(strategy))) return strategy;
  return std::nullopt;
}

/// The device that Hugging Face's pipeline would make of these arguments: `device_map` over `device`; none: automatic.
std::optional<ComponentDevice> device_of_kwargs(const Value::Object& kwargs) {
  if (strategy_of_kwargs(kwargs)) return std::nullopt;
  const Value* device = pipeline_kwarg(kwargs, "device_map");
  if (device == nullptr) device = kwargs.find("device");
  if (device == nullptr || device->is_null()) return std::nullopt;
  return from_hf(*device);
}

/// Berth's own `isolation` in `model_kwargs`.
Isolation isolation_of_kwargs(const Value::Object& kwargs) {
  const Value* given = pipeline_kwarg(kwargs, "isolation");
  if (given == nullptr) return Isolation::automatic;
  for (const auto isolation : {Isolation::automatic, Isolation::none, Isolation::process})
    if (*given == Value(to_string(isolation))) return isolation;
  throw std::invalid_argument("`isolation` must be 'automatic', 'none' or 'process', got " + given->to_json());
}

/// Haystack's resolution of task and device, without a look at the task.
Value::Object resolved_but_for_the_task(LocalModelParameters& parameters) {
  const Value* in_kwargs = parameters.pipeline_kwargs.find("task");
  if (!parameters.task && in_kwargs != nullptr && in_kwargs->is_string()) parameters.task = in_kwargs->as_string();
  const std::string task = parameters.task.value_or(std::string(text_generation));
  auto kwargs = resolve_hf_pipeline_kwargs(std::move(parameters.pipeline_kwargs), parameters.model, task,
                                           std::vector{task}, parameters.device, std::nullopt, parameters.log);
  if (!parameters.task) kwargs.erase("task");
  return kwargs;
}

ModelProfile read_here(const std::string& model) {
  return read_model(locate_model(model, ModelSearch::from_environment()));
}

}  // namespace

LocalModel::LocalModel(LocalModelParameters parameters)
    : log_(parameters.log), progress_(std::move(parameters.progress)) {
  try {
    if (parameters.token) (void)parameters.token->resolve_value();  // a strict one must be there; it is not kept
  } catch (const MissingVariable& problem) {
    missing_token_ = problem.what();
  }
  auto& kwargs = parameters.pipeline_kwargs;
  if (const Value* device = kwargs.find("device"); device != nullptr && *device == Value("auto"))
    kwargs.erase("device");  // as if nothing were given
  const bool in_kwargs = kwargs.contains("device") || kwargs.contains("device_map");
  given_ = device_of_kwargs(kwargs);
  strategy_ = strategy_of_kwargs(kwargs);
  if (const Value* budgets = pipeline_kwarg(kwargs, "max_memory")) max_memory_ = max_memory_from(*budgets);
  isolation_ = isolation_of_kwargs(kwargs);
  if (!given_ && !in_kwargs) given_ = parameters.device;
  if (!in_kwargs && !parameters.device)
    parameters.device = given_ ? resolve_here({}, {std::string(engine_name)}).device : device();
  kwargs_ = parameters.tasks.empty()
                ? resolved_but_for_the_task(parameters)
                : resolve_hf_pipeline_kwargs(std::move(parameters.pipeline_kwargs), parameters.model, parameters.task,
                                             parameters.tasks, parameters.device, std::nullopt, log_, task_of_model);
  kwargs_.erase("token");  // not needed before something is downloaded, and nothing is
}

std::optional<std::string> LocalModel::known_problem() const {
  if (const auto problem = known_without_the_model()) return problem;
  if (loaded_model()) return std::nullopt;
  try {
    return problem_of_task(read_here(model()));
  } catch (const std::exception&) {
    return std::nullopt;  // warm_up() tells what is wrong with the file
  }
}

std::optional<std::string> LocalModel::known_without_the_model() const {
  if (missing_token_) return missing_token_;
  if (!max_memory_.empty() && given_ && given_->multiple() != nullptr)
    return "`max_memory` is for a strategy such as device_map=\"auto\"; a map says itself what lies where. Remove one "
           "of them";
  const Value* task = kwargs_.find("task");
  if (task == nullptr || *task == Value(text_generation) || *task == Value(text2text_generation)) return std::nullopt;
  return fmt::format("The task {} cannot be run yet; '{}' and '{}' can", in_quotes(task->as_string()), text_generation,
                     text2text_generation);
}

std::optional<std::string> LocalModel::problem_of_task(const ModelProfile& profile) const {
  const Value* task = kwargs_.find("task");
  if (task == nullptr || *task == Value(task_of(profile))) return std::nullopt;
  return fmt::format(
      "The task of '{}' is '{}', not {}: {}", profile.path.string(), task_of(profile), in_quotes(task->as_string()),
      model::is_encoder_decoder(profile) ? "it has an encoder that reads the prompt, and a decoder that answers"
                                         : "it continues the prompt and has no encoder");
}

/// As far as it is known, else that of most models.
std::string LocalModel::task() const try {
  if (const Value* task = kwargs_.find("task")) return task->as_string();
  {
    const std::lock_guard lock(mutex_);
    if (!task_of_loaded_.empty()) return task_of_loaded_;
  }
  return std::string(task_of(read_here(model())));
} catch (const std::exception&) {
  return std::string(text_generation);
}

Value::Object LocalModel::with_defaults(const Value::Object& kwargs) const {
  auto defaults = [&] {
    const std::lock_guard lock(mutex_);
    return beam_defaults_;
  }();
  return with_beam_defaults(kwargs, defaults ? *defaults : beam_defaults(task(), {}));
}

GenerationKwargs LocalModel::read_kwargs(const Value::Object& kwargs, const LogCallback& log) const {
  const Value* task = kwargs_.find("task");
  const Value* full_text = kwargs.find("return_full_text");
  if (task != nullptr && *task == Value(text2text_generation) && full_text != nullptr && !full_text->is_null())
    throw std::invalid_argument(
        fmt::format("generation_kwargs: 'return_full_text' belongs to the task '{}'; a reply of '{}' never holds the "
                    "prompt. Remove it",
                    text_generation, text2text_generation));
  return read_generation_kwargs(with_defaults(kwargs), log);
}

std::string LocalModel::reply(std::string_view prompt, std::string text, const GenerationKwargs& kwargs) const {
  const bool continues = task() == text_generation;
  if (!kwargs.clean_up_spaces.value_or(continues)) return text;
  return cleaned_reply(continues ? prompt : "", text);
}

Value::Object LocalModel::serialized_kwargs() const {
  auto kwargs = kwargs_;
  serialize_hf_model_kwargs(kwargs);
  return kwargs;
}

void LocalModel::set_defaults(Value::Object& generation_kwargs, bool has_stop_words) {
  const Value* task = kwargs_.find("task");
  if (task != nullptr && *task == Value(text_generation) && !generation_kwargs.contains("return_full_text"))
    generation_kwargs.set("return_full_text", false);
  if (has_stop_words && generation_kwargs.contains("stopping_criteria"))
    throw std::invalid_argument(
        "Found both the `stop_words` init parameter and the `stopping_criteria` key in `generation_kwargs`. "
        "Please specify only one of them.");
  if (!generation_kwargs.contains("max_new_tokens")) generation_kwargs.set("max_new_tokens", 512);
  generation_kwargs_ = generation_kwargs;
}

const Resolution& LocalModel::resolution() const {
  std::call_once(resolved_, [&] {
    resolution_ = resolve_here(given_ ? ResolveRequest(*given_) : ResolveRequest(), {std::string(engine_name)});
  });
  return *resolution_;
}

ComponentDevice LocalModel::device() const {
  if (const auto model = loaded_model(); model && !(given_ && max_memory_.empty()))
    return plan::device_of(model->info().placement);
  return given_ ? *given_ : resolution().device;
}

void LocalModel::warm_up(const CallContext& context) {
  const auto loading = loading_.lock(context.stop);
  if (session()) return;
  if (missing_token_) throw MissingVariable(*missing_token_);
  if (const auto problem = known_without_the_model()) throw std::invalid_argument(*problem);
  if (!strategy_) (void)resolution();  // a device that is not there is told before a file is looked for
  const auto search = ModelSearch::from_environment();
  const auto found = locate_model(this->model(), search);
  const auto file =
      loadable_model(found, search, {.progress = progress_, .stop = context.stop, .log = context.logging_to(log_).log});
  auto profile = [&] {
    const std::lock_guard lock(mutex_);
    return std::exchange(profile_, nullptr);  // a second try looks at the file anew
  }();
  if (!profile || profile->path != file) profile = std::make_shared<const ModelProfile>(read_model(file));
  if (const auto problem = problem_of_task(*profile)) throw std::invalid_argument(*problem);
  auto defaults = beam_defaults(task_of(*profile), found);
  {
    const std::lock_guard lock(mutex_);
    beam_defaults_ = std::move(defaults);
    task_of_loaded_ = task_of(*profile);
  }
  const LoadContext load_context{
      .progress = progress_, .stop = context.stop, .log = context.logging_to(log_).log, .profile = profile};
  const auto model = load(*profile, load_context);
  auto session = model->new_session();
  const std::lock_guard lock(mutex_);
  session_ = std::move(session);
  model_ = model;
}

std::shared_ptr<const LoadedModel> LocalModel::load(const ModelProfile& profile, const LoadContext& context) const {
  if (is_placed(profile)) {
    const LoadRequest request{
        .model = profile.path, .device = resolution().device, .keys = resolution().keys, .isolation = isolation_};
    return shared_model<LoadedModel>(profile.path, request.to_dict(), context.stop,
                                     [&] { return engine(engine_name).load(request, context); });
  }
  const auto request = plan_request(profile);
  Value::Object wish = {{"strategy", to_string(request.strategy)},
                        {"isolation", to_string(isolation_)},
                        {"n_seq", request.context.n_seq}};
  for (const auto& [device, bytes] : max_memory_) wish.set(device.str(), bytes);
  if (given_) wish.set("device", given_->to_dict());
  return shared_model<LoadedModel>(profile.path, wish, context.stop, [&] {
    return load_accepted(
               engine(engine_name), profile, request, accept_plan(profile, request), context,
               [&](std::string_view step) {
                 if (context.log) context.log(LogLevel::warning, step);
               },
               isolation_)
        .model;
  });
}

bool LocalModel::is_placed(const ModelProfile& profile) const {
  return !strategy_ && max_memory_.empty() && (given_ || fits_alone(profile, resolution(), context()));
}

int LocalModel::beams(const Value::Object& kwargs) const {
  const auto all = with_defaults(kwargs);
  const Value* beams = all.find("num_beams");
  if (beams == nullptr || !beams->is_int() || beams->as_int() < 1 || beams->as_int() > GenerationOptions::max_beams)
    return 1;
  return static_cast<int>(beams->as_int());
}

/// With as many sequences as the component's own kwargs have beams.
ContextSpec LocalModel::context() const {
  const int n = beams(generation_kwargs_);
  return n == 1 ? ContextSpec{} : ContextSpec{.n_seq = n, .unified = true};
}

PlanRequest LocalModel::plan_request(const ModelProfile& profile) const {
  auto request = default_plan_request(profile);
  request.context = context();
  request.strategy = strategy_.value_or(MapStrategy::optimal);
  request.max_memory = max_memory_;
  const auto* device = given_ ? given_->single() : nullptr;
  if (device != nullptr && plan::is_accelerator(*device)) request.use = {*device};
  if (device != nullptr && !plan::is_accelerator(*device)) request.rules.most_devices = 0;
  return request;
}

std::vector<DeviceUse> LocalModel::load_use() const {
  if (loaded_model()) return {};
  try {
    const auto profile = std::make_shared<const ModelProfile>(read_here(model()));
    {
      const std::lock_guard lock(mutex_);
      profile_ = profile;
    }
    if (is_placed(*profile)) return use_at_first(*profile, resolution().device, context());
    const auto plan = make_plan(*profile, machine_here(), plan_request(*profile));
    return plan.outcome == PlanOutcome::fits ? plan.use : std::vector<DeviceUse>();
  } catch (const std::exception&) {
    return {};  // warm_up() tells what is wrong
  }
}

std::shared_ptr<const LoadedModel> LocalModel::loaded_model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

std::shared_ptr<Session> LocalModel::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

}  // namespace berth
