/// The entry of libberth-simulated.so, a backend that plain llama.cpp loads by GGML_BACKEND_PATH.
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/simulated/machine.h"
#include "engine/simulated/module/host_ggml.h"
#include "inventory/simulate_machine.h"

namespace berth::simulated {
namespace {

constexpr auto variable = "BERTH_SIMULATE";

/// Of the environment. It stays until the process ends, as what is loaded on its devices may.
ggml_backend_reg_t make_machine(void* caller) {
  find_ggml(caller);
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0')
    throw std::runtime_error(std::string(variable) + " does not say which devices there are, such as cuda:2x1GiB@20GB/s");
  const auto cpu = cpu_of_ggml();
  if (cpu == nullptr) throw std::runtime_error("ggml's backend for the CPU has to be loaded first");
  auto specs = device_specs(discovery::simulate_machine(text, false));
  static auto* const machine = new Machine(std::move(specs), cpu);
  return machine->reg();
}

}  // namespace
}  // namespace berth::simulated

extern "C" {

ggml_backend_reg_t ggml_backend_init() {
  try {
    return berth::simulated::make_machine(__builtin_return_address(0));
  } catch (const std::exception& problem) {
    berth::simulated::log_problem((std::string("berth's simulated devices: ") + problem.what() + "\n").c_str());
    return nullptr;
  }
}

int ggml_backend_score() { return 1; }

}  // extern "C"
