/// What is told of a generation besides its text.
#pragma once

#include <string>
#include <string_view>

#include "berth/engine.h"
#include "berth/resolve.h"
#include "berth/value.h"

namespace berth::cli {

/// {"replies": [...], "meta": {...}}
Value as_value(const GenerationResult& result, const LoadedModelInfo& model, std::string_view engine);

/// The devices that compute, each marked where it is simulated: "cpu, simulated cuda:0".
std::string where(const LoadedModelInfo& model);

/// On standard error: each line of `text`, with `before` in front.
void tell_lines(const std::string& text, std::string_view before = "");
/// On standard error: the device and why it was taken.
void tell_device(const Resolution& resolution);
/// On standard error: the model and how long it took to load.
void tell_model(const LoadedModelInfo& model);
/// On standard error: tokens, times, speed and memory.
void tell_summary(const GenerationResult& result, const LoadedModelInfo& model);

}  // namespace berth::cli
