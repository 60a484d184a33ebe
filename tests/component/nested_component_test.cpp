/// Components that are parameters of others.
#include <gmock/gmock.h>

#include "berth/component.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::HasSubstr;

struct TwiceParameters {
  std::shared_ptr<Component> inner = {};
  std::optional<ComponentDevice> device = {};
  static auto fields() {
    return std::tuple(field("inner", &TwiceParameters::inner), field("device", &TwiceParameters::device));
  }
};

/// Runs another one twice.
class Twice final : public ComponentWith<TwiceParameters> {
 public:
  static constexpr std::string_view type_name = "berth.test.Twice";
  explicit Twice(TwiceParameters parameters) : ComponentWith(type_name, std::move(parameters)) {}
  std::optional<ComponentDevice> device() const override { return parameters().device; }
  void run(Run& run) override {
    auto text = run.get(text_);
    for (int i = 0; i < 2; ++i)
      text = parameters().inner == nullptr
                 ? text + "."
                 : run_component(*parameters().inner, {{"text", text}}, run.context()).at("text").as_string();
    run.set(twice_, text);
  }

 private:
  Input<std::string> text_ = input<std::string>("text");
  Output<std::string> twice_ = output<std::string>("text");
};

Value twice(Value inner, Value device = {}) {
  return Value::Object{{"type", Twice::type_name},
                       {"init_parameters", Value::Object{{"inner", std::move(inner)}, {"device", std::move(device)}}}};
}

class NestedComponent : public testing::Test {
 protected:
  static void SetUpTestSuite() { register_component<Twice>(); }
};

TEST_F(NestedComponent, IsReadWithItsDeviceAndWrittenAgain) {
  const auto written = twice(twice(nullptr, Value::Object{{"type", "single"}, {"device", "cuda:1"}}));
  const auto component = component_from_dict(written);
  EXPECT_EQ(component->to_dict(), written);
  const auto* outer = dynamic_cast<const Twice*>(component.get());
  ASSERT_NE(outer, nullptr);
  EXPECT_EQ(outer->parameters().inner->device(), ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(run_component(*component, {{"text", "x"}}).at("text"), Value("x...."));
}

TEST_F(NestedComponent, ThatIsNotRegisteredIsRefusedWithThePlace) {
  const auto refused = [](Value inner) { return test::refusal([&] { component_from_dict(twice(std::move(inner))); }); };
  EXPECT_THAT(refused(Value::Object{{"type", "os.system"}}),
              AllOf(HasSubstr("parameter 'inner'"), HasSubstr("There is no component 'os.system'")));
  EXPECT_THAT(refused(twice(7)), AllOf(HasSubstr("parameter 'inner'"), HasSubstr("Missing 'type'")));
  EXPECT_THAT(refused("text"), HasSubstr("Missing 'type'"));
}

}  // namespace
}  // namespace berth
