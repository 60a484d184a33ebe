/// Where an encoder goes when its worker is lost.
#include "engine/place_encoder.h"

#include <gmock/gmock.h>

#include <set>

#include "berth/error.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

DeviceInfo room_on(const Device& device, std::uint64_t bytes) {
  DeviceInfo info{.device = device};
  info.free_bytes = info.total_bytes = bytes;
  info.engines.push_back({"llama.cpp", device.str()});
  return info;
}

std::set<std::string> devices_on(std::vector<DeviceInfo> machine) {
  const auto placed = place_encoder_anywhere({.model = BERTH_TEST_DATA_DIR "/encoders/st_dense"},
                                             Inventory{.devices = std::move(machine)});
  std::set<std::string> devices;
  for (const auto& [module, device] : *placed.device.multiple()) devices.insert(device.str());
  return devices;
}

constexpr std::uint64_t much = 1 << 30;
constexpr std::uint64_t most_of_it = 20'000;  // of some 30,000 bytes

TEST(PlaceEncoderAnywhere, TakesOneAcceleratorOfThisMachineFirst) {
  const auto cpu = room_on(Device::cpu(), much);
  const auto worker = room_on(Device::rpc(0), much);
  EXPECT_THAT(devices_on({cpu, worker, room_on(Device::gpu(0), much)}), ElementsAre("cuda:0"));
  EXPECT_THAT(devices_on({cpu, worker, room_on(Device::gpu(0), 100)}), ElementsAre("rpc:0"));
  EXPECT_THAT(devices_on({cpu, room_on(Device::rpc(0), 100), room_on(Device::rpc(1), much)}), ElementsAre("rpc:1"));
  EXPECT_THAT(devices_on({cpu}), ElementsAre("cpu"));
}

TEST(PlaceEncoderAnywhere, TakesSeveralWhereNoneHoldsIt) {
  const auto worker = [](int number) { return room_on(Device::rpc(number), most_of_it); };
  EXPECT_THAT(devices_on({room_on(Device::cpu(), 0), worker(0), worker(1)}), ElementsAre("rpc:0", "rpc:1"));
  EXPECT_THAT(devices_on({room_on(Device::cpu(), much), worker(0)}), ElementsAre("cpu", "rpc:0"));
  EXPECT_THAT(test::refusal<ModelDoesNotFit>([] { devices_on({room_on(Device::cpu(), 100)}); }),
              HasSubstr("does not fit"));
}

}  // namespace
}  // namespace berth
