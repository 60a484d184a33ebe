#include "run_report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "berth/simulated.h"
#include "output.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

/// Of the process that holds the model; 0 where that is not known.
std::uint64_t peak_of_process(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view name = "VmHWM:";
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
  return 0;
}

/// Of this process and that of the engine.
std::uint64_t peak_rss_bytes(const LoadedModelInfo& model) {
  const auto of_engine = model.host_pid ? peak_of_process(*model.host_pid) : 0;
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return of_engine + static_cast<std::uint64_t>(usage.ru_maxrss);
#else
  return of_engine + static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

bool runs_simulated(const LoadedModelInfo& model) {
  return std::ranges::any_of(model.keys, [](const auto& each) { return is_simulated(each.second); });
}

std::size_t generated_tokens(const GenerationResult& result) {
  std::size_t count = 0;
  for (const auto& completion : result.completions) count += completion.generated_tokens;
  return count;
}

}  // namespace

Value as_value(const GenerationResult& result, const LoadedModelInfo& model, std::string_view engine) {
  Value::Array replies;
  Value::Array reasons;
  Value::Array seeds;
  for (const auto& completion : result.completions) {
    replies.emplace_back(completion.text);
    reasons.emplace_back(to_string(completion.finish_reason));
    seeds.emplace_back(completion.seed);
  }
  Value::Object meta = {{"device", model.where()},
                        {"simulated", runs_simulated(model)},
                        {"engine", engine},
                        {"model", model.path.string()},
                        {"prompt_tokens", result.completions.front().prompt_tokens},
                        {"generated_tokens", generated_tokens(result)},
                        {"tokens_per_second", result.tokens_per_second},
                        {"load_ms", model.load_ms},
                        {"first_token_ms", result.first_token_ms},
                        {"peak_rss_bytes", peak_rss_bytes(model)},
                        {"finish_reasons", std::move(reasons)},
                        {"seeds", std::move(seeds)}};
  if (!result.recoveries.empty())
    meta.set("recoveries", Value::Array(result.recoveries.begin(), result.recoveries.end()));
  return Value::Object{{"replies", std::move(replies)}, {"meta", std::move(meta)}};
}

std::string where(const LoadedModelInfo& model) {
  std::string text;
  for (const auto& device : model.devices) {
    const auto* key = model.keys.find(device.str());
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", key != nullptr && is_simulated(*key) ? "simulated " : "",
                        device.str());
  }
  return text;
}

void tell_lines(const std::string& text, std::string_view before) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) note(fmt::format("{}{}", before, escaped(line)));
}

void tell_device(const Resolution& resolution) { tell_lines(resolution.str(), "device "); }

void tell_model(const LoadedModelInfo& model) {
  if (model.host_pid) note(fmt::format("the engine runs in a process of its own, {}", *model.host_pid));
  note(fmt::format("{} on {}, loaded in {:.0f} ms from {}", escaped(model.description), where(model), model.load_ms,
                   escaped(model.path.string())));
}

void tell_summary(const GenerationResult& result, const LoadedModelInfo& model) {
  std::string ends;
  for (const auto& completion : result.completions)
    ends += (ends.empty() ? "" : ", ") + std::string(to_string(completion.finish_reason));
  note(fmt::format("{} prompt tokens, the first token after {:.0f} ms", result.completions.front().prompt_tokens,
                   result.first_token_ms));
  note(fmt::format("{} generated tokens ({}), {:.1f} tokens/s, {} of memory at the peak", generated_tokens(result),
                   ends, result.tokens_per_second, in_units(peak_rss_bytes(model))));
}

}  // namespace berth::cli
