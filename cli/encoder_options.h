/// What `berth embed` and `berth rank` have in common: a model that reads texts, and where it runs.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "berth/text_encoder.h"
#include "interrupt.h"

namespace berth::cli {

struct EncoderOptions {
  std::string model;
  std::vector<std::string> files;
  std::optional<std::string> device;
  std::string precision = "float32";
  std::optional<std::size_t> max_tokens;
  bool plain = false;
  bool verbose = false;
};

/// MODEL first; the command adds its own arguments before those of add_encoder_options().
void add_encoder_model(CLI::App& command, EncoderOptions& options);
void add_encoder_options(CLI::App& command, EncoderOptions& options);

/// Loads the model on the device that is wished for, with progress on a terminal. Throws Interrupted where a signal came.
TextEncoder load_encoder(const EncoderOptions& options);

/// What `work` gives, with progress on a terminal. Throws Interrupted where a signal came.
EncodedTensor with_progress(const std::string& what, const Interrupt& interrupt,
                            const std::function<EncodedTensor(const EncodeContext&)>& work);

}  // namespace berth::cli
