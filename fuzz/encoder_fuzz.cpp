// The files of an encoder's folder: a model that embeds a text, or one of the documented errors. The input is files, each
// "NAME\nCONTENT", with a NUL byte between them. "header" is that of model.safetensors, whose numbers are all 0; other names
// that are not known are left out.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/error.h"
#include "berth/text_encoder.h"
#include "temporary_folder.h"

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_data = 1 << 16;  // bytes of numbers

void write(const fs::path& file, std::string_view content) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

std::string safetensors(std::string_view header) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(header.size() >> (8 * i));
  bytes += header;
  // As much as the last tensor's end says.
  std::size_t end = 0;
  const auto last = std::min(header.rfind("data_offsets"), header.size());
  for (const char c : header.substr(last)) {
    if (c == ']') break;
    end = c >= '0' && c <= '9' ? std::min(end * 10 + static_cast<std::size_t>(c - '0'), most_data) : 0;
  }
  bytes.resize(bytes.size() + end);
  return bytes;
}

void add(const fs::path& folder, std::string_view part) {
  constexpr std::array<std::string_view, 8> names = {
      "config.json",    "modules.json",          "1_Pooling/config.json",     "2_Dense/config.json",
      "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json", "config_sentence_transformers.json"};
  const auto end = part.find('\n');
  if (end == part.npos) return;
  const auto name = part.substr(0, end);
  const auto content = part.substr(end + 1);
  if (name == "header")
    write(folder / "model.safetensors", safetensors(content));
  else if (std::ranges::find(names, name) != names.end())
    write(folder / name, content);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const TemporaryFolder folder;
  while (true) {
    const auto end = input.find('\0');
    add(folder.path(), input.substr(0, end));
    if (end == input.npos) break;
    input.remove_prefix(end + 1);
  }
  try {
    const auto uses = berth::memory_of({.model = folder.path()});
    if (uses.empty()) std::abort();
    const auto encoder = berth::TextEncoder::load({.model = folder.path().string()});
    const std::array<std::string, 2> texts = {"a b", "c"};
    if (encoder.embed(texts).rows() != texts.size()) std::abort();
  } catch (const berth::FormatError& error) {
    if (error.found().empty()) std::abort();
  } catch (const berth::EngineError&) {
  } catch (const berth::ModelNotFound&) {
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
