#include "model_file.h"

#include <filesystem>
#include <string_view>

#include "berth/error.h"

namespace berth::cli {

ModelProfile profile_of(const std::string& model) {
  constexpr std::string_view index = ".safetensors.index.json";
  const std::filesystem::path path = model;
  if (model.ends_with(".safetensors") || model.ends_with(index) || model.ends_with(".onnx")) return read_model(path);
  try {
    return read_model(locate_model(model, ModelSearch::from_environment()));
  } catch (const ModelNotFound&) {
    std::error_code none;
    for (const auto* name : {"model.safetensors", "model.safetensors.index.json"})
      if (std::filesystem::exists(path / name, none)) return read_model(path);
    try {
      return read_model(locate_encoder(model, ModelSearch::from_environment()));  // minilm, all-MiniLM-L6-v2
    } catch (const ModelNotFound&) {
    }
    throw;
  }
}

}  // namespace berth::cli
