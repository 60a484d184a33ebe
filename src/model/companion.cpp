#include "model/companion.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>

#include "berth/error.h"
#include "model/byte_reader.h"
#include "model/gguf_metadata.h"
#include "text/nearest.h"

namespace berth::model {
namespace {

/// What a file is stands among its first entries; those of its tokenizer, which are long, come later.
constexpr std::uint64_t entries_to_read = 16;

bool has_word(std::string_view name, std::initializer_list<std::string_view> words) {
  const auto in_word = [&](std::size_t i) {
    return i < name.size() && ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9'));
  };
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    for (auto at = name.find(word); at != name.npos; at = name.find(word, at + 1))
      if ((at == 0 || !in_word(at - 1)) && !in_word(at + word.size())) return true;
    return false;
  });
}

/// The first entries of the metadata, or nothing where it is no GGUF that can be read.
std::optional<Value::Object> start_of_metadata(const std::filesystem::path& file) {
  try {
    ByteReader reader(file);
    if (reader.read_bytes(4) != "GGUF") return std::nullopt;
    const auto version = reader.read<std::uint32_t>();
    if (version != 2 && version != 3) return std::nullopt;
    reader.skip(8);  // the number of tensors
    const auto entries = reader.read<std::uint64_t>();
    return read_gguf_metadata(reader, std::min(entries, entries_to_read)).values;
  } catch (const FormatError&) {
  } catch (const ModelNotFound&) {
  }
  return std::nullopt;
}

std::string text_at(const Value::Object& metadata, std::string_view name) {
  const Value* value = metadata.find(name);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

}  // namespace

bool is_companion_name(std::string_view name) {
  // An "imatrix" elsewhere in a name tells how a model was quantized.
  return name.find("mmproj") != name.npos || name.starts_with("mtp-") || name.starts_with("imatrix") ||
         name.ends_with(".imatrix.gguf") || has_word(name, {"lora", "adapter"});
}

std::optional<bool> is_companion(const std::filesystem::path& file) {
  const auto metadata = start_of_metadata(file);
  if (!metadata) return std::nullopt;
  if (const auto type = text_at(*metadata, "general.type"); !type.empty()) return type != "model";
  const auto architecture = text_at(*metadata, "general.architecture");
  for (const auto* other : {"clip", "controlvector", "imatrix"})
    if (architecture == other) return true;
  return std::nullopt;
}

bool is_draft_name(std::string_view name) { return has_word(name, {"draft", "drafter", "mtp", "eagle", "eagle3"}); }

}  // namespace berth::model
