#include <fmt/format.h>

#include <filesystem>

#include "berth/plan_export.h"
#include "plan/export/export.h"
#include "plan/export/layer_split.h"
#include "plan/memory/engine_layout.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

std::string path_in_file(const std::filesystem::path& path) {
  auto text = std::filesystem::absolute(path).string();
  if (text.find_first_of("\r\n") != std::string::npos)
    throw std::invalid_argument("A Modelfile cannot name " + in_quotes(text) + ": rename the file");
  return text;
}

/// Ollama knows a projector by its header.
std::string companion_lines(const std::vector<PlacedCompanion>& companions) {
  std::string lines;
  for (const auto& each : companions) {
    const auto path = path_in_file(each.path);
    const auto device = each.device.value_or(Device::cpu()).str();
    if (each.kind == CompanionKind::draft)
      lines += fmt::format("# Ollama loads no draft model; the plan has {} on {}.\n", path, device);
    else if (each.kind == CompanionKind::adapter)
      lines += fmt::format("ADAPTER {}\n", path);
    else
      lines += fmt::format("# Ollama places projectors itself; the plan has this one on {}.\nFROM {}\n", device, path);
  }
  return lines;
}

}  // namespace

std::string to_ollama(const Plan& plan, const ModelProfile& profile) {
  plan::need_gguf(profile, "Ollama");
  plan::need_fitting(plan, "Ollama");
  const auto path = path_in_file(profile.path);
  const auto split =
      plan::layer_split(plan::engine_layout(profile, plan::without_disk(plan.placement), plan.context, {}));
  const auto& context = plan.context;
  std::string file = "# ollama create NAME -f Modelfile\n";
  file += fmt::format("# The server takes these from its environment: OLLAMA_NUM_PARALLEL={} OLLAMA_KV_CACHE_TYPE={}\n",
                      context.n_seq, lower(context.type_k));
  if (context.flash_attention != FlashAttention::automatic)
    file += fmt::format("# and OLLAMA_FLASH_ATTENTION={}\n", context.flash_attention == FlashAttention::on ? 1 : 0);
  if (context.type_k != context.type_v)
    file +=
        fmt::format("# Ollama has one type for keys and values; the plan has {} for values.\n", lower(context.type_v));
  if (split.devices.size() > 1) {
    file += "# Ollama divides layers over devices itself; the plan has";
    for (std::size_t i = 0; i < split.devices.size(); ++i)
      file += fmt::format("{} {} on {}", i == 0 ? "" : ",", split.counts[i], split.devices[i].str());
    file += ".\n";
  }
  if (!plan.placement.tensors.empty())
    file += fmt::format("# Ollama cannot place single tensors; the plan has {} apart from their layers.\n",
                        plan.placement.tensors.size());
  if (plan::uses_disk(plan.placement))
    file += "# What the plan leaves on the disk is read from the mapped file, unless use_mmap is false.\n";
  file += fmt::format("FROM {}\n", path);
  file += companion_lines(plan.companions);
  file += fmt::format("PARAMETER num_ctx {}\n", context.unified ? context.n_ctx : context.n_ctx / context.n_seq);
  file += fmt::format("PARAMETER num_batch {}\n", context.n_ubatch);
  file += fmt::format("PARAMETER num_gpu {}\n", split.n_gpu_layers);
  return file;
}

}  // namespace berth
