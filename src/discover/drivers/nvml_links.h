/// How NVIDIA's GPUs are connected with each other and with the CPU.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "discover/drivers/nvml_abi.h"
#include "discover/probe.h"

namespace berth::discovery {

struct NvmlGpu {
  nvml::Device handle = nullptr;
  std::string id = {};  ///< the end of its links: its UUID, else its PCI id
  std::string pci_id = {};
  std::optional<int> numa_node = {};
  bool instance = false;  ///< of MIG: `handle` is that of its GPU, and nothing but PCIe reaches it
};

/// The links of each GPU: over PCIe to its NUMA node (to "cpu" where that is unknown), over NVLink to other GPUs,
/// directly or through switches, and over PCIe to those that NVLink does not reach.
std::vector<Link> nvml_links(const nvml::Library& library, const std::vector<NvmlGpu>& gpus);

/// "0000:65:00.0"; empty where it is not believed.
std::string nvml_pci_id(const nvml::PciInfo& info);

}  // namespace berth::discovery
