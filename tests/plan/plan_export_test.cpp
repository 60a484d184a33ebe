#include "berth/plan_export.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "berth/convert.h"
#include "golden_file.h"
#include "plan/invented_models.h"
#include "plan/small_model.h"
#include "random_values.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The value behind `name`.
std::string argument(const std::vector<std::string>& arguments, const std::string& name) {
  const auto found = std::ranges::find(arguments, name);
  return found == arguments.end() || found + 1 == arguments.end() ? "" : *(found + 1);
}

std::vector<std::string> split_text(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// Where llama.cpp puts each layer, the output last: llama_model_base::load_tensors of 0.3.36, line by line.
std::vector<std::string> layers_as_llama_cpp_has_them(const std::vector<std::string>& arguments, int n_layer_all) {
  const auto names = split_text(argument(arguments, "-dev"), ',');
  const std::vector<std::string> devices = names.front() == "none" ? std::vector<std::string>() : names;
  const int n_gpu_layers = std::stoi(argument(arguments, "-ngl"));
  std::vector<float> splits;
  for (const auto& share : split_text(argument(arguments, "-ts"), ',')) splits.push_back(std::stof(share));
  splits.resize(devices.size(), devices.size() == 1 ? 1.0F : 0.0F);
  float split_sum = 0;
  for (auto& split : splits) split = split_sum += split;
  for (auto& split : splits) split /= split_sum;
  const int i_gpu_start = std::max(n_layer_all + 1 - n_gpu_layers, 0);
  const int act_gpu_layers = devices.empty() ? 0 : std::min(n_gpu_layers, n_layer_all + 1);
  std::vector<std::string> result;
  for (int il = 0; il <= n_layer_all; ++il) {
    if (il < i_gpu_start || il - i_gpu_start >= act_gpu_layers) {
      result.emplace_back("CPU");
      continue;
    }
    const auto at = std::upper_bound(splits.begin(), splits.end(),
                                     static_cast<float>(il - i_gpu_start) / static_cast<float>(act_gpu_layers));
    result.push_back(devices.at(static_cast<std::size_t>(at - splits.begin())));
  }
  return result;
}

Plan plan_of(Placement placement, ContextSpec context = {.n_ctx = 4096}) {
  return {.outcome = PlanOutcome::fits, .placement = std::move(placement), .context = std::move(context)};
}

TEST(LlamaCppArguments, NameEmbeddingsOnADevice) {
  const auto worker = Device::rpc(0);
  const auto profile = test::small_model("llama");
  const auto arguments =
      to_llama_cpp(plan_of({.layers = {{0, 4, worker}}, .input = worker, .output = worker}), profile, {});
  EXPECT_THAT(argument(arguments, "-ot"), HasSubstr("^token_embd\\.weight$=RPC0"));
}

TEST(LlamaCppArguments, MapWhatThePlanLeavesOnTheDisk) {
  const auto worker = Device::rpc(0);
  auto profile = test::small_model("llama");
  profile.path = "/models/a.gguf";
  const auto plan = plan_of({.layers = {{0, 2, Device::disk()}, {2, 1, Device::cpu()}, {3, 1, worker}},
                             .input = Device::disk(),
                             .output = worker});
  const auto arguments = to_llama_cpp(plan, profile, {});
  EXPECT_EQ(argument(arguments, "-ngl"), "2");
  EXPECT_THAT(arguments, AllOf(Contains("--no-repack"), Not(Contains("-ot"))));
  EXPECT_THAT(to_ollama(plan, profile), AllOf(HasSubstr("from the mapped file"), HasSubstr("num_gpu 2")));
}

TEST(LlamaCppArguments, GiveTheVeryPlacementByItsOwnRule) {
  test::Random random(11);
  for (int round = 0; round < 2000; ++round) {
    const int layers = 1 + random.below(130);
    const auto profile = test::small_model("llama", {}, static_cast<std::uint64_t>(layers));
    Placement placement;
    std::vector<std::string> expected;
    int next = random.coin() ? 0 : random.below(layers + 1);
    if (next > 0) placement.layers.push_back({0, next, Device::cpu()});
    expected.assign(static_cast<std::size_t>(next), "CPU");
    const int devices = random.below(9);
    for (int d = 0; d < devices; ++d) {
      const int count = d + 1 == devices ? layers - next : random.below(layers - next + 1);
      const auto device = Device::gpu(d);
      if (count > 0) placement.layers.push_back({next, count, device});
      expected.insert(expected.end(), static_cast<std::size_t>(count), to_ggml(device));
      if (d + 1 == devices) placement.output = device;
      next += count;
    }
    if (devices == 0) placement.layers = {{0, layers, Device::cpu()}};
    expected.resize(static_cast<std::size_t>(layers), "CPU");
    expected.push_back(to_ggml(placement.output));
    const auto arguments = to_llama_cpp(plan_of(placement), profile, {});
    ASSERT_EQ(layers_as_llama_cpp_has_them(arguments, layers), expected)
        << shell_command("", arguments) << placement.to_dict().to_json();
  }
}

TEST(LlamaCppArguments, GiveTheContext) {
  const auto profile = test::small_model("llama");
  const ContextSpec context{.n_ctx = 8192,
                            .n_seq = 4,
                            .n_batch = 1024,
                            .n_ubatch = 256,
                            .type_k = "Q8_0",
                            .type_v = "IQ4_NL",
                            .flash_attention = FlashAttention::on,
                            .unified = true,
                            .offload_cache = false};
  const Placement placement{.layers = {{0, 4, Device::gpu()}}, .output = Device::gpu()};
  EXPECT_THAT(to_llama_cpp(plan_of(placement, context), profile, {}),
              ElementsAre("-m", "", "-dev", "CUDA0", "-ngl", "5", "-c", "8192", "-np", "4", "-b", "1024", "-ub", "256",
                          "-ctk", "q8_0", "-ctv", "iq4_nl", "-fa", "on", "-kvu", "-nkvo", "-fit", "off"));
  const Placement host{.layers = {{0, 4, Device::cpu()}}};
  const auto arguments = to_llama_cpp(plan_of(host), profile, {});
  EXPECT_EQ(argument(arguments, "-dev"), "none");
  EXPECT_EQ(argument(arguments, "-ngl"), "0");
  EXPECT_THAT(arguments, AllOf(Contains("-no-kvu"), Not(Contains("-nkvo")), Not(Contains("-ts"))));
}

TEST(LlamaCppArguments, NameDevicesAsTheMachineHasThem) {
  Inventory inventory;
  inventory.devices.push_back({.device = Device::gpu(0), .engines = {{"llama.cpp", "ROCm1"}}});
  for (int i = 0; i < 3; ++i) {
    DeviceInfo worker{.device = Device::rpc(i)};
    worker.remote =
        RemoteInfo{.endpoint = i < 2 ? "first:1" : "second:2", .number = static_cast<std::uint32_t>(i < 2 ? i : 0)};
    inventory.devices.push_back(worker);
  }
  const auto profile = test::small_model("llama");
  const Placement placement{.layers = {{0, 2, Device::gpu(0)}, {2, 1, Device::rpc(2)}, {3, 1, Device::rpc(1)}},
                            .output = Device::rpc(1),
                            .tensors = {{"blk.0.ffn_up.weight", Device::rpc(1)}}};
  const auto arguments = to_llama_cpp(plan_of(placement), profile, inventory);
  EXPECT_EQ(argument(arguments, "--rpc"), "second:2,first:1");
  EXPECT_EQ(argument(arguments, "-dev"), "ROCm1,RPC0,RPC2");
  EXPECT_EQ(argument(arguments, "-ts"), "2,1,2");
  EXPECT_EQ(argument(arguments, "-ot"), "^blk\\.(0)\\.(ffn_up\\.weight)$=RPC1[first:1]");

  inventory.devices.back().remote->endpoint = "tls://second:2";
  try {
    to_llama_cpp(plan_of(placement), profile, inventory);
    FAIL() << "llama-server cannot reach it";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("tls://second:2"));
  }
}

/// What the patterns of -ot say of each tensor, as llama.cpp reads them: the first that is found counts.
std::string overridden(const std::string& overrides, const std::string& tensor) {
  for (const auto& each : split_text(overrides, ',')) {
    const auto equals = each.find('=');
    if (std::regex_search(tensor, std::regex(each.substr(0, equals)))) return each.substr(equals + 1);
  }
  return "";
}

TEST(LlamaCppArguments, OverrideTheTensorsOfThePlanAndNoOther) {
  test::Random random(5);
  for (int round = 0; round < 20; ++round) {
    const auto profile = test::invented_model(round % 2 == 0 ? "qwen3moe" : "t5");
    const auto layers = static_cast<int>(*profile.block_count);
    Placement placement{.layers = {{0, layers, Device::gpu(0)}}, .output = Device::gpu(0)};
    for (const auto& tensor : profile.tensors)
      if (random.below(3) == 0 || tensor.name.find("_exps") != std::string::npos)
        placement.tensors.set(tensor.name, random.below(4) == 0 ? Device::gpu(1) : Device::cpu());
    const auto overrides = argument(to_llama_cpp(plan_of(placement), profile, {}), "-ot");
    for (const auto& tensor : profile.tensors) {
      const auto* device = placement.tensors.find(tensor.name);
      EXPECT_EQ(overridden(overrides, tensor.name), device == nullptr ? "" : to_ggml(*device)) << tensor.name;
    }
  }
}

TEST(LlamaCppArguments, LoadTheCompanionsWhereThePlanHasThem) {
  Inventory inventory;
  DeviceInfo worker{.device = Device::rpc(0)};
  worker.remote = RemoteInfo{.endpoint = "host:1"};
  inventory.devices = {worker};
  auto plan = plan_of({.layers = {{0, 4, Device::gpu(0)}}, .output = Device::gpu(0)}, {.n_ctx = 512, .type_k = "Q8_0"});
  plan.companions = {{CompanionKind::projector, "mmproj.gguf", "clip", Device::gpu(1)},
                     {CompanionKind::draft, "draft.gguf", "llama", Device::rpc(0)},
                     {CompanionKind::adapter, "a,b.gguf"},
                     {CompanionKind::adapter, "c.gguf"}};
  const auto profile = test::small_model("llama");
  auto arguments = to_llama_cpp(plan, profile, inventory);
  EXPECT_EQ(argument(arguments, "-dev"), "CUDA0");
  EXPECT_EQ(argument(arguments, "--rpc"), "host:1");
  EXPECT_EQ(argument(arguments, "--mmproj"), "mmproj.gguf");
  EXPECT_EQ(argument(arguments, "-mmdev"), "CUDA1");
  EXPECT_EQ(argument(arguments, "-md"), "draft.gguf");
  EXPECT_EQ(argument(arguments, "-devd"), "RPC0");
  EXPECT_EQ(argument(arguments, "-ngld"), "all");
  EXPECT_EQ(argument(arguments, "-ctkd"), "q8_0");
  EXPECT_EQ(argument(arguments, "--spec-type"), "draft-simple");
  EXPECT_EQ(argument(arguments, "--lora"), "\"a,b.gguf\",c.gguf");
  plan.companions[0].device = plan.companions[1].device = Device::cpu();
  arguments = to_llama_cpp(plan, profile, inventory);
  EXPECT_THAT(arguments, AllOf(Contains("--no-mmproj-offload"), Not(Contains("-mmdev")), Not(Contains("--rpc"))));
  EXPECT_EQ(argument(arguments, "-devd"), "none");
  EXPECT_EQ(argument(arguments, "-ngld"), "0");
}

TEST(LlamaCppArguments, RefuseWhatLlamaCppCannotDo) {
  const auto profile = test::small_model("llama");
  EXPECT_THROW(to_llama_cpp({}, profile, {}), std::invalid_argument);
  Placement many;
  for (int i = 0; i < 16; ++i) many.layers.push_back({i, 1, Device::gpu(i)});
  many.output = Device::gpu(15);
  EXPECT_THROW(to_llama_cpp(plan_of(many), test::small_model("llama", {}, 16), {}), std::invalid_argument);
  const Placement back{.layers = {{0, 2, Device::gpu()}, {2, 2, Device::cpu()}}};
  EXPECT_THROW(to_llama_cpp(plan_of(back), profile, {}), std::invalid_argument);
}

TEST(LlamaCppArguments, RefuseAModelThatIsNotInGguf) {
  auto profile = test::small_model("llama");
  profile.format = "safetensors";
  profile.path = "folder";
  const auto plan = plan_of({.layers = {{0, 4, Device::cpu()}}});
  EXPECT_THROW(to_ollama(plan, profile), std::invalid_argument);
  try {
    to_llama_cpp(plan, profile, {});
    FAIL() << "llama-server reads GGUF alone";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(),
                HasSubstr("llama-server is told of models in GGUF, and 'folder' is one in safetensors"));
  }
}

TEST(ShellCommand, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_command("x", {"-m", "a b.gguf", "^a\\.(b|c)$=CPU", "it's", "", "-ngl", "3"}),
            "x -m 'a b.gguf' '^a\\.(b|c)$=CPU' 'it'\\''s' '' -ngl 3");
}

TEST(Modelfile, HasWhatOllamaTakes) {
  auto profile = test::small_model("llama");
  profile.path = "/models/small.gguf";
  const Placement placement{.layers = {{0, 1, Device::cpu()}, {1, 1, Device::gpu(0)}, {2, 2, Device::gpu(1)}},
                            .output = Device::gpu(1),
                            .tensors = {{"blk.1.ffn_up.weight", Device::cpu()}}};
  const auto file = to_ollama(plan_of(placement, {.n_ctx = 8192, .n_seq = 2}), profile);
  EXPECT_THAT(file, AllOf(HasSubstr("\nFROM /models/small.gguf\n"), HasSubstr("\nPARAMETER num_ctx 4096\n"),
                          HasSubstr("\nPARAMETER num_batch 512\n"), HasSubstr("\nPARAMETER num_gpu 4\n"),
                          HasSubstr("OLLAMA_NUM_PARALLEL=2 OLLAMA_KV_CACHE_TYPE=f16"),
                          HasSubstr("the plan has 1 on cuda:0, 3 on cuda:1"), HasSubstr("the plan has 1 apart")));
  auto together = plan_of(placement);
  together.companions = {{CompanionKind::projector, "/models/mmproj.gguf", "clip", Device::gpu(0)},
                         {CompanionKind::draft, "/models/draft.gguf", "llama", Device::gpu(1)},
                         {CompanionKind::adapter, "/models/lora.gguf"}};
  EXPECT_THAT(to_ollama(together, profile),
              AllOf(HasSubstr("\nFROM /models/mmproj.gguf\n"), HasSubstr("has this one on cuda:0"),
                    HasSubstr("# Ollama loads no draft model; the plan has /models/draft.gguf on cuda:1"),
                    HasSubstr("\nADAPTER /models/lora.gguf\n")));
  profile.path = "/models/two\nlines.gguf";
  EXPECT_THROW(to_ollama(plan_of(placement), profile), std::invalid_argument);
  EXPECT_THROW(to_ollama({}, profile), std::invalid_argument);
}

TEST(HfDeviceMap, HasTheModulesOfTransformers) {
  const Placement placement{.layers = {{0, 2, Device::cpu()}, {2, 2, Device::gpu(1)}}, .output = Device::gpu(1)};
  // Embeddings that serve as the output too lie with it.
  EXPECT_EQ(to_hf(to_hf_device_map(plan_of(placement), test::small_model("llama"))).to_json(),
            R"({"model.embed_tokens": 1, "model.layers.0": "cpu", "model.layers.1": "cpu", "model.layers.2": 1, )"
            R"("model.layers.3": 1, "model.norm": 1, "model.rotary_emb": 1, "lm_head": 1})");
  auto untied = test::small_model("gpt2");
  untied.tensors.push_back(test::small_tensor("output.weight", {256, 1000}));
  const auto map = to_hf_device_map(plan_of(placement), untied);
  EXPECT_EQ(map.at("transformer.wte"), Device::cpu());
  EXPECT_EQ(map.at("transformer.h.3"), Device::gpu(1));
  EXPECT_EQ(map.at("lm_head"), Device::gpu(1));
}

TEST(HfDeviceMap, RefusesWhatItCannotSay) {
  const Placement placement{.layers = {{0, 4, Device::cpu()}}};
  EXPECT_THROW(to_hf_device_map(plan_of(placement), test::small_model("rwkv6")), std::invalid_argument);
  auto apart = placement;
  apart.tensors.set("blk.0.ffn_up.weight", Device::gpu());
  EXPECT_THROW(to_hf_device_map(plan_of(apart), test::small_model("llama")), std::invalid_argument);
  EXPECT_THROW(to_hf_device_map({}, test::small_model("llama")), std::invalid_argument);
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(HtmlPage, IsOnePageThatNeedsNothingElse) {
  const auto profile = test::invented_model("qwen3moe");
  const auto machine = simulate("cpu:1GiB,cuda:800MiB");
  const auto page = to_html(make_plan(profile, machine, {.context = {.n_ctx = 2048}}), profile, machine);
  EXPECT_THAT(page, AllOf(testing::StartsWith("<!DOCTYPE html>"), HasSubstr("prefers-color-scheme: dark"),
                          HasSubstr("@media print"), HasSubstr("It fits")));
  for (const char* part : {"<script", "http://", "https://", "url(", "@import", "src=", "onload"})
    EXPECT_THAT(page, Not(HasSubstr(part)));
  for (const char* tag : {"div", "span", "table", "tr", "td", "p", "h2", "details", "ul", "li"})
    EXPECT_EQ(count_of(page, "<" + std::string(tag) + ">") + count_of(page, "<" + std::string(tag) + " "),
              count_of(page, "</" + std::string(tag) + ">"))
        << tag;
  for (const auto& tensor : profile.tensors) EXPECT_THAT(page, HasSubstr(">" + tensor.name + "<"));
}

TEST(HtmlPage, HasBarsAsLongAsTheRequestLets) {
  const auto profile = test::invented_model("qwen3");
  const auto machine = simulate("cpu:8GiB,cuda:2GiB");
  const PlanRequest request{.context = {.n_ctx = 2048}, .max_memory = {{Device::gpu(), std::uint64_t{1} << 30}}};
  const auto plan = make_plan(profile, machine, request);
  EXPECT_THAT(to_html(plan, profile, machine, {}, request), HasSubstr("of 1.0 GiB"));
  EXPECT_THAT(to_html(plan, profile, machine), HasSubstr("of 2.0 GiB"));
}

TEST(HtmlPage, ShowsTheAlternatives) {
  const auto profile = test::invented_model("qwen3");
  const auto machine = simulate("cpu:8GiB,cuda:2GiB");
  const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 2048}});
  auto others = alternatives(plan, profile, machine, {});
  others.push_back({"<none>", {}});
  const auto page = to_html(plan, profile, machine, others);
  EXPECT_THAT(page, AllOf(HasSubstr("cpu alone"), HasSubstr("&lt;none&gt;"), HasSubstr("does not fit")));
}

TEST(HtmlPage, ShowsWhatLacksAndTextFromOutsideAsText) {
  auto profile = test::small_model("llama", {}, 8);
  profile.name = "<script>alert(\"x\")</script>&\x1b[31m";
  const auto machine = simulate("cpu:10MiB");
  const auto page = to_html(make_plan(profile, machine, {}), profile, machine);
  EXPECT_THAT(page, AllOf(HasSubstr("It does not fit"), HasSubstr("What would help"), Not(HasSubstr("<script")),
                          HasSubstr("&lt;script&gt;"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace berth
