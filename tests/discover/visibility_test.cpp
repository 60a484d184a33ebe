#include "discover/drivers/visibility.h"

#include <gmock/gmock.h>

#include <random>

namespace berth::discovery {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using All = std::vector<VisibleDevice>;

/// Two GPUs whose UUIDs begin alike, and one in MIG mode.
std::vector<PhysicalDevice> nvidia() {
  return {{.name = "A", .uuid = "GPU-11aa0000-0000", .pci_id = "0000:01:00.0", .speed = 1},
          {.name = "B", .uuid = "GPU-11bb0000-0000", .pci_id = "0000:02:00.0", .speed = 3},
          {.name = "C",
           .uuid = "GPU-22cc0000-0000",
           .pci_id = "0000:03:00.0",
           .speed = 2,
           .parts = {{.name = "C1", .uuid = "MIG-33dd0000-0001", .legacy_id = "MIG-GPU-22cc0000-0000/7/0"},
                     {.name = "C2", .uuid = "MIG-33dd0000-0002", .legacy_id = "MIG-GPU-22cc0000-0000/8/0"}}}};
}

All cuda(std::string_view value) { return visible(nvidia(), "CUDA_VISIBLE_DEVICES", value).devices; }
std::vector<std::string> cuda_notes(std::string_view value) {
  return visible(nvidia(), "CUDA_VISIBLE_DEVICES", value).notes;
}

std::vector<PhysicalDevice> three() { return {{.name = "X"}, {.name = "Y"}, {.name = "Z"}}; }

TEST(CudaVisibleDevices, ChoosesAndOrdersByIndex) {
  EXPECT_EQ(cuda("1,0"), (All{{1}, {0}}));
  EXPECT_EQ(cuda(" 1 , 0 "), (All{{1}, {0}}));
  EXPECT_EQ(cuda("+1"), All{{1}});
  EXPECT_EQ(cuda("1gpu2,0b"), (All{{1}, {0}}));
}

TEST(CudaVisibleDevices, HidesAllWhereNothingIsNamed) {
  for (const char* value : {"", "-1", "NoDevFiles", "none", ",0", "3", "GPU-", "99999999999999999999999"})
    EXPECT_THAT(cuda(value), IsEmpty()) << value;
}

TEST(CudaVisibleDevices, EndsAtTheFirstThatIsInvalid) {
  EXPECT_EQ(cuda("1,-1,0"), All{{1}});
  EXPECT_EQ(cuda("1,7,0"), All{{1}});
  EXPECT_EQ(cuda("1,,0"), All{{1}});
  EXPECT_EQ(cuda("GPU-11aa,GPU-ff,GPU-11bb"), All{{0}});
}

TEST(CudaVisibleDevices, ShowsNothingWhereOneIsThereTwice) {
  EXPECT_THAT(cuda("0,1,0"), IsEmpty());
  EXPECT_THAT(cuda("GPU-11aa,GPU-11aa0"), IsEmpty());
  EXPECT_THAT(cuda("MIG-33dd0000-0001,MIG-GPU-22cc0000-0000/7/0"), IsEmpty());
}

TEST(CudaVisibleDevices, TakesUuidsAndTheirBeginnings) {
  EXPECT_EQ(cuda("GPU-11bb0000-0000,GPU-11aa"), (All{{1}, {0}}));
  EXPECT_EQ(cuda("GPU-11BB"), All{{1}});
  EXPECT_THAT(cuda("GPU-11"), IsEmpty());
  EXPECT_THAT(cuda_notes("GPU-11"), Contains(HasSubstr("several UUIDs")));
}

TEST(CudaVisibleDevices, DoesNotMixIndicesGpusAndInstances) {
  EXPECT_EQ(cuda("0,GPU-11bb"), All{{0}});
  EXPECT_EQ(cuda("GPU-11bb,0"), All{{1}});
  EXPECT_EQ(cuda("MIG-33dd0000-0002,GPU-11bb"), (All{{2, 1}}));
}

TEST(CudaVisibleDevices, TakesInstancesByBothOfTheirNames) {
  EXPECT_EQ(cuda("MIG-33dd0000-0002,MIG-33dd0000-0001"), (All{{2, 1}, {2, 0}}));
  EXPECT_EQ(cuda("MIG-GPU-22cc0000-0000/8/0"), (All{{2, 1}}));
  EXPECT_THAT(cuda("MIG-GPU-22cc0000-0000/9/0"), IsEmpty());
  EXPECT_THAT(cuda("MIG-GPU-22cc0000-0000/8"), IsEmpty());
}

TEST(CudaVisibleDevices, TakesTheFirstInstanceForAGpuInMigMode) {
  EXPECT_EQ(cuda("2"), (All{{2, 0}}));
  EXPECT_EQ(cuda("GPU-22"), (All{{2, 0}}));
}

TEST(CudaVisibleDevices, NamesWhatItHides) {
  EXPECT_THAT(cuda_notes("1"), ElementsAre("CUDA_VISIBLE_DEVICES=1 hides A (GPU-11aa0000-0000)",
                                           "CUDA_VISIBLE_DEVICES=1 hides C (GPU-22cc0000-0000)"));
  EXPECT_THAT(cuda_notes("0,1,2"), ElementsAre("CUDA_VISIBLE_DEVICES=0,1,2 hides C2 (MIG-33dd0000-0002)"));
  EXPECT_THAT(cuda_notes(""), Contains("CUDA_VISIBLE_DEVICES=\"\" hides A (GPU-11aa0000-0000)"));
  EXPECT_THAT(cuda_notes("0,7"),
              Contains("CUDA_VISIBLE_DEVICES=0,7: '7' is no device here: it hides itself and what follows"));
}

TEST(CudaVisibleDevices, KeepsItsNotesShort) {
  const std::string endless(100'000, ',');
  for (const auto& note : cuda_notes("0" + endless)) EXPECT_LT(note.size(), 500U);
  EXPECT_LT(visible(three(), "ZE_AFFINITY_MASK", endless).notes.size(), 32U);
}

TEST(CudaDeviceOrder, PutsTheFastestFirstUnlessTheBusIsAskedFor) {
  EXPECT_THAT(cuda_order(nvidia(), ""), ElementsAre(1, 0, 2));
  EXPECT_THAT(cuda_order(nvidia(), "FASTEST_FIRST"), ElementsAre(1, 0, 2));
  EXPECT_THAT(cuda_order(nvidia(), "PCI_BUS_ID"), ElementsAre(0, 1, 2));
  EXPECT_THAT(cuda_order({}, ""), IsEmpty());
}

All hip(std::string_view value) { return visible(nvidia(), "HIP_VISIBLE_DEVICES", value).devices; }

TEST(HipVisibleDevices, ChoosesAndOrdersByIndexAndByPartsOfUuids) {
  EXPECT_EQ(hip("2,0"), (All{{2}, {0}}));
  EXPECT_EQ(hip("2,GPU-11bb0000,0"), (All{{2}, {1}, {0}}));
  EXPECT_EQ(hip("GPU-11"), All{{0}}) << "the first of several";
  EXPECT_THAT(hip("GPU-11AA"), IsEmpty());
  EXPECT_EQ(hip("1,"), All{{1}});
  EXPECT_EQ(hip(""), (All{{0}, {1}, {2}}));
}

TEST(HipVisibleDevices, CountsARepetitionOnce) { EXPECT_EQ(hip("1,0,1,GPU-11aa,2"), (All{{1}, {0}, {2}})); }

TEST(HipVisibleDevices, EndsAtTheFirstThatIsNotWrittenAsHipWritesIt) {
  for (const char* value : {"1, 0", "1,+0", "1,00", "1,0x", "1,,0", "1,-1,0", "1,3,0", "1,MIG-33dd0000-0001,0"})
    EXPECT_EQ(hip(value), All{{1}}) << value;
  EXPECT_THAT(hip(" 1"), IsEmpty());
  EXPECT_THAT(visible(nvidia(), "HIP_VISIBLE_DEVICES", "1, 0").notes,
              Contains("HIP_VISIBLE_DEVICES=1, 0: ' 0' is no device here: it hides itself and what follows"));
}

TEST(HipVisibleDevices, IsTheRuleForThatOfCudaToo) {
  const auto result = visible(nvidia(), "CUDA_VISIBLE_DEVICES", "1,1", VariableReader::hip);
  EXPECT_EQ(result.devices, All{{1}});
  EXPECT_THAT(result.notes, Contains("CUDA_VISIBLE_DEVICES=1,1 hides A (GPU-11aa0000-0000)"));
}

TEST(RocrVisibleDevices, MixesIndicesAndUuidsAndEndsAtARepetition) {
  const auto devices = [](std::string_view value) { return visible(nvidia(), "ROCR_VISIBLE_DEVICES", value).devices; };
  EXPECT_EQ(devices("2,GPU-11aa"), (All{{2}, {0}}));
  EXPECT_EQ(devices("1,1,0"), All{{1}});
  EXPECT_EQ(devices("1,x,0"), All{{1}});
  EXPECT_THAT(devices("1x"), IsEmpty());
  EXPECT_THAT(devices(""), IsEmpty());
}

TEST(ZeAffinityMask, IsASetOfDevicesAndTiles) {
  const std::vector<PhysicalDevice> two{{.name = "P", .parts = {{.name = "P0"}, {.name = "P1"}}}, {.name = "Q"}};
  const auto devices = [&](std::string_view value) { return visible(two, "ZE_AFFINITY_MASK", value).devices; };
  EXPECT_EQ(devices("1,0.1"), (All{{0, 1}, {1}}));
  EXPECT_EQ(devices("0.1,0"), All{{0}});
  EXPECT_EQ(devices("0.1,0.1"), (All{{0, 1}}));
  EXPECT_EQ(devices(""), (All{{0}, {1}}));
  EXPECT_EQ(devices("7,0.2,1.0,1"), All{{1}});
  EXPECT_EQ(flat(two), (std::vector<PhysicalDevice>{{.name = "P0"}, {.name = "P1"}, {.name = "Q"}}));
}

TEST(OneapiDeviceSelector, UnderstandsBackendsKindsAndIndices) {
  const std::vector<PhysicalDevice> two{{.name = "P"}, {.name = "N", .type = "npu"}};
  const auto devices = [&](std::string_view value) { return visible(two, "ONEAPI_DEVICE_SELECTOR", value).devices; };
  EXPECT_EQ(devices("level_zero:1"), All{{1}});
  EXPECT_EQ(devices("level_zero:gpu"), All{{0}});
  EXPECT_EQ(devices("*:npu"), All{{1}});
  EXPECT_EQ(devices("LEVEL_ZERO:*"), (All{{0}, {1}}));
  EXPECT_THAT(devices("opencl:*"), IsEmpty());
  EXPECT_EQ(devices("opencl:cpu;level_zero:0"), All{{0}});
}

TEST(OneapiDeviceSelector, LeavesAllVisibleAndSaysSoWhereItIsNotSimple) {
  for (const char* value : {"!opencl:*", "level_zero:0.1", "nonsense"}) {
    const auto result = visible(three(), "ONEAPI_DEVICE_SELECTOR", value);
    EXPECT_EQ(result.devices.size(), 3U) << value;
    EXPECT_THAT(result.notes, Contains(HasSubstr("left to SYCL"))) << value;
  }
}

TEST(GgmlVkVisibleDevices, ReadsAsLlamaCppDoes) {
  const auto devices = [](std::string_view value) {
    return visible(three(), "GGML_VK_VISIBLE_DEVICES", value).devices;
  };
  EXPECT_EQ(devices("2,0"), (All{{2}, {0}}));
  EXPECT_EQ(devices("1,x,0"), All{{1}});
  EXPECT_THAT(devices("1,9"), IsEmpty());
  EXPECT_EQ(devices("1 0"), (All{{1}, {0}}));
  EXPECT_EQ(devices(",2,, +0,\t2,"), (All{{2}, {0}, {2}}));
  EXPECT_EQ(devices("1x,0"), All{{1}});
  EXPECT_THAT(devices("1,-1"), IsEmpty());
  EXPECT_EQ(devices("1,99999999999999999999999,0"), All{{1}});
  EXPECT_THAT(devices(""), IsEmpty());
}

TEST(GgmlVkVisibleDevices, SaysWhatEndsTheList) {
  const auto notes = [](std::string_view value) { return visible(three(), "GGML_VK_VISIBLE_DEVICES", value).notes; };
  EXPECT_THAT(notes("1,-1,0"), Contains(HasSubstr(": '-1' is no device here: llama.cpp gives up Vulkan")));
  EXPECT_THAT(notes("1, 9"), Contains(HasSubstr(": '9' is no device here")));
  EXPECT_THAT(notes("1,gpu 0"), Contains(HasSubstr(": 'gpu 0' is no number: what follows is hidden")));
  EXPECT_THAT(notes("0,1,2,"), IsEmpty());
}

TEST(Visibility, LeavesAllVisibleForAVariableItDoesNotKnow) {
  EXPECT_EQ(visible(three(), "SOMETHING", "0").devices.size(), 3U);
}

TEST(Visibility, ShowsEachDeviceOnceAndOnlyThoseThatExist) {
  std::mt19937 random(7);
  const std::string letters = "0123,,.-GPUMIG 1adx:;*!";
  for (int round = 0; round < 1000; ++round) {
    std::string value;
    for (auto length = random() % 24; length > 0; --length) value += letters[random() % letters.size()];
    for (const char* variable : {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                 "ZE_AFFINITY_MASK", "ONEAPI_DEVICE_SELECTOR"}) {
      auto devices = visible(nvidia(), variable, value).devices;
      for (const auto& device : devices) {
        ASSERT_LT(device.index, 3U) << variable << '=' << value;
        ASSERT_LT(device.part.value_or(0), 2U) << variable << '=' << value;
      }
      std::sort(devices.begin(), devices.end());
      ASSERT_EQ(std::adjacent_find(devices.begin(), devices.end()), devices.end()) << variable << '=' << value;
    }
  }
}

}  // namespace
}  // namespace berth::discovery
