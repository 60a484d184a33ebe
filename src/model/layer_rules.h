/// What architectures say of their layers by their name alone. As llama.cpp 0.3.36 reads them (src/models/*.cpp,
/// load_arch_hparams): a planner must know what that engine will do.
#pragma once

#include <cstdint>
#include <string_view>

namespace berth::model {

enum class Recurrent {
  never,
  always,
  beside_attention,                   ///< each layer has both
  without_kv_heads,                   ///< layers without key and value heads
  without_kv_heads_and_feed_forward,  ///< the same, of layers that consist of one part
  by_interval,                        ///< all but each n-th layer, unless they are listed
};

enum class Windowed {
  never,          ///< a window in the metadata counts for nothing
  where_given,    ///< where the metadata give a window above zero
  unless_zero,    ///< a window of its own, unless the metadata give zero
  all_attention,  ///< all layers that attend, where the metadata give a window
};

/// Layers that use the weights of others, each with a cache of its own.
enum class Weights {
  own,
  in_loops,   ///< the layers of the file are gone through as often as the metadata say (num_loops)
  in_stacks,  ///< the layers are cycles of a low and a high stack, of which the file has one each (hrm)
};

struct LayerRules {
  std::string_view architecture;
  bool caches = true;  ///< false: no token is kept, as in encoders
  bool keys_only = false;
  bool pools_index = false;  ///< an index keeps a gate and a key of its pool beside each key

  Windowed window = Windowed::never;
  std::uint64_t window_period = 0;  ///< each n-th layer attends to everything; 0: the metadata list the layers
  bool dense_first = false;         ///< the first of each n layers, instead of the last
  std::uint64_t default_window = 0;
  std::uint64_t fixed_window = 0;       ///< counts instead of the metadata's
  std::uint64_t layers_for_window = 0;  ///< only a model of so many layers has windows

  Recurrent recurrent = Recurrent::never;
  std::uint64_t attention_interval = 4;
  std::uint64_t token_shifts = 2;
  bool linear_attention = false;
  bool sizes_without_heads = false;  ///< sizes of heads count even where the first layer has no heads

  std::uint64_t own_caches = 0;  ///< layers from this one on use the cache of an earlier one; 0: all have their own
  bool shares_last = false;      ///< the metadata say how many of the last layers do so

  Weights weights = Weights::own;
};

/// Those of `architecture`; of one that is not known, those of a plain decoder.
const LayerRules& layer_rules(std::string_view architecture);

}  // namespace berth::model
