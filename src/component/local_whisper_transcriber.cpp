#include "berth/local_whisper_transcriber.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "berth/local_encoder.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 12> whisper_models = {"base",     "base.en",  "large",  "large-v1",
                                                             "large-v2", "large-v3", "medium", "medium.en",
                                                             "small",    "small.en", "tiny",   "tiny.en"};

LocalWhisperTranscriberParameters with_whisper_defaults(LocalWhisperTranscriberParameters parameters) {
  if (std::ranges::find(whisper_models, parameters.model) == whisper_models.end())
    throw std::invalid_argument(fmt::format("Model name '{}' not recognized. Choose one among: {}.",
                                            printable(parameters.model), fmt::join(whisper_models, ", ")));
  if (!parameters.whisper_params) parameters.whisper_params.emplace();
  if (!parameters.device) parameters.device = default_encoder_device();
  return parameters;
}

}  // namespace

LocalWhisperTranscriber::LocalWhisperTranscriber(Parameters given)
    : ComponentWith(type_name, with_whisper_defaults(std::move(given))) {}

std::optional<std::string> LocalWhisperTranscriber::known_problem() const {
  return "Speech cannot be transcribed yet: Berth has no engine for Whisper";
}

void LocalWhisperTranscriber::warm_up(const CallContext&) { throw std::invalid_argument(*known_problem()); }

void LocalWhisperTranscriber::run(Run& run) { warm_up(run.context()); }

}  // namespace berth
