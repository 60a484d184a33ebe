#include "plan/memory/decoders.h"
#include "plan/memory/special_graphs.h"

namespace berth::plan {

bool build_model(ModelGraph& model) {
  const std::string_view architecture = model.profile.architecture;
  if (build_special(model)) return true;
  if (const auto* decoder = find_decoder(architecture)) {
    build_decoder(model, *decoder);
    return true;
  }
  static constexpr Decoder unknown{.architecture = ""};
  build_decoder(model, unknown);
  return false;
}

}  // namespace berth::plan
