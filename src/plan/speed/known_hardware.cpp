#include "plan/speed/known_hardware.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "text/lower_case.h"

namespace berth::plan {
namespace {

constexpr std::string_view nvidia = "NVIDIA's data sheets";
constexpr std::string_view amd = "AMD's product pages";
constexpr std::string_view intel = "Intel's product pages";
constexpr std::string_view apple = "Apple's technical specifications";

struct Hardware {
  std::string_view name;  // as a driver writes it, in small letters and without the maker
  double gb_per_s;
  double tflops;  // F16 without sparsity, sums in F32 where the maker tells them apart
  std::string_view source;
};

constexpr std::array all = {
    Hardware{"b200", 8000, 2250, nvidia},
    Hardware{"gh200 480gb", 4000, 989, nvidia},
    Hardware{"h200", 4800, 989, nvidia},
    Hardware{"h200 nvl", 4800, 835, nvidia},
    Hardware{"h100 80gb hbm3", 3350, 989, nvidia},
    Hardware{"h100 pcie", 2000, 756, nvidia},
    Hardware{"h100 nvl", 3900, 835, nvidia},
    Hardware{"a100-sxm4-40gb", 1555, 312, nvidia},
    Hardware{"a100-pcie-40gb", 1555, 312, nvidia},
    Hardware{"a100-sxm4-80gb", 2039, 312, nvidia},
    Hardware{"a100 80gb pcie", 1935, 312, nvidia},
    Hardware{"a40", 696, 150, nvidia},
    Hardware{"a30", 933, 165, nvidia},
    Hardware{"a10", 600, 125, nvidia},
    Hardware{"l40s", 864, 362, nvidia},
    Hardware{"l40", 864, 181, nvidia},
    Hardware{"l4", 300, 121, nvidia},
    Hardware{"tesla t4", 320, 65, nvidia},
    Hardware{"tesla v100-sxm2-16gb", 900, 125, nvidia},
    Hardware{"tesla v100-sxm2-32gb", 900, 125, nvidia},
    Hardware{"tesla v100-pcie-16gb", 900, 112, nvidia},
    Hardware{"tesla v100-pcie-32gb", 900, 112, nvidia},
    Hardware{"rtx 6000 ada generation", 960, 364, nvidia},
    Hardware{"rtx a6000", 768, 155, nvidia},
    Hardware{"rtx a5000", 768, 111, nvidia},
    Hardware{"rtx a4000", 448, 77, nvidia},
    Hardware{"rtx 5090", 1792, 209, nvidia},
    Hardware{"rtx 5080", 960, 113, nvidia},
    Hardware{"rtx 5070 ti", 896, 88, nvidia},
    Hardware{"rtx 5070", 672, 62, nvidia},
    Hardware{"rtx 4090", 1008, 165, nvidia},
    Hardware{"rtx 4080 super", 736, 104, nvidia},
    Hardware{"rtx 4080", 717, 97, nvidia},
    Hardware{"rtx 4070 ti super", 672, 88, nvidia},
    Hardware{"rtx 4070 ti", 504, 80, nvidia},
    Hardware{"rtx 4070 super", 504, 71, nvidia},
    Hardware{"rtx 4070", 504, 58, nvidia},
    Hardware{"rtx 4060 ti", 288, 44, nvidia},
    Hardware{"rtx 4060", 272, 30, nvidia},
    Hardware{"rtx 3090 ti", 1008, 80, nvidia},
    Hardware{"rtx 3090", 936, 71, nvidia},
    Hardware{"rtx 3080 ti", 912, 68, nvidia},
    Hardware{"rtx 3080", 760, 59, nvidia},
    Hardware{"rtx 3070 ti", 608, 43, nvidia},
    Hardware{"rtx 3070", 448, 40, nvidia},
    Hardware{"rtx 3060 ti", 448, 32, nvidia},
    Hardware{"rtx 3060", 360, 25, nvidia},
    Hardware{"rtx 2080 ti", 616, 54, nvidia},
    Hardware{"instinct mi325x", 6000, 1307, amd},
    Hardware{"instinct mi300x", 5300, 1307, amd},
    Hardware{"instinct mi250x", 1638, 191, amd},  // one of its two dies, which is a device
    Hardware{"instinct mi210", 1638, 181, amd},
    Hardware{"instinct mi100", 1229, 185, amd},
    Hardware{"radeon rx 9070 xt", 640, 97, amd},
    Hardware{"radeon rx 7900 xtx", 960, 123, amd},
    Hardware{"radeon rx 7900 xt", 800, 103, amd},
    Hardware{"radeon rx 7800 xt", 624, 75, amd},
    Hardware{"radeon rx 7600", 288, 43, amd},
    Hardware{"radeon rx 6900 xt", 512, 46, amd},
    Hardware{"radeon rx 6800 xt", 512, 41, amd},
    Hardware{"arc(tm) a770 graphics", 560, 138, intel},
    Hardware{"arc(tm) b580 graphics", 456, 117, intel},
    Hardware{"data center gpu max 1100", 1229, 355, intel},
    Hardware{"apple m1", 68, 2.6, apple},
    Hardware{"apple m1 pro", 200, 5.3, apple},
    Hardware{"apple m1 max", 400, 10.6, apple},
    Hardware{"apple m1 ultra", 800, 21.2, apple},
    Hardware{"apple m2", 100, 3.6, apple},
    Hardware{"apple m2 pro", 200, 6.8, apple},
    Hardware{"apple m2 max", 400, 13.6, apple},
    Hardware{"apple m2 ultra", 800, 27.2, apple},
    Hardware{"apple m3", 100, 4.1, apple},
    Hardware{"apple m3 pro", 150, 7.4, apple},
    Hardware{"apple m3 max", 300, 14.2, apple},  // the smaller one
    Hardware{"apple m3 ultra", 819, 28.3, apple},
    Hardware{"apple m4", 120, 4.3, apple},
    Hardware{"apple m4 pro", 273, 9.2, apple},
    Hardware{"apple m4 max", 410, 16, apple},  // the smaller one
};

// An H200 with CUDA 13.0: 3,976 GB/s and 750 TFLOP/s.
constexpr double reached_of_memory = 3976.0 / 4800;
constexpr double reached_of_products = 750.0 / 989;

/// Whether `name` ends with `part`, which begins a word there: what follows would be another model ("Ti", "Laptop GPU").
bool ends_with_words(std::string_view name, std::string_view part) {
  if (!name.ends_with(part)) return false;
  return name.size() == part.size() ||
         std::isalnum(static_cast<unsigned char>(name[name.size() - part.size() - 1])) == 0;
}

}  // namespace

std::optional<KnownRates> known_rates(std::string_view device_name) {
  const auto name = lower_case(device_name);
  const Hardware* found = nullptr;
  for (const auto& each : all)
    if (ends_with_words(name, each.name) && (found == nullptr || each.name.size() > found->name.size())) found = &each;
  if (found == nullptr) return std::nullopt;
  return KnownRates{found->gb_per_s * 1e9 * reached_of_memory, found->tflops * 1e12 * reached_of_products,
                    found->source};
}

}  // namespace berth::plan
