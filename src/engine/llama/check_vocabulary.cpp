#include "engine/llama/check_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/error.h"
#include "model/gguf.h"
#include "text/printable.h"

namespace berth::llama {
namespace {

/// A list of texts in the metadata, as llama.cpp reads it: up to a NUL, and with an index for what is empty.
std::vector<std::string> texts_at(const ModelProfile& profile, std::string_view key) {
  model::ByteReader reader(profile.path);
  const auto metadata = model::read_gguf(reader).metadata;
  const auto* list = metadata.infos.find(key);
  if (list == nullptr || list->type != model::GgufType::array || list->element_type != model::GgufType::string)
    return {};
  reader.go_to(list->offset + sizeof(std::uint32_t) + sizeof(std::uint64_t));
  std::vector<std::string> texts(list->length);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto& text = texts[i];
    text = reader.read_bytes(reader.read<std::uint64_t>());
    text.resize(std::min(text.size(), text.find('\0')));
    if (text.empty()) text = fmt::format("[EMPTY_{}]", i);
  }
  return texts;
}

/// Whether hashes repeat, in a fraction of the time that sorting the texts takes.
bool may_repeat(const std::vector<std::string>& texts) {
  std::vector<std::size_t> table(std::bit_ceil(2 * texts.size() + 1));  // 0: free
  for (const auto& text : texts) {
    const auto hash = std::max<std::size_t>(std::hash<std::string>()(text), 1);
    auto place = hash & (table.size() - 1);
    while (table[place] != 0 && table[place] != hash) place = (place + 1) & (table.size() - 1);
    if (table[place] == hash) return true;
    table[place] = hash;
  }
  return false;
}

}  // namespace

void check_vocabulary(const ModelProfile& profile, const Device& device) {
  auto texts = texts_at(profile, "tokenizer.ggml.tokens");
  if (!may_repeat(texts)) return;
  std::ranges::sort(texts);
  const auto twice = std::ranges::adjacent_find(texts);
  if (twice != texts.end())
    throw EngineError("llama.cpp", device.str(),
                      fmt::format("'{}' has two tokens of the text {}; llama.cpp runs vocabularies that have each once",
                                  profile.path.string(), in_quotes(*twice)));
}

}  // namespace berth::llama
