#include "discover/host/cpu_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <utility>

#include "discover/host/system_file.h"
#include "inventory/cpu_vendor.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

struct Feature {
  std::string_view flag;  // of the kernel
  std::string_view name;
};

constexpr std::array<Feature, 21> known_features{{
    {"avx2", "avx2"},
    {"fma", "fma"},
    {"f16c", "f16c"},
    {"avx_vnni", "avx_vnni"},
    {"avx512f", "avx512f"},
    {"avx512bw", "avx512bw"},
    {"avx512vl", "avx512vl"},
    {"avx512_vnni", "avx512_vnni"},
    {"avx512_bf16", "avx512_bf16"},
    {"avx512_fp16", "avx512_fp16"},
    {"amx_tile", "amx_tile"},
    {"amx_int8", "amx_int8"},
    {"amx_bf16", "amx_bf16"},
    {"neon", "neon"},  // of 32 bits
    {"asimd", "neon"},
    {"asimdhp", "fp16"},
    {"asimddp", "dotprod"},
    {"bf16", "bf16"},
    {"i8mm", "i8mm"},
    {"sve", "sve"},
    {"sve2", "sve2"},
}};

std::vector<std::string> features_of(const std::set<std::string_view>& flags) {
  std::vector<std::string> found;
  for (const auto& [flag, name] : known_features)
    if (flags.contains(flag)) found.emplace_back(name);
  return found;
}

std::string first_value(std::string_view cpuinfo, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (const auto value = value_of(cpuinfo, key); value && !value->empty()) return std::string(*value);
  return {};
}

}  // namespace

CpuDescription describe_cpu(std::string_view cpuinfo) {
  // x86, Arm and s390x, LoongArch, Arm of 32 bits, MIPS, Power, RISC-V
  CpuDescription cpu{
      .name = printable(first_value(cpuinfo, {"model name", "Model Name", "Hardware", "cpu model", "cpu", "uarch"})),
      .vendor = cpu_vendor(first_value(cpuinfo, {"vendor_id", "CPU implementer"}))};
  if (const auto machine = first_value(cpuinfo, {"machine"}); cpu.name.empty() && !machine.empty())
    cpu.name = printable(fmt::format("{} machine {}", cpu.vendor, machine));
  if (const auto part = first_value(cpuinfo, {"CPU part"}); cpu.name.empty() && !part.empty())
    cpu.name = printable(fmt::format("{} CPU, part {}", cpu.vendor, part));
  std::set<std::string_view> common;
  std::string_view last;
  bool first = true;
  for (const auto line : lines(cpuinfo)) {
    const auto [key, text] = entry_in(line);
    if (key == "processor" || key.starts_with("processor ")) ++cpu.processors;  // "processor 0" on s390x
    if (key != "flags" && key != "Features") continue;
    // Most machines repeat one line for each processor.
    if (!first && text == last) continue;
    const auto flags = words(text);
    const std::set<std::string_view> own(flags.begin(), flags.end());
    if (first) common = own;
    std::erase_if(common, [&](std::string_view flag) { return !own.contains(flag); });
    last = text;
    first = false;
  }
  cpu.features = features_of(common);
  return cpu;
}

std::vector<std::string> number_types(const std::vector<std::string>& features) {
  const auto any = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return std::ranges::count(features, name) > 0; });
  };
  std::vector<std::string> types;
  if (any({"avx512_fp16", "fp16"})) types.emplace_back("fp16");
  if (any({"avx512_bf16", "amx_bf16", "bf16"})) types.emplace_back("bf16");
  if (any({"avx_vnni", "avx512_vnni", "amx_int8", "dotprod", "i8mm"})) types.emplace_back("int8");
  return types;
}

}  // namespace berth::discovery
