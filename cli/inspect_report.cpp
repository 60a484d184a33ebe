#include "inspect_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "berth/memory.h"
#include "berth/ordered_map.h"
#include "text.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

std::string kind_of(const LayerProfile& layer) {
  std::vector<std::string> parts;
  if (layer.attention) {
    auto text = fmt::format("attention of {} heads", layer.heads);
    if (layer.kv_heads != layer.heads) text += fmt::format(" ({} for keys and values)", layer.kv_heads);
    if (layer.window > 0) text += fmt::format(" over {} tokens", layer.window);
    if (layer.keys_only) text += ", latent";
    if (layer.cache_of) text += ", with the cache of another layer";
    if (layer.weights_of) text += ", with the weights of another layer";
    parts.push_back(text);
  }
  if (layer.recurrent) parts.emplace_back("a recurrent state");
  if (layer.dense) parts.push_back(fmt::format("a dense part of {}", layer.feed_forward_length));
  if (layer.experts) parts.push_back(fmt::format("experts, {} used", layer.experts_used));
  if (!layer.loaded) parts.emplace_back("not loaded: it only guesses tokens ahead");
  return parts.empty() ? "nothing that is known" : fmt::format("{}", fmt::join(parts, "; "));
}

/// "0-4, 6, 8-11".
std::string as_ranges(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    auto end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", numbers[i]);
    if (end - i > 1) text += fmt::format("-{}", numbers[end - 1]);
    i = end;
  }
  return text;
}

std::string layers_by_kind(const ModelProfile& profile) {
  OrderedMap<std::vector<std::size_t>> kinds;
  for (std::size_t i = 0; i < profile.layers.size(); ++i) {
    const auto kind = kind_of(profile.layers[i]);
    auto numbers = kinds.contains(kind) ? kinds.at(kind) : std::vector<std::size_t>();
    numbers.push_back(i);
    kinds.set(kind, std::move(numbers));
  }
  std::string text;
  for (const auto& [kind, numbers] : kinds)
    text += fmt::format("  {}\n    {}\n", wrapped(as_ranges(numbers), 2), wrapped(kind, 4));
  return text;
}

struct Sum {
  std::uint64_t bytes = 0;
  std::size_t count = 0;
};

/// Sums of tensors by what `key` says of each, the largest first.
template <class Key>
std::string sums_of_tensors(const ModelProfile& profile, const char* title, Key key) {
  OrderedMap<Sum> sums;
  for (const auto& tensor : profile.tensors) {
    const std::string name = key(tensor);
    auto sum = sums.contains(name) ? sums.at(name) : Sum();
    sum.bytes += tensor.bytes;
    ++sum.count;
    sums.set(name, sum);
  }
  std::vector<std::pair<std::string, Sum>> sorted(sums.begin(), sums.end());
  std::ranges::stable_sort(sorted, std::greater(), [](const auto& each) { return each.second.bytes; });
  std::vector<std::vector<std::string>> rows = {{title, "TENSORS", "BYTES", "PART"}};
  for (const auto& [name, sum] : sorted)
    rows.push_back(
        {escaped(name), std::to_string(sum.count), in_units(sum.bytes),
         fmt::format("{:.1f} %", 100 * static_cast<double>(sum.bytes) /
                                     static_cast<double>(std::max<std::uint64_t>(profile.tensor_bytes, 1)))});
  return table(rows);
}

/// Of each kind of tensor where in the model it is, coarsely.
std::string part_of(const TensorInfo& tensor) {
  const bool is_in_stack = tensor.role.starts_with("enc.") || tensor.role.starts_with("dec.");
  const auto role = std::string_view(tensor.role).substr(is_in_stack ? 4 : 0);
  const auto starts = [&](std::initializer_list<std::string_view> all) {
    return std::ranges::any_of(all, [&](std::string_view start) { return role.starts_with(start); });
  };
  if (role.find("_shexp") != role.npos) return "shared experts";
  if (role.find("_exps") != role.npos || starts({"ffn_gate.", "ffn_up.", "ffn_down."})) return "experts";
  if (starts({"attn", "cross_attn"})) return "attention";
  if (starts({"ffn", "channel_mix"})) return "feed-forward";
  if (starts({"ssm", "time_mix", "shortconv"})) return "recurrent";
  if (role.find("embd") != role.npos) return "embeddings";
  if (starts({"output"})) return "output";
  return "others";
}

std::uint64_t cache_bytes_at(const ModelProfile& profile, int tokens) {
  std::uint64_t bytes = 0;
  for (const auto& use : memory_of(profile, {}, {.n_ctx = tokens})) bytes += use.cache;
  return bytes;
}

}  // namespace

std::string profile_text(const ModelProfile& profile) {
  const auto line = [](const char* name, const std::string& text) {
    return fmt::format("{:<14}{}\n", name, wrapped(escaped(text), 14));
  };
  const auto number = [](const auto& value) { return value ? std::to_string(*value) : std::string("not said"); };
  auto text = line("Name", profile.name) + line("File", profile.path.string());
  text += line("Format", fmt::format("{}, {}{}", profile.format, in_units(profile.file_bytes),
                                     profile.part_count > 1 ? fmt::format(" in {} parts", profile.part_count) : ""));
  text += line("Architecture", profile.architecture);
  text += line("Layers", number(profile.block_count));
  text += line("Trained for", number(profile.context_length) + " tokens of context");
  text += line("Width", number(profile.embedding_length));
  text += line("Vocabulary", number(profile.vocabulary_size));
  if (profile.experts > 0) text += line("Experts", std::to_string(profile.experts));
  text += line("Chat template", profile.has_chat_template ? "yes" : "no");
  text += line("Weights", fmt::format("{} in {} tensors", in_units(profile.tensor_bytes), profile.tensors.size()));
  if (!profile.layers.empty())
    text +=
        line("Cache", fmt::format("{} for 4096 tokens, {} for 32768, in F16", in_units(cache_bytes_at(profile, 4096)),
                                  in_units(cache_bytes_at(profile, 32768))));
  if (!profile.layers.empty()) text += "\nLayers by kind\n" + layers_by_kind(profile);
  text += "\n" + sums_of_tensors(profile, "PART", part_of);
  return text + "\n" + sums_of_tensors(profile, "TYPE", [](const TensorInfo& tensor) { return tensor.type; });
}

}  // namespace berth::cli
