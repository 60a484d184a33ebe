#include "devices_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "text.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

/// Names of devices and pools are for the user to type: what they need is taken from the name.
struct Widths {
  std::size_t device = 9;
  std::size_t name = 26;
  std::size_t pool = 9;
};

Widths widths(const Inventory& inventory) {
  Widths widths;
  const auto of_three = widths.device + widths.name + widths.pool;
  constexpr std::size_t least_name = 8;
  for (const auto& info : inventory.devices) {
    widths.device = std::max(widths.device, characters(info.device.str()));
    widths.pool = std::max(widths.pool, characters(escaped(info.pool)));
  }
  const auto of_two = widths.device + widths.pool;
  widths.name = std::max(least_name, of_three - std::min(of_three, of_two));
  return widths;
}

std::string row(const Widths& widths, std::string_view device, std::string_view name, std::string_view free,
                std::string_view total, std::string_view pool, std::string_view engines) {
  auto line = fmt::format("{} {} {:>9} {:>9}  {} {}", fitted(device, widths.device), fitted(name, widths.name), free,
                          total, fitted(pool, widths.pool), fitted(engines, 12));
  line.resize(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string note_of(const DeviceInfo& info) {
  const bool asked_for_another = info.disk && !info.disk->path.empty() && info.disk->path != info.disk->mount_point;
  if (!asked_for_another) return info.note;
  return "of " + info.disk->path + (info.note.empty() ? "" : "; " + info.note);
}

std::string rate(double bytes_per_s) {
  return bytes_per_s >= 1e9 ? fmt::format("{:.1f} GB/s", bytes_per_s / 1e9)
                            : fmt::format("{:.0f} MB/s", bytes_per_s / 1e6);
}

/// "name: text" under a device, in lines of its own where it is long.
void add_line(std::string& out, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  out += fmt::format("  {:<14}{}\n", name, wrapped(escaped(text), 16));
}

std::string names_text(const std::vector<DeviceName>& names) {
  std::vector<std::string> texts;
  for (const auto& [in, name] : names) texts.push_back(fmt::format("{} {}", in, name));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string cpu_text(const CpuInfo& cpu) {
  auto text = fmt::format("{} packages, {} cores, {} threads; {} cores may be used", cpu.packages, cpu.cores,
                          cpu.threads, cpu.usable_cores);
  if (cpu.quota_cpus) text += fmt::format(" (quota of {:.2f} CPUs)", *cpu.quota_cpus);
  if (cpu.numa_nodes.size() > 1) text += fmt::format("; {} NUMA nodes", cpu.numa_nodes.size());
  for (const auto& cache : cpu.caches)
    text += fmt::format("; L{} {} x {}", cache.level, cache.count, in_units(cache.bytes));
  return text;
}

std::string gpu_text(const GpuInfo& gpu) {
  std::vector<std::string> parts;
  if (!gpu.compute_capability.empty()) parts.push_back("compute capability " + gpu.compute_capability);
  if (!gpu.mig_profile.empty()) parts.push_back("MIG " + gpu.mig_profile);
  if (gpu.bar1_bytes != 0) parts.push_back("BAR1 " + in_units(gpu.bar1_bytes));
  if (gpu.power_w) parts.push_back(fmt::format("{:.0f} W", *gpu.power_w));
  if (gpu.power_limit_w) parts.push_back(fmt::format("limit {:.0f} W", *gpu.power_limit_w));
  if (gpu.temperature_c) parts.push_back(fmt::format("{:.0f} C", *gpu.temperature_c));
  if (!gpu.throttled_by.empty()) parts.push_back(fmt::format("throttled by {}", fmt::join(gpu.throttled_by, ", ")));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string disk_text(const DiskInfo& disk) {
  auto text = fmt::format("{} on {} ({})", disk.source, disk.mount_point, disk.file_system);
  if (disk.rotational) text += *disk.rotational ? ", rotating" : ", solid state";
  return text;
}

std::string speed_text(const DeviceSpeed& speed) {
  if (speed.flops == 0) return rate(speed.memory_bytes_per_s);
  const auto text = fmt::format("memory {}, {:.1f} GFLOP/s", rate(speed.memory_bytes_per_s), speed.flops / 1e9);
  return speed.operation_s > 0 ? text + fmt::format(", {:.2f} us an operation", speed.operation_s * 1e6) : text;
}

std::string device_text(const DeviceInfo& info) {
  std::string out = fmt::format("{}: {}\n", info.device.str(), escaped(info.name));
  add_line(out, "memory",
           fmt::format("{} free of {} in pool {}{}", in_units(info.free_bytes), in_units(info.total_bytes), info.pool,
                       info.integrated && info.pool == "ram" ? ", which is the CPU's" : ""));
  add_line(out, "engines", names_text(info.engines));
  add_line(out, "known as", names_text(info.apis));
  add_line(out, "PCI", info.pci_id);
  add_line(out, "UUID", info.uuid);
  if (info.numa_node) add_line(out, "NUMA node", std::to_string(*info.numa_node));
  add_line(out, "driver", info.driver);
  add_line(out, "computes in", fmt::format("{}", fmt::join(info.types, ", ")));
  if (info.cpu) {
    add_line(out, "processor", cpu_text(*info.cpu));
    add_line(out, "features", fmt::format("{}", fmt::join(info.cpu->features, " ")));
  }
  if (info.gpu) add_line(out, "GPU", gpu_text(*info.gpu));
  if (info.disk) add_line(out, "disk", disk_text(*info.disk));
  if (info.remote)
    add_line(out, "worker",
             fmt::format("{}{}{} {}", info.remote->name, info.remote->name.empty() ? "" : " at ", info.remote->endpoint,
                         info.remote->version));
  if (info.speed) add_line(out, "measured", speed_text(*info.speed));
  add_line(out, "note", info.note);
  return out;
}

std::string link_text(const Link& link) {
  auto text = fmt::format("{} - {}: {}", link.from, link.to, to_string(link.kind));
  if (!link.detail.empty()) text += ", " + link.detail;
  if (link.bytes_per_s > 0) text += fmt::format(", {}{}", rate(link.bytes_per_s), link.measured ? " measured" : "");
  if (link.latency_us) text += fmt::format(", {:.1f} us", *link.latency_us);
  return escaped(text);
}

}  // namespace

std::string engine_names(const DeviceInfo& info) {
  std::vector<std::string> names;
  for (const auto& engine : info.engines)
    if (std::ranges::find(names, engine.in) == names.end()) names.push_back(engine.in);
  return names.empty() ? "-" : fmt::format("{}", fmt::join(names, ", "));
}

std::string device_table(const Inventory& inventory) {
  const auto columns = widths(inventory);
  auto table = row(columns, "DEVICE", "NAME", "FREE", "TOTAL", "POOL", "ENGINES");
  for (const auto& info : inventory.devices) {
    table += row(columns, info.device.str(), escaped(info.name), in_units(info.free_bytes), in_units(info.total_bytes),
                 escaped(info.pool), escaped(engine_names(info)));
    const auto indent = columns.device + 1;
    if (const auto note = note_of(info); !note.empty())
      table += std::string(indent, ' ') + wrapped(escaped(note), indent) + "\n";
  }
  return table;
}

std::string measured_speeds(const Inventory& inventory) {
  std::string lines;
  for (const auto& info : inventory.devices)
    if (info.speed) lines += fmt::format("  {}: {}\n", info.device.str(), speed_text(*info.speed));
  for (const auto& link : inventory.links)
    if (link.measured) lines += "  " + wrapped(link_text(link), 2) + "\n";
  return lines.empty() ? lines : "Measured\n" + lines;
}

std::string explanation(const Inventory& inventory) {
  std::string out = "Probes\n";
  for (const auto& report : inventory.probes) {
    out += fmt::format(
        "  {:<13} {:<15} {:>7.1f} ms  {}\n", escaped(report.probe), to_string(report.outcome), report.milliseconds,
        fitted(escaped(report.library + (report.library_version.empty() ? "" : " " + report.library_version)), 36));
    out.resize(out.find_last_not_of(" \n") + 1);
    out += '\n';
    if (!report.message.empty()) out += "                " + wrapped(escaped(report.message), 16) + "\n";
    for (const auto& note : report.notes) out += "                " + wrapped(escaped(note), 16) + "\n";
  }
  out += "\nDevices\n";
  for (const auto& info : inventory.devices) out += device_text(info);
  if (!inventory.links.empty()) out += "\nLinks\n";
  for (const auto& link : inventory.links) out += "  " + wrapped(link_text(link), 2) + "\n";
  return out;
}

}  // namespace berth::cli
