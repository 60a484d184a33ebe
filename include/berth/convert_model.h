/// Models of Hugging Face in safetensors, for the engine that runs GGUF files.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>

#include "berth/log.h"
#include "berth/model.h"

namespace berth {

/// What a caller gives beside the files, as it is no data.
struct ConvertContext {
  std::function<bool(float)> progress = {};  ///< the part done, 0 to 1; answering false cancels
  std::stop_token stop = {};
  LogCallback log = {};  ///< that a file is made, where that takes a while
};

/// Writes the model in safetensors of `folder` as one GGUF file, `to`, with its tokenizer and chat template. Numbers stay as
/// they are: F32, F16 or BF16. Llama, Mistral, Mixtral, Qwen 2 and 3, Gemma 1 to 3, Phi-3, SmolLM3, Granite, OLMo 2, GPT-2
/// and T5 are known, by `model_type` of config.json.
///
///     convert_model("/models/SmolLM2-135M-Instruct", "smollm2.gguf");
///     const auto model = engine("llama.cpp").load({.model = "smollm2.gguf"});
///
/// `to` appears in one step, when all of it is written; a file that stands there is replaced. A tensor is in memory at a time.
/// Throws std::invalid_argument where `to` is a folder, a device or a file of the model; FormatError where the model, or its
/// tokenizer, is none that llama.cpp computes alike, and says what; ModelNotFound where a file is missing; Cancelled;
/// std::filesystem::filesystem_error where `to` cannot be written; std::runtime_error without llama.cpp.
void convert_model(const std::filesystem::path& folder, const std::filesystem::path& to,
                   const ConvertContext& context = {});

/// `model`, as locate_model() gives it, or the GGUF file that was made of it where it is a folder with safetensors. The file
/// lies in "converted" beside `search.model_cache`. It is made where it is not there yet, or the folder has changed since, and
/// what was made of the folder before is removed then; of two processes one makes it. Throws as convert_model() does.
///
///     const auto search = ModelSearch::from_environment();
///     const auto file = loadable_model(locate_model("Qwen/Qwen3-0.6B", search), search);
std::filesystem::path loadable_model(const std::filesystem::path& model, const ModelSearch& search,
                                     const ConvertContext& context = {});

}  // namespace berth
