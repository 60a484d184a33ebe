#include "plan/memory/cache_types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "plan/memory/engine_layout.h"
#include "text/lower_case.h"
#include "text/printable.h"

namespace berth::plan {
namespace {

bool is_known(std::string_view name) {
  return std::ranges::find(cache_types, cache_type_named(name)) != cache_types.end();
}

std::string problem_of_names(const ContextSpec& context) {
  for (const auto& [field, name] : {std::pair("type_k", context.type_k), std::pair("type_v", context.type_v)})
    if (!is_known(name))
      return fmt::format("The context's {} is {}; the types of a cache are {}", field, in_quotes(name),
                         fmt::join(cache_types, ", "));
  return "";
}

/// Blocks of a quantized type have to fit into the rows of a head, where flash attention may read them.
std::string problem_of_blocks(std::string_view field, const std::string& name, std::uint64_t LayerProfile::*length,
                              const ModelProfile& profile) {
  const auto type = element_type(name);
  if (!type.quantized()) return "";
  for (const auto& layer : profile.layers) {
    if (!layer.has_cache || layer.*length % type.elements == 0) continue;
    return fmt::format(
        "The context's {} is {}, whose blocks of {} elements do not divide the {} of a head of this model; "
        "take F16",
        field, in_quotes(name), type.elements, layer.*length);
  }
  return "";
}

}  // namespace

std::string cache_type_named(std::string_view name) {
  const auto wanted = lower_case(name);
  const auto found = std::ranges::find_if(cache_types, [&](auto type) { return lower_case(type) == wanted; });
  return std::string(found == cache_types.end() ? name : *found);
}

std::string cache_type_problem(const ModelProfile& profile, const ContextSpec& context) {
  if (auto problem = problem_of_names(context); !problem.empty()) return problem;
  const bool compressed = std::ranges::any_of(profile.layers, &LayerProfile::keys_only);
  if (compressed && element_type(context.type_k) != element_type(context.type_v))
    return fmt::format(
        "The context's type_k is {} and its type_v {}: this model keeps both in one (MLA), so take the same",
        in_quotes(context.type_k), in_quotes(context.type_v));
  const auto flash = engine_flash_attention(profile, context);
  if (flash != FlashAttention::off) {
    const auto problem = problem_of_blocks("type_k", context.type_k, &LayerProfile::key_length, profile);
    return problem.empty() ? problem_of_blocks("type_v", context.type_v, &LayerProfile::value_length, profile)
                           : problem;
  }
  if (!element_type(context.type_v).quantized()) return "";
  return fmt::format("The context's type_v is {}, which needs flash attention, and that is off; take F16",
                     in_quotes(context.type_v));
}

void check_cache_type_names(const ContextSpec& context) {
  if (auto problem = problem_of_names(context); !problem.empty()) throw std::invalid_argument(problem);
}

void check_cache_types(const ModelProfile& profile, const ContextSpec& context) {
  if (auto problem = cache_type_problem(profile, context); !problem.empty()) throw std::invalid_argument(problem);
}

}  // namespace berth::plan
