/// What /proc/cpuinfo says of the processors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::discovery {

struct CpuDescription {
  std::string name = {};                   ///< "AMD EPYC 9654 96-Core Processor"
  std::string vendor = {};                 ///< "AMD"
  std::vector<std::string> features = {};  ///< those of every processor that engines dispatch on
  int processors = 0;                      ///< that are listed

  bool operator==(const CpuDescription&) const = default;
};

/// `cpuinfo` is the text of the whole file. Features are known for x86 and Arm only.
CpuDescription describe_cpu(std::string_view cpuinfo);

/// The types of numbers that instructions of these features multiply and add. Instructions that only convert numbers
/// (f16c) do not count.
std::vector<std::string> number_types(const std::vector<std::string>& features);

}  // namespace berth::discovery
