/// What a graph reads of a model.
#pragma once

#include <ggml.h>

#include <cstdint>

namespace berth::simulated {

/// Bytes of weights that `graph` reads: of an embedding only the rows that are looked up, of experts as many as there are
/// choices, at most all.
std::uint64_t weights_read(ggml_cgraph* graph);

}  // namespace berth::simulated
