/// The layers of a model of Hugging Face, from its configuration.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "berth/model.h"

namespace berth::model {

/// A config.json, of which the part about language counts. Values that make no sense count as absent.
class HfConfig {
 public:
  /// `config` must outlive this.
  explicit HfConfig(const Value& config);

  std::string architecture() const { return text("model_type"); }
  /// An encoder and a decoder, as T5 has.
  bool has_two_stacks() const { return flag("is_encoder_decoder").value_or(false); }

  /// The first of `names` that is there.
  const Value* find(std::initializer_list<std::string_view> names) const;
  /// The first of `names` that is a whole number from 0 to 2^24.
  std::optional<std::uint64_t> count(std::initializer_list<std::string_view> names) const;
  std::optional<bool> flag(std::string_view name) const;
  std::string text(std::string_view name) const;  ///< empty where it is absent

 private:
  const Value* whole_;
  const Value* part_;  // "text_config", or the whole
};

/// Sets block_count, layers, and notes about what is not known of them.
void set_hf_layers(ModelProfile& profile, const HfConfig& config);

}  // namespace berth::model
