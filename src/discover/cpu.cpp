#include "discover/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <thread>

namespace berth::discovery {
namespace {

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// One name for the core that a processor belongs to: the list of its hardware threads.
std::string core_of(int processor) {
  const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(processor) + "/topology/";
  const std::string siblings = first_line(topology + "thread_siblings_list");
  return siblings.empty() ? "cpu" + std::to_string(processor) : siblings;
}

int cores_in_affinity_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return static_cast<int>(std::thread::hardware_concurrency());
  std::set<std::string> cores;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor)
    if (CPU_ISSET(processor, &mask)) cores.insert(core_of(processor));
  return static_cast<int>(cores.size());
}

/// CPUs that the quota of the cgroup (version 2) and of each one above it allows; infinity without a quota.
double cgroup_cpu_quota() {
  double quota = std::numeric_limits<double>::infinity();
  std::ifstream memberships("/proc/self/cgroup");
  for (std::string line; std::getline(memberships, line);) {
    if (!line.starts_with("0::")) continue;
    const std::filesystem::path root = "/sys/fs/cgroup";
    for (std::filesystem::path group = line.substr(3); !group.empty(); group = group.parent_path()) {
      std::ifstream file(root / group.relative_path() / "cpu.max");
      double allowed = 0;
      double period = 0;
      if (file >> allowed >> period && period > 0) quota = std::min(quota, allowed / period);  // "max" is no number
      if (group == group.root_path()) break;
    }
  }
  return quota;
}

std::uint64_t meminfo_bytes(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    std::uint64_t kibibytes = 0;
    file >> kibibytes;
    if (name == key) return kibibytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

int usable_cores() {
  const double quota = cgroup_cpu_quota();
  const int cores = std::max(1, cores_in_affinity_mask());
  return quota < cores ? std::max(1, static_cast<int>(std::ceil(quota))) : cores;
}

std::uint64_t total_memory_bytes() { return meminfo_bytes("MemTotal:"); }
std::uint64_t available_memory_bytes() { return meminfo_bytes("MemAvailable:"); }

}  // namespace berth::discovery
