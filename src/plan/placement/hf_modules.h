/// What transformers calls the modules of families of models.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::plan {

/// The modules of one family. Those that a model does not have do no harm in a map.
struct HfModules {
  std::vector<std::string> input = {"model.embed_tokens"};
  std::string layers = "model.layers";
  std::vector<std::string> behind = {"model.norm", "model.rotary_emb"};
  std::string output = "lm_head";
};

/// By the architecture's name in GGUF, from the classes of transformers 4.5x. Nothing for a family that is not known.
std::optional<HfModules> hf_modules(std::string_view architecture);

}  // namespace berth::plan
