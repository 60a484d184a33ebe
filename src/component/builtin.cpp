#include "component/builtin.h"

#include "berth/answer_builder.h"
#include "berth/chat_prompt_builder.h"
#include "berth/prompt_builder.h"

namespace berth {
namespace {

template <class C>
ComponentClass builtin(std::vector<std::string> aliases = {}) {
  using Parameters = typename C::Parameters;
  return {std::string(C::type_name), std::move(aliases), describe_parameters<Parameters>(),
          [](const Value::Object& given) -> std::unique_ptr<Component> {
            return std::make_unique<C>(from_init_parameters<Parameters>(given));
          }};
}

}  // namespace

std::vector<ComponentClass> builtin_components() {
  return {
      builtin<AnswerBuilder>(),
#ifdef BERTH_WITH_LLAMA  // its Jinja engine
      builtin<ChatPromptBuilder>(),
      builtin<PromptBuilder>(),
#endif
  };
}

}  // namespace berth
