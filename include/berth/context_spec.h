/// How much context a loaded model may hold.
#pragma once

#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth {

enum class FlashAttention {
  automatic,  ///< where the engine and the device have it
  on,
  off
};
std::string_view to_string(FlashAttention flash_attention);  ///< "automatic", "on", "off"

/// The size and the form of the cache of a model and of the batches that it computes. It is given when a model is
/// loaded and bounds its memory from there on. Names and defaults are those of llama.cpp.
struct ContextSpec {
  int n_ctx = 0;               ///< tokens of all sequences together; 0: as many as the model was trained for
  int n_seq = 1;               ///< sequences that are computed at the same time
  int n_batch = 2048;          ///< tokens given to the engine at a time, at most
  int n_ubatch = 512;          ///< tokens computed at a time, at most
  std::string type_k = "F16";  ///< of the cached keys, as ggml names it: "F16", "Q8_0"
  std::string type_v = "F16";
  FlashAttention flash_attention = FlashAttention::automatic;
  /// Sequences share all cells, instead of an equal part for each; those of an encoder-decoder model always do.
  bool unified = false;
  bool offload_cache = true;  ///< the cache of a layer lies on the device of the layer, instead of the host

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static ContextSpec from_dict(const Value& dict);

  bool operator==(const ContextSpec&) const = default;
};

}  // namespace berth
