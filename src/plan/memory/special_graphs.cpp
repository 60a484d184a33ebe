#include "plan/memory/special_graphs.h"

#include <string_view>

namespace berth::plan {

bool build_special(ModelGraph& model) {
  const std::string_view architecture = model.profile.architecture;
  if (model.layers() == 0) return false;
  if (architecture == "bert" || architecture == "nomic-bert" || architecture == "nomic-bert-moe" ||
      architecture == "jina-bert-v2" || architecture == "jina-bert-v3") {
    build_bert(model);
  } else if (architecture == "t5" || architecture == "t5encoder") {
    build_t5(model);
  } else if (architecture == "rwkv6" || architecture == "rwkv6qwen2") {
    build_rwkv6(model);
  } else if (architecture == "rwkv7" || architecture == "arwkv7") {
    build_rwkv7(model);
  } else if (architecture == "gemma3n") {
    build_gemma3n(model);
  } else if (architecture == "gemma4") {
    build_gemma4(model);
  } else if (architecture == "deepseek4") {
    build_deepseek4(model);
  } else if (architecture == "glm5-next") {
    build_glm5_next(model);
  } else if (architecture == "qwen4exp") {
    build_qwen4exp(model);
  } else if (architecture == "hy_v4") {
    build_hy_v4(model);
  } else if (architecture == "hrm_text") {
    build_hrm_text(model);
  } else {
    return false;
  }
  return true;
}

}  // namespace berth::plan
