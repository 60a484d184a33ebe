/// Loading, and what cannot be loaded.
#include <gmock/gmock.h>

#include <fstream>

#include "berth/engine.h"
#include "berth/error.h"
#include "model/gguf_writer.h"
#include "model/safetensors_writer.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::HasSubstr;

std::shared_ptr<const LoadedModel> load(const std::filesystem::path& path, ComponentDevice device = Device::cpu()) {
  return engine("llama.cpp").load({.model = path, .device = std::move(device)});
}

template <class Error>
std::string load_refusal(const std::filesystem::path& path, ComponentDevice device = Device::cpu()) {
  try {
    load(path, std::move(device));
  } catch (const Error& problem) {
    return problem.what();
  }
  return "was accepted";
}

/// A copy of the model's first `bytes`.
std::filesystem::path cut_copy(const test::TemporaryFolder& folder, std::uintmax_t bytes) {
  const auto copy = folder.path() / "cut.gguf";
  std::filesystem::copy_file(test::model_path(), copy);
  std::filesystem::resize_file(copy, bytes);
  return copy;
}

TEST(Load, ADeviceThatIsNotThereIsRefusedWithThoseThatAre) {
  const auto refused = [](const DeviceKey& key) {
    try {
      engine("llama.cpp").load({.model = "any.gguf", .device = Device::gpu(7), .keys = {{"cuda:7", key}}});
    } catch (const EngineError& problem) {
      return std::string(problem.what());
    }
    return std::string("was accepted");
  };
  EXPECT_THAT(refused({.engines = {{"llama.cpp", "CUDA7"}}}),
              AllOf(HasSubstr("cuda:7"), HasSubstr("no CUDA7 any more"), HasSubstr("CPU")));
  EXPECT_THAT(refused({.pci_id = "0000:ff:00.0"}), AllOf(HasSubstr("does not list this device"), HasSubstr("CPU")));
  EXPECT_THAT(refused({.pci_id = "0000:ff:00.0", .engines = {{"another", "GPU.0"}}}), HasSubstr("another can"));
}

TEST(Load, AnIndexAloneIsNotBelieved) {
  EXPECT_THAT(load_refusal<EngineError>("any.gguf", Device::gpu(0)),
              AllOf(HasSubstr("cuda:0"), HasSubstr("give its key")));
}

TEST(Load, AMissingFileIsNotFound) {
  EXPECT_THAT(load_refusal<ModelNotFound>("/nowhere/model.gguf"), HasSubstr("/nowhere/model.gguf"));
}

TEST(Load, AnEmptyFileAndOneThatIsNoGgufAreFormatErrors) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "model.gguf";
  std::ofstream(path).close();
  EXPECT_THAT(load_refusal<FormatError>(path), HasSubstr(path.string()));
  std::ofstream(path) << "This is no model at all, whatever its name says.";
  EXPECT_THAT(load_refusal<FormatError>(path), HasSubstr("GGUF"));
}

TEST(Load, AModelThatCanOnlyBeReadIsAnEngineErrorThatSaysWhatToDo) {
  const test::TemporaryFolder folder;
  const auto path = test::small_safetensors().write(folder.path() / "model.safetensors");
  EXPECT_THAT(load_refusal<EngineError>(path),
              AllOf(HasSubstr("a model in safetensors"), HasSubstr("berth gguf")));
}

TEST(Load, AFileThatIsCutIsAFormatError) {
  BERTH_NEEDS_MODEL();
  const auto bytes = std::filesystem::file_size(test::model_path());
  for (const auto size : {std::uintmax_t{1000}, std::uintmax_t{1'000'000}, bytes / 2, bytes - 1}) {
    const test::TemporaryFolder folder;
    EXPECT_NE(load_refusal<FormatError>(cut_copy(folder, size)), "was accepted") << size;
  }
}

TEST(Load, AProfileThatIsHandedOnIsNotReadAgain) {
  BERTH_NEEDS_MODEL();
  auto profile = std::make_shared<ModelProfile>(read_model(test::model_path()));
  profile->architecture = "from the profile";
  const auto model = engine("llama.cpp").load({.model = test::model_path()}, {.profile = profile});
  EXPECT_EQ(model->info().architecture, "from the profile");
}

TEST(Load, TheProfileOfAnotherFileIsRefused) {
  const auto profile = std::make_shared<ModelProfile>();
  profile->path = "/models/a.gguf";
  try {
    engine("llama.cpp").load({.model = "/models/b.gguf"}, {.profile = profile});
    FAIL() << "was accepted";
  } catch (const std::invalid_argument& problem) {
    EXPECT_STREQ(problem.what(),
                 "The profile that was given is of '/models/a.gguf', not of '/models/b.gguf', which is to be loaded");
  }
}

TEST(Load, AnUnknownArchitectureIsAnEngineErrorThatNamesIt) {
  const test::TemporaryFolder folder;
  const auto path = test::GgufWriter()
                        .add("general.architecture", "nonesuch")
                        .tensor("token_embd.weight", 0, {32, 4}, 512)
                        .write(folder.path() / "model.gguf");
  EXPECT_THAT(load_refusal<EngineError>(path), AllOf(HasSubstr("nonesuch"), HasSubstr(path.string())));
}

TEST(Load, AnAbsurdNumberOfLayersIsRefusedBeforeTheEngineAssertsIt) {
  for (const std::uint32_t layers : {0U, 513U}) {
    const test::TemporaryFolder folder;
    const auto path = test::GgufWriter()
                          .add("general.architecture", "llama")
                          .add("llama.block_count", layers)
                          .tensor("token_embd.weight", 0, {32, 4}, 512)
                          .write(folder.path() / "model.gguf");
    EXPECT_THAT(load_refusal<EngineError>(path), HasSubstr("layers"));
  }
}

TEST(Load, ReportsProgressUpToOne) {
  BERTH_NEEDS_MODEL();
  std::vector<float> parts;
  engine("llama.cpp").load({.model = test::model_path(), .device = Device::cpu()}, {.progress = [&](float part) {
                             parts.push_back(part);
                             return true;
                           }});
  ASSERT_FALSE(parts.empty());
  EXPECT_TRUE(std::ranges::is_sorted(parts));
  EXPECT_FLOAT_EQ(parts.back(), 1.0F);
}

TEST(Load, CanBeCancelledByTheCallbackAndByTheStopToken) {
  BERTH_NEEDS_MODEL();
  EXPECT_THROW(
      engine("llama.cpp")
          .load({.model = test::model_path(), .device = Device::cpu()}, {.progress = [](float) { return false; }}),
      Cancelled);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(
      engine("llama.cpp").load({.model = test::model_path(), .device = Device::cpu()}, {.stop = stop.get_token()}),
      Cancelled);
}

TEST(Load, AMapOfOneDeviceIsThatDevice) {
  BERTH_NEEDS_MODEL();
  const auto model = load(test::model_path(), DeviceMap{{"model", Device::cpu()}, {"lm_head", Device::cpu()}});
  EXPECT_EQ(model->info().where(), "cpu");
}

TEST(Load, AMapNeedsADeviceForEachPartAndKeysForEachDevice) {
  BERTH_NEEDS_MODEL();
  const auto path = test::model_path().string();
  EXPECT_THAT(load_refusal<EngineError>(path, DeviceMap{{"", Device::gpu(0)}, {"lm_head", Device::cpu()}}),
              HasSubstr("give its key"));
  EXPECT_THAT(load_refusal<std::invalid_argument>(path, DeviceMap{}), HasSubstr("empty"));
  EXPECT_THAT(load_refusal<std::invalid_argument>(path, DeviceMap{{"model.layers", Device::cpu()}}),
              HasSubstr("no entry for 'token_embd.weight'"));
}

TEST(Load, APlacementOfAnotherModelIsRefused) {
  BERTH_NEEDS_MODEL();
  const auto refused = [](Placement placement) {
    return test::refusal([&] {
      engine("llama.cpp").load({.model = test::model_path(), .placement = std::move(placement), .context = {}});
    });
  };
  EXPECT_THAT(refused({.layers = {{0, 24, Device::cpu()}}}), HasSubstr("24 layers, and"));
  EXPECT_THAT(refused({.layers = {{0, 10, Device::cpu()}, {9, 21, Device::cpu()}}}), HasSubstr("layer 10 on was to come"));
  EXPECT_THAT(refused({.layers = {{0, 30, Device::cpu()}}, .tensors = {{"blk.0.ffn_magic.weight", Device::cpu()}}}),
              HasSubstr("'blk.0.ffn_magic.weight'"));
}

}  // namespace
}  // namespace berth
