#include "model/is_gguf.h"

#include <array>
#include <fstream>
#include <string_view>
#include <system_error>

#include "text/nearest.h"

namespace berth::model {

bool is_gguf(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return false;
  if (path.has_extension()) return lower(path.extension().string()) == ".gguf";
  std::array<char, 4> start{};
  return std::filesystem::is_regular_file(path, error) &&
         std::ifstream(path, std::ios::binary).read(start.data(), start.size()) &&
         std::string_view(start.data(), start.size()) == "GGUF";
}

}  // namespace berth::model
