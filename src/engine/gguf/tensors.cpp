#include "engine/gguf/tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "berth/error.h"
#include "engine/encoder/element_values.h"
#include "engine/gguf/rotation.h"
#include "text/printable.h"

namespace berth::gguf {
namespace {

/// What stands at the end of a tensor's name there and here.
constexpr std::array<std::string_view, 2> endings = {".weight", ".bias"};

constexpr std::array<std::string_view, 6> roles_of_model = {"token_embd",  "position_embd",   "output",
                                                            "output_norm", "enc.output_norm", "dec.output_norm"};
constexpr std::array<std::string_view, 15> roles_of_attention = {
    "attn_norm",       "attn_q",       "attn_k",       "attn_v",       "attn_qkv",
    "attn_output",     "attn_q_norm",  "attn_k_norm",  "attn_rel_b",   "post_attention_norm",
    "cross_attn_norm", "cross_attn_q", "cross_attn_k", "cross_attn_v", "cross_attn_output"};
constexpr std::array<std::string_view, 13> roles_of_feed_forward = {
    "ffn_norm",       "ffn_gate",      "ffn_up",        "ffn_down",      "post_ffw_norm",
    "ffn_gate_inp",   "ffn_gate_exps", "ffn_up_exps",   "ffn_down_exps", "ffn_gate_inp_shexp",
    "ffn_gate_shexp", "ffn_up_shexp",  "ffn_down_shexp"};

/// Not computed with: tables that are made anew, and copies.
constexpr std::array<std::string_view, 6> left_out = {
    "rotary_emb.inv_freq",         ".attn.bias",
    ".attn.masked_bias",           "encoder.embed_tokens.weight",
    "decoder.embed_tokens.weight", "EncDecAttention.relative_attention_bias.weight"};

/// What reads images.
constexpr std::array<std::string_view, 2> of_images = {"vision_tower.", "multi_modal_projector."};

std::string_view ending_of(std::string_view name) {
  const auto found = std::ranges::find_if(endings, [&](std::string_view end) { return name.ends_with(end); });
  return found == endings.end() ? std::string_view() : *found;
}

bool is_left_out(const TensorInfo& tensor, const Architecture& architecture) {
  return std::ranges::any_of(left_out, [&](std::string_view end) { return tensor.name.ends_with(end); }) ||
         (architecture.text_defaults != nullptr && std::ranges::any_of(of_images, [&](std::string_view part) {
            return tensor.name.find(part) != std::string::npos;
          }));
}

/// Where norms stand behind attention and feed-forward too, "post_attention_layernorm" is one of them.
std::string role_of(const TensorInfo& tensor, bool norms_after) {
  const bool is_after = norms_after && tensor.name.ends_with("post_attention_layernorm.weight");
  return is_after ? "post_attention_norm" : tensor.role;
}

/// "enc." and "dec." stand before the layer in GGUF.
std::string name_of(const TensorInfo& tensor, const std::string& of_role) {
  if (!tensor.layer) return of_role;
  const auto dot = of_role.find('.');
  if (dot == std::string::npos) return fmt::format("blk.{}.{}", *tensor.layer, of_role);
  auto role = of_role.substr(dot + 1);
  if (role.ends_with("attn_output")) role.resize(role.size() - std::string_view("utput").size());  // "attn_o"
  return fmt::format("{}.blk.{}.{}", of_role.substr(0, dot), *tensor.layer, role);
}

/// "ffn_gate.5" is the sixth of "ffn_gate_exps".
std::optional<std::size_t> number_of_expert(std::string_view role) {
  const auto dot = role.find('.');
  std::size_t number = 0;
  if (!role.starts_with("ffn_") || dot == role.npos) return std::nullopt;
  const auto [end, problem] = std::from_chars(role.data() + dot + 1, role.data() + role.size(), number);
  return problem == std::errc() && end == role.data() + role.size() ? std::optional(number) : std::nullopt;
}

bool is_known(const TensorInfo& tensor, std::string_view role) {
  if (tensor.layer && (role.starts_with("enc.") || role.starts_with("dec."))) role.remove_prefix(4);
  const auto has = [&](const auto& roles) { return std::ranges::find(roles, role) != roles.end(); };
  return (has(roles_of_model) || has(roles_of_attention) || has(roles_of_feed_forward)) &&
         !ending_of(tensor.name).empty();
}

[[noreturn]] void refuse(const ModelProfile& profile, const TensorInfo& tensor, const std::string& found,
                         const std::string& expected) {
  throw FormatError(profile.path, tensor.offset, fmt::format("{} in tensor {}", found, in_quotes(tensor.name)),
                    expected);
}

[[noreturn]] void refuse_shape(const ModelProfile& profile, const TensorInfo& source, const std::string& expected) {
  const std::vector<std::uint64_t> shape(source.shape.rbegin(), source.shape.rend());  // as it stands in the file
  refuse(profile, source, fmt::format("the shape [{}]", fmt::join(shape, ", ")), expected);
}

/// Of a file that was made to do harm: a dimension of no rows has no rows to move.
void check_shape(const ModelProfile& profile, const TensorInfo& source) {
  if (source.shape.empty() || std::ranges::find(source.shape, 0U) != source.shape.end())
    refuse_shape(profile, source, "one dimension or more, each above 0");
}

WrittenTensor written(const ModelProfile& profile, const TensorInfo& source, const std::string& role,
                      const Architecture& architecture, const encoder::Config& config) {
  check_shape(profile, source);
  const auto stored = encoder::stored_type(source.type);
  if (!stored) refuse(profile, source, "the type " + source.type, "F32, F16 or BF16");
  WrittenTensor tensor{.name = name_of(source, role) + std::string(ending_of(source.name)), .sources = {&source}};
  for (const auto size : source.shape) tensor.shape.push_back(static_cast<std::int64_t>(size));
  if (role == "ffn_gate_inp_shexp") {
    if (source.shape.size() != 2 || source.shape[1] != 1) refuse_shape(profile, source, "one row");
    tensor.shape.resize(1);
  }
  // Norms, biases and tables of positions are added or multiplied in float32; so are experts chosen.
  const bool is_matrix = source.shape.size() == 2 && role != "position_embd" && !role.ends_with("rel_b") &&
                         !role.starts_with("ffn_gate_inp");
  tensor.type = is_matrix ? *stored : GGML_TYPE_F32;
  if (architecture.transposed && is_matrix && source.layer) {
    tensor.transposed = true;
    std::ranges::reverse(tensor.shape);
  }
  if (architecture.pairs_rows && (role == "attn_q" || role == "attn_k")) {
    const auto heads = config.count("num_attention_heads");
    tensor.heads = role == "attn_q" ? heads : config.integer("num_key_value_heads", heads, 1, heads);
    if (tensor.shape.back() % (2 * tensor.heads) != 0)
      refuse(profile, source, fmt::format("{} rows", tensor.shape.back()),
             fmt::format("an even number for each of {} heads", tensor.heads));
  }
  if (architecture.norms_less_one && role.ends_with("norm")) tensor.added = 1;
  return tensor;
}

/// Experts of one layer behind each other.
WrittenTensor joined(const ModelProfile& profile, const std::map<std::size_t, const TensorInfo*>& experts,
                     const Architecture& architecture, const encoder::Config& config) {
  const auto& first = *experts.begin()->second;
  auto tensor = written(profile, first, first.role.substr(0, first.role.find('.')) + "_exps", architecture, config);
  tensor.sources.clear();
  for (const auto& [number, source] : experts) {
    if (number != tensor.sources.size() || source->shape != first.shape || source->type != first.type)
      refuse(profile, *source, "an expert", "experts of one shape and type, with numbers from 0 on");
    tensor.sources.push_back(source);
  }
  tensor.shape.push_back(static_cast<std::int64_t>(experts.size()));
  return tensor;
}

/// Row r of either half of a head becomes row 2r or 2r + 1 of it.
std::vector<std::byte> rows_in_pairs(const std::vector<std::byte>& bytes, std::int64_t rows, std::int64_t heads) {
  std::vector<std::byte> result(bytes.size());
  const auto row = bytes.size() / static_cast<std::size_t>(rows);
  const auto half = static_cast<std::size_t>(rows / heads / 2);
  for (std::size_t head = 0; head < static_cast<std::size_t>(heads); ++head)
    for (std::size_t part = 0; part < 2; ++part)
      for (std::size_t i = 0; i < half; ++i)
        std::memcpy(result.data() + (2 * (head * half + i) + part) * row,
                    bytes.data() + ((2 * head + part) * half + i) * row, row);
  return result;
}

/// `columns` and `rows` are those of the result.
std::vector<std::byte> transpose(const std::vector<std::byte>& bytes, std::int64_t columns, std::int64_t rows) {
  std::vector<std::byte> result(bytes.size());
  const auto width = static_cast<std::size_t>(columns);
  const auto height = static_cast<std::size_t>(rows);
  const auto size = bytes.size() / (width * height);
  for (std::size_t column = 0; column < width; ++column)
    for (std::size_t row = 0; row < height; ++row)
      std::memcpy(result.data() + (row * width + column) * size, bytes.data() + (column * height + row) * size, size);
  return result;
}

}  // namespace

std::vector<WrittenTensor> written_tensors(const ModelProfile& profile, const Architecture& architecture,
                                           const encoder::Config& config) {
  std::vector<WrittenTensor> tensors;
  const bool tied = config.flag("tie_word_embeddings", architecture.tied);
  const bool norms_after =
      std::ranges::find(profile.tensors, "post_ffw_norm", &TensorInfo::role) != profile.tensors.end();
  const WrittenTensor* embeddings = nullptr;
  std::map<std::pair<std::uint64_t, std::string>, std::map<std::size_t, const TensorInfo*>> experts;
  tensors.reserve(profile.tensors.size() + 2);
  for (const auto& source : profile.tensors) {
    if (is_left_out(source, architecture) || (tied && source.role == "output")) continue;
    if (const auto number = number_of_expert(source.role); number && source.layer) {
      const auto part = source.role.substr(0, source.role.find('.'));
      if (!is_known(source, part + "_exps") || !source.name.ends_with(".weight"))
        refuse(profile, source, "something", "the weight of an expert");
      if (!experts[{*source.layer, part}].emplace(*number, &source).second)
        refuse(profile, source, fmt::format("the {} of expert {} again", part, *number), "each of an expert once");
      continue;
    }
    const auto role = role_of(source, norms_after);
    if (!is_known(source, role)) refuse(profile, source, "something", "no tensor that has no place in GGUF");
    tensors.push_back(written(profile, source, role, architecture, config));
    if (source.role == "token_embd") embeddings = &tensors.back();
  }
  for (const auto& [of, parts] : experts) tensors.push_back(joined(profile, parts, architecture, config));
  // T5 with tied embeddings makes the state smaller before the output.
  if (architecture.name == "t5" && tied && embeddings != nullptr) {
    tensors.push_back(*embeddings);
    tensors.back().name = "output.weight";
    tensors.back().scale = 1 / std::sqrt(static_cast<float>(config.count("d_model")));
  }
  for (auto& factors : rotation_factors(config, architecture.name)) {
    const auto size = static_cast<std::int64_t>(factors.values.size());
    tensors.push_back(
        {.name = factors.name, .type = GGML_TYPE_F32, .shape = {size}, .values = std::move(factors.values)});
  }
  return tensors;
}

void write_tensor(const WrittenTensor& tensor, std::span<const std::byte> source,
                  const std::function<void(std::span<const std::byte>)>& write) {
  if (tensor.sources.empty()) return write(std::as_bytes(std::span(tensor.values)));
  const auto stored = *encoder::stored_type(tensor.sources.front()->type);
  if (tensor.scale != 1 || tensor.added != 0) {
    auto values = encoder::to_floats(source, stored);
    for (auto& value : values) value = value * tensor.scale + tensor.added;
    return write(encoder::converted(std::as_bytes(std::span(values)), GGML_TYPE_F32, tensor.type));
  }
  if (stored == tensor.type && !tensor.transposed && tensor.heads == 0) return write(source);
  const auto bytes = encoder::converted(source, stored, tensor.type);
  write(tensor.transposed  ? transpose(bytes, tensor.shape[0], tensor.shape[1])
        : tensor.heads > 0 ? rows_in_pairs(bytes, tensor.shape.back(), tensor.heads)
                           : bytes);
}

}  // namespace berth::gguf
