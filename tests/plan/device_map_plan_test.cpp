/// Device maps of random models: laws that hold for each of them, and what is refused.
#include "berth/device_map_plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "json_file.h"
#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;

class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  ModuleTree make() {
    tree_ = {};
    add_module("", 0);
    for (int i = random_.below(3); i > 0 && tree_.tensors.size() > 1; --i) tie();
    return tree_;
  }

 private:
  void add_module(const std::string& path, int depth) {
    tree_.modules.push_back({path, "C" + std::to_string(random_.below(4)), depth > 0 && random_.below(4) == 0, ""});
    const auto in = path.empty() ? "" : path + ".";
    for (int i = random_.below(3); i > 0; --i) {
      const auto n = static_cast<std::uint64_t>(random_.below(200));
      const bool is_mask = random_.below(5) == 0;
      tree_.tensors.push_back({in + "t" + std::to_string(i),
                               {n, 4},
                               is_mask ? "bool" : "float32",
                               is_mask ? 4 * n : 16 * n,
                               random_.below(3) == 0 ? TensorKind::buffer : TensorKind::parameter,
                               random_.coin(),
                               ""});
    }
    if (depth < 4)
      for (int i = random_.below(4); i > 0; --i) add_module(in + "m" + std::to_string(i), depth + 1);
  }

  void tie() {
    const auto a = static_cast<std::size_t>(random_.below(static_cast<int>(tree_.tensors.size()) - 1));
    auto& second = tree_.tensors.back();
    const auto& first = tree_.tensors[a];
    if (first.kind != second.kind || !first.alias_of.empty() || !second.alias_of.empty()) return;
    second.alias_of = first.name;
    second.shape = first.shape;
    second.dtype = first.dtype;
    second.bytes = first.bytes;
    if (first.kind == TensorKind::parameter) tree_.tied.push_back({first.name, second.name});
  }

  test::Random random_;
  ModuleTree tree_;
};

DeviceMapRequest random_request(test::Random& random, std::uint64_t bytes) {
  DeviceMapRequest request;
  request.strategy = static_cast<MapStrategy>(random.below(6));
  const auto budget = [&] { return bytes * static_cast<std::uint64_t>(random.below(12)) / 10; };
  for (int i = random.below(4); i > 0; --i) request.max_memory.push_back({Device::gpu(i - 1), budget()});
  if (random.coin()) request.max_memory.push_back({Device::cpu(), budget()});
  if (random.below(3) == 0) request.dtype = "float16";
  request.offload_buffers = random.coin();
  request.fallback_allocation = random.coin();
  request.clean_result = random.coin();
  return request;
}

TEST(DeviceMapPlan, IsSoundForAllModelsAndBudgets) {
  test::Random random(5);
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const auto tree = RandomTree(seed).make();
    std::uint64_t bytes = 0;
    for (const auto& tensor : tree.tensors) bytes += tensor.alias_of.empty() ? tensor.bytes : 0;
    const auto request = random_request(random, bytes);
    const auto plan = plan_device_map(tree, request);
    EXPECT_TRUE(plan.report.is_sound());
    EXPECT_EQ(plan.report, check_device_map(tree, plan.device_map, request));
    if (request.strategy == MapStrategy::optimal) {
      EXPECT_TRUE(plan.report.uncovered.empty());
      if (!request.dtype) {
        const auto held = [](std::uint64_t sum, const MemoryBudget& use) { return sum + use.bytes; };
        EXPECT_EQ(std::accumulate(plan.report.use.begin(), plan.report.use.end(), std::uint64_t{0}, held), bytes);
      }
    }
  }
}

TEST(DeviceMapPlan, MoreMemoryOffloadsNoMore) {
  test::Random random(6);
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const auto tree = RandomTree(seed).make();
    DeviceMapRequest request{.max_memory = {{Device::gpu(0), 2000}, {Device::cpu(), 1'000'000}}};
    const auto before = plan_device_map(tree, request).report.off_accelerator_bytes;
    request.max_memory.push_back({Device::gpu(1), 3000});
    EXPECT_LE(plan_device_map(tree, request).report.off_accelerator_bytes, before);
  }
}

TEST(ModuleTree, ReadsWhatItWrites) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const auto tree = RandomTree(seed).make();
    EXPECT_EQ(ModuleTree::from_dict(Value::from_json(tree.to_dict().to_json())), tree);
  }
}

std::string refused(const ModuleTree& tree) {
  return refusal([&] { tree.check(); });
}

TEST(ModuleTree, RefusesWhatIsNoTree) {
  EXPECT_EQ(refused({}), "The first module of a tree has to be the model itself, with an empty path");
  EXPECT_EQ(refused({.modules = {{""}, {"a.b"}}}), "module 'a.b' has no parent before it");
  EXPECT_EQ(refused({.modules = {{""}, {"a"}, {"a"}}}), "module 'a' is there twice");
  EXPECT_EQ(refused({.modules = {{""}, {"a", "", false, "b"}}}),
            "module 'a' is said to be the same as 'b', which is no earlier module");
  EXPECT_EQ(refused({.modules = {{""}, {"a"}, {"a.b", "", false, "a"}}}), "module 'a' lies in itself");
  const ModuleTensor tensor{.name = "w", .shape = {4}, .dtype = "float32", .bytes = 16};
  EXPECT_EQ(refused({.modules = {{""}}, .tensors = {tensor}}), "was accepted");
  EXPECT_EQ(refused({.modules = {{""}}, .tensors = {tensor, tensor}}), "tensor 'w' is there twice");
  EXPECT_EQ(refused({.modules = {{""}}, .tensors = {tensor}, .tied = {{"w", "v"}}}),
            "tied tensor 'v' is not in the tree");
  auto other = tensor;
  other.name = "a.w";
  EXPECT_EQ(refused({.modules = {{""}}, .tensors = {other}}), "tensor 'a.w' lies in no module");
  other = tensor;
  other.shape = {1u << 31, 1u << 31};
  EXPECT_EQ(refused({.modules = {{""}}, .tensors = {other}}), "tensor 'w' has more than 2^48 elements");
  other = tensor;
  other.alias_of = "v";
  EXPECT_EQ(refused({.modules = {{""}}, .tensors = {other}}),
            "tensor 'w' is said to be 'v', which is no earlier tensor");
}

/// A module in two places, and that in two places, and so on.
TEST(ModuleTree, RefusesToGrowWithoutEnd) {
  ModuleTree tree{.modules = {{""}, {"m"}}};
  std::string path = "m";
  for (int i = 0; i < 64; ++i) {
    tree.modules.push_back({path + ".a"});
    tree.modules.push_back({path + ".b"});
    tree.modules.push_back({path + ".a.m"});
    tree.modules.push_back({path + ".b.m", "", false, path + ".a.m"});
    path += ".a.m";
  }
  EXPECT_NE(refused(tree).find("larger than"), std::string::npos) << refused(tree);
}

TEST(MaxMemory, TakesTheFormsOfAccelerate) {
  const auto budgets =
      max_memory_from(Value::from_json(R"({"1": "10GiB", "0": 7, "cpu": "1.5 MB", "mps": "8Gb", "disk": "2kb"})"));
  const std::vector<MemoryBudget> expected = {{Device::gpu(1), 10737418240},
                                              {Device::gpu(0), 7},
                                              {Device::cpu(), 1500000},
                                              {Device::mps(), 1000000000},
                                              {Device::disk(), 250}};
  EXPECT_EQ(budgets, expected);
  EXPECT_EQ(max_memory_from(Value::from_json(R"([[0, "0.7GiB"], ["cuda:1", 0]])")),
            (std::vector<MemoryBudget>{{Device::gpu(0), 751619276}, {Device::gpu(1), 0}}));
}

TEST(MaxMemory, RefusesTheRest) {
  const auto of = [](const char* json) { return refusal([&] { max_memory_from(Value::from_json(json)); }); };
  for (const char* json : {R"({"0": -1})", R"({"0": "-1GiB"})", R"({"0": "GiB"})", R"({"0": "infGB"})",
                           R"({"0": "nanGB"})", R"({"0": "9e300GB"})", R"({"0": null})", R"({"0": 1.5})",
                           R"({"gpu": 1})", R"({"-1": 1})", R"([[0]])", R"([[0, 1], ["cuda:0", 1]])", R"(["0"])", "7"})
    EXPECT_EQ(of(json).substr(0, 10), "max_memory") << json;
  const ModuleTree tree{.modules = {{""}}};
  EXPECT_NE(refusal([&] { plan_device_map(tree, {.max_memory = {{Device::npu(), 1}}}); }), "was accepted");
  EXPECT_NE(refusal([&] { map_strategy_from_str("autp"); }).find("did you mean 'auto'"), std::string::npos);
}

}  // namespace
}  // namespace berth
