/// The metadata of a GGUF file that is being written.
#pragma once

#include <gguf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace berth::gguf {

/// Berth's own: the ids of the tokens before which a text ends, "1,4". llama.cpp takes more of them, by their names.
constexpr const char* end_tokens_key = "berth.end_tokens";

struct FreeContext {
  void operator()(gguf_context* context) const { gguf_free(context); }
};

/// Sets keys by their whole names: "llama.block_count".
class Keys {
 public:
  explicit Keys(gguf_context& context) : context_(context) {}

  void text(const std::string& name, const std::string& value) {
    gguf_set_val_str(&context_, name.c_str(), value.c_str());
  }
  void count(const std::string& name, std::int64_t value) {
    gguf_set_val_u32(&context_, name.c_str(), static_cast<std::uint32_t>(value));
  }
  void number(const std::string& name, float value) { gguf_set_val_f32(&context_, name.c_str(), value); }
  void flag(const std::string& name, bool value) { gguf_set_val_bool(&context_, name.c_str(), value); }
  void texts(const std::string& name, const std::vector<std::string>& values);
  void counts(const std::string& name, const std::vector<std::int32_t>& values) {
    gguf_set_arr_data(&context_, name.c_str(), GGUF_TYPE_INT32, values.data(), values.size());
  }
  void numbers(const std::string& name, const std::vector<float>& values) {
    gguf_set_arr_data(&context_, name.c_str(), GGUF_TYPE_FLOAT32, values.data(), values.size());
  }
  void flags(const std::string& name, const std::vector<std::int8_t>& values) {
    gguf_set_arr_data(&context_, name.c_str(), GGUF_TYPE_BOOL, values.data(), values.size());
  }
  void bytes(const std::string& name, std::string_view values) {
    gguf_set_arr_data(&context_, name.c_str(), GGUF_TYPE_UINT8, values.data(), values.size());
  }

 private:
  gguf_context& context_;
};

}  // namespace berth::gguf
