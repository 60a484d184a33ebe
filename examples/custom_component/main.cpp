// A component of one's own that loads a model on a device: the example of Haystack's page on device management, in C++.
#include <berth/berth.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

struct MyComponentParameters {
  std::string model = "smollm2";
  std::optional<berth::ComponentDevice> device = {};  // absent: chosen when the component is made

  static auto fields() {
    using P = MyComponentParameters;
    return std::tuple(berth::field("model", &P::model), berth::field("device", &P::device));
  }
};

/// Answers a question with a model on its device.
class MyComponent final : public berth::ComponentWith<MyComponentParameters> {
 public:
  static constexpr std::string_view type_name = "my_project.MyComponent";

  explicit MyComponent(MyComponentParameters parameters = {})
      : ComponentWith(type_name, with_device(std::move(parameters))) {}

  std::optional<berth::ComponentDevice> device() const override { return parameters().device; }

  void warm_up(const berth::CallContext& context = {}) override {
    if (model_ != nullptr) return;
    const auto path = berth::locate_model(parameters().model, berth::ModelSearch::from_environment());
    const auto where = berth::resolve_here(*device(), {"llama.cpp"});
    model_ = berth::engine("llama.cpp")
                 .load({.model = path, .device = where.device, .keys = where.keys}, {.stop = context.stop});
  }

  void run(berth::Run& run) override {
    const auto prompt = model_->apply_chat_template({{"user", run.get(question_)}});
    const auto result =
        model_->new_session()->generate({.prompts = {prompt}, .options = {.max_new_tokens = 24}}, {.stop = run.stop()});
    run.set(answer_, result.completions[0].text);
  }

 private:
  static MyComponentParameters with_device(MyComponentParameters parameters) {
    parameters.device = berth::ComponentDevice::resolve_device(parameters.device);
    return parameters;
  }

  std::shared_ptr<const berth::LoadedModel> model_;
  berth::Input<std::string> question_ = input<std::string>("question");
  berth::Output<std::string> answer_ = output<std::string>("answer");
};

int main(int argc, char** argv) try {
  berth::register_component<MyComponent>();

  MyComponentParameters parameters;
  if (argc > 1) parameters.device = berth::ComponentDevice::from_str(argv[1]);
  const MyComponent component(parameters);

  // What is written down names the device, so that it is the same one when it comes back.
  const auto dict = component.to_dict();
  std::cout << dict << '\n';

  berth::Pipeline pipeline;
  pipeline.add_component("prompt", std::make_shared<berth::PromptBuilder>(berth::PromptBuilderParameters{
                                       .prompt_template = "In one sentence, what is {{ thing }}?"}));
  pipeline.add_component("mine", berth::component_from_dict(dict));
  pipeline.connect("prompt.prompt", "mine.question");

  const auto outputs = pipeline.run({{"prompt", berth::Value::Object{{"thing", "a harbour"}}}});
  std::cout << outputs.at("mine").find("answer")->as_string() << '\n';
} catch (const std::exception& problem) {
  std::cerr << "custom_component: " << problem.what() << '\n';
  return 1;
}
