#include "component/builtin.h"

#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"

namespace berth {

std::vector<ComponentClass> builtin_components() {
  return {
      component_class_of<HuggingFaceLocalChatGenerator>(),
      component_class_of<HuggingFaceLocalGenerator>(),
  };
}

}  // namespace berth
