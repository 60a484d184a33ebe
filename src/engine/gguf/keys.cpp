#include "engine/gguf/keys.h"

namespace berth::gguf {

void Keys::texts(const std::string& name, const std::vector<std::string>& values) {
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const auto& value : values) texts.push_back(value.c_str());
  gguf_set_arr_str(&context_, name.c_str(), texts.data(), texts.size());
}

}  // namespace berth::gguf
