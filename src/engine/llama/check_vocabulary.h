/// What is refused of a vocabulary before llama.cpp reads it, because it would end the process.
#pragma once

#include "berth/device.h"
#include "berth/model.h"

namespace berth::llama {

/// Refuses a vocabulary that has a text twice. Reads the header of the GGUF file again, of whose long lists a profile knows the
/// length only. Throws EngineError of `device`, and FormatError.
void check_vocabulary(const ModelProfile& profile, const Device& device);

}  // namespace berth::llama
