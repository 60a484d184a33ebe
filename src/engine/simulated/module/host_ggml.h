/// The ggml of the program that opened this module.
#pragma once

#include <ggml-backend.h>

namespace berth::simulated {

/// Finds the functions of ggml that this module uses in the library that `address` lies in, and in those which it uses
/// itself: the module is linked to no ggml, so that it goes with each whose backends have the same interface. Throws
/// std::runtime_error.
void find_ggml(void* address);

/// The device that computes; nullptr where that ggml has none yet.
ggml_backend_dev_t cpu_of_ggml();

/// Where ggml writes its messages; standard error before it was found.
void log_problem(const char* message);

}  // namespace berth::simulated
