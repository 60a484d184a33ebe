#include "engine/encoder/sentence_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <system_error>

#include "berth/error.h"
#include "berth/model.h"
#include "engine/encoder/config.h"
#include "engine/encoder/element_values.h"
#include "engine/encoder/mapped_file.h"
#include "model/named_file.h"
#include "model/safetensors.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_json_bytes = 1 << 20;
constexpr std::size_t most_modules = 64;
constexpr std::string_view default_activation = "torch.nn.modules.activation.Tanh";
constexpr float norm_eps = 1e-5F;  // torch.nn.LayerNorm's own

struct ModuleEntry {
  std::string type;  ///< without its package
  fs::path folder;
};

std::vector<ModuleEntry> module_entries(const fs::path& folder) {
  const auto file = folder / "modules.json";
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  const auto list = model::read_json(file, most_json_bytes);
  if (!list.is_array() || list.as_array().empty() || list.as_array().size() > most_modules)
    throw FormatError(file, 0, "no list of modules", "the modules of a model of sentence-transformers");
  std::vector<ModuleEntry> entries;
  for (const auto& each : list.as_array()) {
    const auto* type = each.find("type");
    const auto* path = each.find("path");
    if (type == nullptr || !type->is_string() || path == nullptr || !path->is_string())
      throw FormatError(file, 0, printable(each.to_json()), "a module with type and path");
    const auto& name = type->as_string();
    ModuleEntry entry{name.substr(name.rfind('.') == name.npos ? 0 : name.rfind('.') + 1), folder};
    // Modules without a configuration often have no folder either.
    if (!path->as_string().empty() && entry.type != "Normalize" && entry.type != "Dropout")
      entry.folder = model::named_file(file, 0, path->as_string());
    entries.push_back(std::move(entry));
  }
  return entries;
}

[[noreturn]] void refuse_module(const fs::path& folder, const std::string& type) {
  throw EngineError("encoder", "",
                    fmt::format("'{}' names the module {}, which cannot be computed; known are Transformer, "
                                "MLMTransformer, Pooling, SpladePooling, Dense, LayerNorm, Normalize and Dropout",
                                (folder / "modules.json").string(), in_quotes(type)));
}

bool is_transformer(const ModuleEntry& entry) { return entry.type == "Transformer" || entry.type == "MLMTransformer"; }

Config config_in(const fs::path& folder) {
  const auto file = folder / "config.json";
  auto values = model::read_json(file, most_json_bytes);
  if (!values.is_object()) throw FormatError(file, 0, "JSON that is no object", "the configuration of a module");
  return {file, std::move(values)};
}

Pooling read_pooling(const Config& config, std::size_t hidden) {
  const auto width = static_cast<std::int64_t>(hidden);
  for (const auto* name : {"word_embedding_dimension", "embedding_dimension"})
    if (config.integer(name, width, 1, 1 << 24) != width)
      config.fail(name, std::to_string(config.integer(name, 0, 1, 1 << 24)),
                  fmt::format("{}, the hidden size of the model", hidden));
  Pooling pooling;
  pooling.include_prompt = config.flag("include_prompt", true);
  auto modes = config.texts("pooling_mode");
  const auto has = [&](std::string_view flag, std::string_view mode, bool otherwise) {
    return modes.empty() ? config.flag(flag, otherwise) : std::ranges::find(modes, mode) != modes.end();
  };
  pooling.cls = has("pooling_mode_cls_token", "cls", false);
  pooling.max = has("pooling_mode_max_tokens", "max", false);
  pooling.mean = has("pooling_mode_mean_tokens", "mean", true);
  pooling.mean_sqrt_len = has("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", false);
  pooling.weighted_mean = has("pooling_mode_weightedmean_tokens", "weightedmean", false);
  pooling.last_token = has("pooling_mode_lasttoken", "lasttoken", false);
  return pooling;
}

std::size_t modes_of(const Pooling& pooling) {
  std::size_t count = 0;
  for (const bool mode :
       {pooling.cls, pooling.max, pooling.mean, pooling.mean_sqrt_len, pooling.weighted_mean, pooling.last_token})
    count += mode ? 1 : 0;
  return count;
}

/// Weights of a module: few, and always on the host.
class SmallWeights {
 public:
  explicit SmallWeights(const fs::path& folder)
      : profile_(model::read_safetensors_model(folder)), paths_(model::safetensors_files(folder)) {}

  std::vector<float> read(std::string_view name, const std::vector<std::uint64_t>& shape) const {
    for (const auto& tensor : profile_.tensors) {
      if (tensor.name != name) continue;
      const auto type = stored_type(tensor.type);
      if (!type || tensor.shape != shape)
        refuse(tensor.part, tensor.offset, fmt::format("another shape or type of {}", in_quotes(name)),
               "what config.json beside it says");
      const MappedFile file(paths_.at(tensor.part));
      const auto source = file.part(tensor.offset, tensor.bytes);
      if (first_not_finite(source, *type))
        refuse(tensor.part, tensor.offset, fmt::format("NaN or infinity in tensor {}", in_quotes(name)),
               "finite numbers: get the file again");
      return to_floats(source, *type);
    }
    refuse(0, 0, fmt::format("no tensor {}", in_quotes(name)), "one, as config.json beside it says");
  }

 private:
  [[noreturn]] void refuse(std::uint32_t part, std::uint64_t offset, std::string found, std::string expected) const {
    throw FormatError(paths_.at(part), offset, std::move(found), std::move(expected));
  }

  ModelProfile profile_;
  std::vector<fs::path> paths_;
};

std::string activation_name(const Config& config) { return config.text("activation_function", default_activation); }

/// Newer ones may change the states of the tokens instead, before a pooling.
void check_embedding_is_read(const Config& config) {
  for (const auto* name : {"module_input_name", "module_output_name"})
    if (const auto feature = config.text(name, "sentence_embedding"); feature != "sentence_embedding")
      config.fail(name, in_quotes(feature), "\"sentence_embedding\", all that is computed here");
}

Dense read_dense(const Config& config, const fs::path& folder, std::size_t width) {
  Dense dense;
  dense.in = static_cast<std::size_t>(config.count("in_features"));
  dense.out = static_cast<std::size_t>(config.count("out_features"));
  if (dense.in != width)
    config.fail("in_features", std::to_string(dense.in), fmt::format("{}, what the module before gives", width));
  const auto name = activation_name(config);
  dense.activation = torch_activation(is_of_torch(name) ? name : default_activation);
  if (dense.activation == nullptr) config.fail("activation_function", in_quotes(name), known_torch_activations());
  check_embedding_is_read(config);
  const SmallWeights weights(folder);
  dense.weight = weights.read("linear.weight", {dense.in, dense.out});
  if (config.flag("bias", true)) dense.bias = weights.read("linear.bias", {dense.out});
  return dense;
}

std::vector<float> transformed(const Dense& dense, const std::vector<float>& x) {
  std::vector<float> y(dense.out);
  for (std::size_t i = 0; i < dense.out; ++i) {
    double sum = dense.bias.empty() ? 0 : dense.bias[i];
    for (std::size_t j = 0; j < dense.in; ++j) sum += static_cast<double>(dense.weight[i * dense.in + j]) * x[j];
    y[i] = static_cast<float>(sum);
  }
  dense.activation(y);
  return y;
}

std::vector<float> transformed(const SentenceNorm& norm, std::vector<float> x) {
  double sum = 0;
  double squares = 0;
  for (const auto each : x) sum += each;
  const auto mean = sum / static_cast<double>(x.size());
  for (const auto each : x) squares += (each - mean) * (each - mean);
  const auto scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + norm_eps);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>((x[i] - mean) * scale) * norm.weight[i] + norm.bias[i];
  return x;
}

std::vector<float> transformed(const Normalize&, std::vector<float> x) {
  double squares = 0;
  for (const auto each : x) squares += static_cast<double>(each) * each;
  const auto length = std::max(std::sqrt(squares), 1e-12);
  for (auto& each : x) each = static_cast<float>(each / length);
  return x;
}

}  // namespace

fs::path SentenceModules::transformer_folder(const fs::path& folder) {
  const auto entries = module_entries(folder);
  if (entries.empty()) return folder;
  // A model that begins with anything else, such as StaticEmbedding or Router, has no transformer to be read.
  if (!is_transformer(entries.front())) refuse_module(folder, entries.front().type);
  return entries.front().folder;
}

SentenceModules SentenceModules::read(const fs::path& folder, std::size_t hidden, std::size_t vocabulary) {
  SentenceModules modules;
  modules.width_ = hidden;
  for (const auto& entry : module_entries(folder))
    if (!is_transformer(entry) && !modules.add(entry.type, entry.folder, hidden, vocabulary))
      refuse_module(folder, entry.type);
  return modules;
}

void SentenceModules::add_dense(const fs::path& folder) {
  const auto config = config_in(folder);
  if (const auto name = activation_name(config); !is_of_torch(name))
    warnings_.push_back(
        fmt::format("'{}' names the activation {}, which is none of torch: Tanh stands in its place, as "
                    "in sentence-transformers without trust_remote_code",
                    config.file().string(), in_quotes(name)));
  auto dense = read_dense(config, folder, width_);
  width_ = dense.out;
  steps_.push_back(std::move(dense));
}

bool SentenceModules::add(const std::string& type, const fs::path& folder, std::size_t hidden, std::size_t vocabulary) {
  if (type == "Pooling") {
    const auto config = config_in(folder);
    pooling_ = read_pooling(config, hidden);
    if (modes_of(pooling_) == 0) config.fail("pooling_mode_mean_tokens", "no mode of pooling", "one that is true");
    width_ = hidden * modes_of(pooling_);
  } else if (type == "SpladePooling") {
    const auto config = config_in(folder);
    splade_ = SpladePooling{.sums = config.text("pooling_strategy", "max") == "sum",
                            .second_log1p = config.text("activation_function", "relu") == "log1p_relu"};
    width_ = vocabulary;
  } else if (type == "Dense") {
    add_dense(folder);
  } else if (type == "LayerNorm") {
    const SmallWeights weights(folder);
    steps_.push_back(SentenceNorm{weights.read("norm.weight", {width_}), weights.read("norm.bias", {width_})});
  } else if (type == "Normalize") {
    steps_.push_back(Normalize{});
  } else {
    return type == "Dropout";
  }
  return true;
}

std::uint64_t SentenceModules::bytes() const {
  std::size_t numbers = 0;
  for (const auto& step : steps_) {
    if (const auto* dense = std::get_if<Dense>(&step)) numbers += dense->weight.size() + dense->bias.size();
    if (const auto* norm = std::get_if<SentenceNorm>(&step)) numbers += norm->weight.size() + norm->bias.size();
  }
  return numbers * sizeof(float);
}

std::vector<float> SentenceModules::embed(std::span<const float> rows, std::size_t tokens,
                                          std::size_t prompt_tokens) const {
  auto x = splade_ ? pooled(*splade_, rows, tokens) : pooled(pooling_, rows, tokens, prompt_tokens);
  for (const auto& step : steps_)
    x = std::visit([&](const auto& each) { return transformed(each, std::move(x)); }, step);
  return x;
}

}  // namespace berth::encoder
