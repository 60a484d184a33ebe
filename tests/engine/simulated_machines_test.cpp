/// Plans on random machines: what is said to fit is loaded and takes what was said, the rest is refused before loading.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/plan.h"
#include "berth/simulated.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

/// BERTH_RANDOM_MACHINES, from the seed BERTH_RANDOM_SEED on.
int from_environment(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::atoi(text);
}

struct Draw {
  explicit Draw(int seed) : random(static_cast<unsigned>(seed)) {}

  int between(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); }
  template <class T>
  T one_of(std::initializer_list<T> all) {
    return *(all.begin() + between(0, static_cast<int>(all.size()) - 1));
  }

  /// One to eight devices, of one kind or of several. Together they have from too little to plenty for the model.
  std::string machine() {
    const int count = between(1, 8);
    const int plenty = one_of({20, 60, 100, 150, 400}) / count;
    const auto* kind = one_of({"cuda", "vulkan", "xpu", "rpc"});
    const bool mixed = between(0, 3) == 0;
    std::string text = "cpu:" + std::string(one_of({"20MiB", "60MiB", "120MiB", "8GiB"}));
    for (int i = 0; i < count; ++i) {
      const int mib = 8 + between(0, 2 * plenty);
      if (mixed) kind = one_of({"cuda", "vulkan", "xpu", "rpc"});
      // A plan leaves room for what the driver of a GPU takes.
      const int driver = std::string(kind) == "cuda" ? 700 : 0;
      text += "," + std::string(kind) + ":" + std::to_string(mib + driver) + "MiB";
      if (between(0, 2) == 0) text += "-" + std::to_string(between(1, mib / 2)) + "MiB";
    }
    return text;
  }

  PlanRequest request() {
    PlanRequest request;
    request.context.n_ctx = one_of({256, 512, 1024, 2048, 4096});
    request.context.n_ubatch = one_of({32, 128, 512});
    if (between(0, 3) == 0) request.context.type_k = request.context.type_v = "Q8_0";
    if (between(0, 3) == 0) request.context.n_seq = 2;
    if (between(0, 7) == 0 && request.context.type_v == "F16") request.context.flash_attention = FlashAttention::off;
    if (between(0, 7) == 0) request.context.offload_cache = false;
    return request;
  }

  std::mt19937 random;
};

const DeviceUse* use_on(const std::vector<DeviceUse>& uses, const Device& device) {
  const auto found = std::ranges::find(uses, device, &DeviceUse::device);
  return found == uses.end() ? nullptr : &*found;
}

/// No device holds more than was planned for it, and none that was to hold much holds little.
void expect_planned(const std::vector<DeviceUse>& held, const Plan& plan, int& exact, int& other) {
  for (const auto& use : held) {
    if (use.weights + use.cache + use.compute == 0) continue;
    const auto* planned = use_on(plan.use, use.device);
    ASSERT_NE(planned, nullptr) << use.device.str();
    EXPECT_LE(use.weights, planned->weights) << use.device.str();
    EXPECT_LE(use.cache, planned->cache) << use.device.str();
    EXPECT_LE(use.compute, planned->compute) << use.device.str();
    if (use.device.type() != DeviceType::cpu)
      ++(use.cache == planned->cache && use.compute == planned->compute ? exact : other);
    if (use.device.type() != DeviceType::cpu) {
      EXPECT_GE(use.weights * 101 / 100, planned->weights) << use.device.str();
      EXPECT_GE(use.cache, planned->cache) << use.device.str();
      EXPECT_GE(use.compute * 110 / 100, planned->compute) << use.device.str();
    }
  }
}

/// A prompt for each sequence, so that all of the planned context is taken.
GenerationRequest two_tokens(int sequences) {
  return {.prompts = std::vector<Prompt>(static_cast<std::size_t>(sequences), "One, two, three,"),
          .options = {.max_new_tokens = 2}};
}

TEST(SimulatedMachines, APlanThatFitsLoadsAndOneThatDoesNotIsRefused) {
  BERTH_NEEDS_MODEL();
  const auto profile = std::make_shared<const ModelProfile>(read_model(test::model_path()));
  const auto& llama = engine("llama.cpp");
  const auto expected = llama.load({.model = test::model_path()})->new_session()->generate(two_tokens(1));
  const int first = from_environment("BERTH_RANDOM_SEED", 1);
  int fit = 0;
  int refused = 0;
  int exact = 0;
  int other = 0;
  int several = 0;
  for (int seed = first; seed < first + from_environment("BERTH_RANDOM_MACHINES", 4); ++seed) {
    Draw draw(seed);
    const auto text = draw.machine();
    const auto machine = simulate(text);
    const auto plan = make_plan(*profile, machine, draw.request());
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text + " " + plan.context.to_dict().to_json());
    use_simulated(machine);
    if (plan.outcome != PlanOutcome::fits) {
      EXPECT_NE(test::refusal<ModelDoesNotFit>([&] { (void)LoadRequest::of(plan, test::model_path()); }), "was accepted");
      ++refused;
      continue;
    }
    ++fit;
    try {
      const auto model = llama.load(LoadRequest::of(plan, test::model_path()), {.profile = profile});
      several += model->info().devices.size() > 1 ? 1 : 0;
      const auto session = model->new_session({.n_ctx = plan.context.n_ctx / plan.context.n_seq, .n_threads = 1});
      const auto answer = session->generate(two_tokens(plan.context.n_seq));
      // A cache in Q8_0 may round to another token.
      const bool rounds = plan.context.type_k != "F16";
      EXPECT_TRUE(rounds || answer.completions[0].text == expected.completions[0].text) << answer.completions[0].text;
      expect_planned(model->memory(), plan, exact, other);
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what();
    }
  }
  std::cout << fit << " plans fit and were loaded, " << several << " of them over several devices; " << refused
            << " did not fit and were refused; cache and compute buffer of " << exact
            << " devices were planned to the byte, those of " << other << " within the bounds\n";
}

}  // namespace
}  // namespace berth
