/// How much memory llama.cpp itself says that a placement takes.
#pragma once

#include <filesystem>

#include "berth/context_spec.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "berth/placement.h"
#include "engine/llama/load_parameters.h"

namespace berth::llama {

/// Opens the model without weights, makes a context without a cache and reserves its graphs, so that the figures are
/// those of a real load, to the byte. Compute buffers are allocated for that time, and recurrent states.
///
/// `profile` is that of the file at `path`. Throws EngineError where llama.cpp refuses the model or the context, or
/// cannot be told the placement.
/// Ends the process where one of llama.cpp's own assertions fails, as some do for configurations that it does not
/// know: ask in a process of its own what was not tried before.
MemoryUse exact_memory(const std::filesystem::path& path, const ModelProfile& profile, const Placement& placement,
                       const ContextSpec& context, const MemoryOptions& options, const NamedDevices& devices);

}  // namespace berth::llama
