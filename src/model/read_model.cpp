#include <system_error>

#include "berth/error.h"
#include "berth/model.h"
#include "model/byte_reader.h"
#include "model/gguf_model.h"
#include "model/onnx.h"
#include "model/safetensors.h"

namespace berth {
namespace {

bool begins_as_safetensors(const std::filesystem::path& path) {
  model::ByteReader reader(path);
  const auto start = reader.peek(9);
  // The first byte of JSON stands after a length whose upper bytes are zero.
  return start.size() == 9 && start[8] == '{' && start.substr(4, 4) == std::string(4, '\0');
}

}  // namespace

ModelProfile read_model(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error) || model::is_safetensors_name(path))
    return model::read_safetensors_model(path);
  if (path.extension() == ".onnx") return model::read_onnx_model(path);
  if (path.extension() != ".gguf" && begins_as_safetensors(path)) return model::read_safetensors_model(path);
  return model::read_gguf_model(path);
}

}  // namespace berth
