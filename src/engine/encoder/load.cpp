#include "engine/encoder/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include "berth/error.h"
#include "berth/model.h"
#include "engine/encoder/model.h"
#include "engine/llama/devices.h"
#include "engine/llama/log_capture.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_devices = 15;  // ggml's scheduler takes 16 with the CPU

fs::path folder_of(const fs::path& model) {
  std::error_code error;
  return fs::is_directory(model, error) ? model : model.parent_path();
}

std::shared_ptr<const ModelProfile> profile_of(const EncoderRequest& request, const LoadContext& context) {
  if (context.profile && context.profile->path != request.model)
    throw std::invalid_argument(fmt::format("The profile that was given is of '{}', not of '{}', which is to be loaded",
                                            context.profile->path.string(), request.model.string()));
  const auto transformer = transformer_folder(request.model);
  if (transformer != folder_of(request.model)) return std::make_shared<const ModelProfile>(read_model(transformer));
  return context.profile ? context.profile : std::make_shared<const ModelProfile>(read_model(request.model));
}

/// transformers' attribute_map of DistilBERT.
constexpr std::pair<std::string_view, std::string_view> names_of_distilbert[] = {
    {"hidden_size", "dim"}, {"num_attention_heads", "n_heads"}, {"num_hidden_layers", "n_layers"}};

/// Entries for the config.json of this architecture. What the model is cannot be said by them.
Value::Object entries_for(const Value& config, const Value::Object& given) {
  const auto* type = config.find("model_type");
  const bool is_distilbert = type != nullptr && *type == Value("distilbert");
  Value::Object entries;
  for (const auto& [name, value] : given) {
    if (name == "model_type" || name == "architectures") continue;
    const auto own = std::ranges::find(names_of_distilbert, name, [](const auto& each) { return each.first; });
    entries.set(is_distilbert && own != std::end(names_of_distilbert) ? std::string(own->second) : name, value);
  }
  return entries;
}

Config config_of(const ModelProfile& profile, const Value::Object& given) {
  if (profile.format != "safetensors")
    throw EngineError(
        "encoder", "",
        fmt::format("'{}' is a model in {}; encoders are computed from safetensors with a config.json: get "
                    "that edition of the model",
                    profile.path.string(), profile.format));
  const auto file = folder_of(profile.path) / "config.json";
  const auto* config = profile.metadata.find("config");
  if (config == nullptr) throw FormatError(file, 0, "no file", "the configuration of the model beside its weights");
  return {file, *config, entries_for(*config, given)};
}

void warn_of_unread(const Config& config, const Value::Object& given, const LogCallback& log) {
  if (!log) return;
  auto names = config.unread();
  for (const auto* name : {"model_type", "architectures"})
    if (given.contains(name)) names.emplace_back(name);
  for (const auto& name : names)
    log(LogLevel::warning,
        fmt::format("{}, given for config.json, has no effect on Berth's encoders", in_quotes(name)));
}

std::vector<Place> find_places(const ModuleMap& map, const OrderedMap<DeviceKey>& keys) {
  if (map.devices().size() > most_devices)
    throw std::invalid_argument(
        fmt::format("The device map names {} devices; at most {} can be used", map.devices().size(), most_devices));
  std::vector<Place> places;
  for (const auto& device : map.devices()) {
    const auto* key = keys.find(device.str());
    Place place{device, key == nullptr ? DeviceKey() : *key};
    place.handle = llama::find_device(device, place.key).handle;
    places.push_back(std::move(place));
  }
  return places;
}

std::string model_class_of(const Config& config) {
  const auto classes = config.texts("architectures");
  return classes.empty() ? std::string() : classes.front();
}

/// `packs_int8`: the kernels make int8 of float32 themselves.
MatrixTypes types_of(Precision precision, bool packs_int8) {
  switch (precision) {
    case Precision::float32:
      return {};
    case Precision::float16:
      return {GGML_TYPE_F16, GGML_TYPE_F16};
    case Precision::bfloat16:
      return {GGML_TYPE_BF16, GGML_TYPE_BF16};
    case Precision::int8:
      return {packs_int8 ? GGML_TYPE_F32 : GGML_TYPE_Q8_0, GGML_TYPE_F16};
  }
  return {};
}

bool is_classifier(EncoderTask task) {
  return task == EncoderTask::sequence_classification || task == EncoderTask::token_classification;
}

/// What "label2id" says of a label, in some files as a text; where that is no number, the label's place.
std::int64_t number_of(const std::string& label, const Value& said, const EncoderInfo& info) {
  if (said.is_int()) return said.as_int();
  if (said.is_string()) {
    const auto& text = said.as_string();
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  return std::ranges::find(info.labels, label) - info.labels.begin();
}

void set_labels(EncoderInfo& info, const Config& config, const Head& head) {
  info.problem_type = config.text("problem_type", "");
  info.labels = labels_of(config);
  const auto count = static_cast<std::size_t>(head.width);
  if (info.labels.empty())
    for (std::size_t i = 0; i < count; ++i) info.labels.push_back(fmt::format("LABEL_{}", i));
  if (info.labels.size() != count)
    config.fail("id2label", fmt::format("{} labels", info.labels.size()),
                fmt::format("{}, as many as the classifier in the file has", count));
  if (const auto* numbers = config.find("label2id"); numbers != nullptr && numbers->is_object())
    for (const auto& [label, number] : numbers->as_object()) info.label2id.set(label, number_of(label, number, info));
}

EncoderInfo info_of(const Config& config, const Parts& parts) {
  const auto& sizes = parts.backbone->sizes();
  EncoderInfo info;
  info.architecture = config.text("model_type", "");
  info.model_class = model_class_of(config);
  info.missing_weight = parts.missing_weight;
  info.task = parts.head ? parts.head->task : EncoderTask::none;
  if (is_classifier(info.task)) set_labels(info, config, *parts.head);
  info.layers = static_cast<std::size_t>(sizes.layers);
  info.hidden_size = static_cast<std::size_t>(sizes.hidden);
  info.vocabulary_size = static_cast<std::size_t>(sizes.vocabulary);
  info.token_types = static_cast<std::size_t>(sizes.token_types);
  const bool lacks_logits = parts.modules.from_logits() && info.task != EncoderTask::masked_lm;
  info.embedding_size = lacks_logits ? 0 : parts.modules.width();
  info.max_sequence_tokens = static_cast<std::size_t>(sizes.max_tokens);
  info.max_position_embeddings = static_cast<std::size_t>(config.count("max_position_embeddings"));
  info.has_pooler = parts.pooler.has_value();
  info.parameters = parts.weights->parameters();
  for (std::size_t i = 0; i < parts.places.size(); ++i) info.weight_bytes += parts.weights->bytes_on(i);
  return info;
}

/// The parts of a model whose tensors are declared, but have no memory yet.
Parts declare(const EncoderRequest& request, const std::shared_ptr<const ModelProfile>& profile, const Config& config,
              ModuleMap map, std::vector<Place> places) {
  const auto& architecture = architecture_of(config);
  Parts parts{.places = std::move(places),
              .cpu = llama::find_device(Device::cpu(), {}).handle,
              .is_spread = false,
              .weights = {},
              .packed = {},
              .backbone = {},
              .head = {},
              .missing_weight = {},
              .pooler = {},
              .modules = {}};
  std::vector<ggml_backend_dev_t> handles;
  for (const auto& place : parts.places) handles.push_back(place.handle);
  parts.is_spread = std::ranges::any_of(handles, [&](auto handle) { return handle != parts.cpu; });
  const bool wants_int8 = request.precision == Precision::int8;
  if (const auto* kernels = kernels_here(); kernels != nullptr && !parts.is_spread)
    parts.packed = std::make_unique<PackedWeights>(*kernels, wants_int8 && kernels->product_int8 != nullptr);
  parts.weights = std::make_unique<Weights>(profile, std::move(map), handles,
                                            types_of(request.precision, parts.packed && parts.packed->is_int8()),
                                            std::string(architecture.base));
  parts.backbone = architecture.make(config, *parts.weights);
  const auto& sizes = parts.backbone->sizes();
  auto made = make_head(model_class_of(config), config, sizes, *parts.weights);
  parts.head = std::move(made.head);
  parts.missing_weight = std::move(made.missing_weight);
  parts.pooler = make_pooler(config, sizes, *parts.weights);
  parts.modules = SentenceModules::read(folder_of(request.model), static_cast<std::size_t>(sizes.hidden),
                                        static_cast<std::size_t>(sizes.vocabulary));
  return parts;
}

}  // namespace

std::shared_ptr<const EncoderModel> load(const EncoderRequest& request, const LoadContext& context) {
  const auto started = std::chrono::steady_clock::now();
  const auto profile = profile_of(request, context);
  const auto config = config_of(*profile, request.configuration);
  ModuleMap map(request.device, std::string(architecture_of(config).base));
  auto places = find_places(map, request.keys);
  llama::LogCapture log(context.log);
  const llama::HoldBackends hold;
  auto parts = declare(request, profile, config, std::move(map), std::move(places));
  auto reservation = context.reservation;
  if (!reservation)
    reservation = std::make_shared<Reservation>(request.model, uses_of(parts, {}, [](std::size_t) { return 0; }));
  parts.weights->load(
      [&](float part) { return !context.stop.stop_requested() && (!context.progress || context.progress(part)); });
  auto info = info_of(config, parts);
  warn_of_unread(config, request.configuration, context.log);
  if (context.log)
    for (const auto& warning : parts.modules.warnings()) context.log(LogLevel::warning, warning);
  info.path = request.model;
  info.transformer = folder_of(profile->path);
  info.precision = request.precision;
  info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  return std::make_shared<Model>(std::move(info), std::move(parts), std::move(reservation));
}

fs::path transformer_folder(const fs::path& model) { return SentenceModules::transformer_folder(folder_of(model)); }

std::vector<DeviceUse> memory(const EncoderRequest& request, const EncoderUse& use) {
  const auto profile = profile_of(request, {});
  const auto config = config_of(*profile, request.configuration);
  ModuleMap map(request.device, std::string(architecture_of(config).base));
  auto places = find_places(map, request.keys);
  const llama::LogCapture log;
  const llama::HoldBackends hold;
  const auto parts = declare(request, profile, config, std::move(map), std::move(places));
  parts.weights->place_without_data();
  return use_of(parts, use);
}

}  // namespace berth::encoder
