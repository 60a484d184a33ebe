#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <type_traits>
#include <unordered_set>

#include "berth/device.h"
#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
std::string from_str_error(std::string_view text) {
  return refusal([&] { Device::from_str(text); });
}

TEST(DeviceType, HasANameThatReadsBack) {
  std::string names;
  for (const DeviceType type : all_device_types) {
    names += std::string(to_string(type)) + " ";
    EXPECT_EQ(device_type_from_str(to_string(type)), type);
    std::ostringstream out;
    out << type;
    EXPECT_EQ(out.str(), to_string(type));
  }
  EXPECT_EQ(names, "cpu cuda disk mps xpu vulkan npu rpc ");
}

TEST(DeviceType, RefusesOtherNamesInHaystacksWords) {
  for (const char* name : {"", "gpu", "CUDA", "cpu ", " cpu", "cuda:0", "metal", "c\xC3\xBC"}) {
    try {
      device_type_from_str(name);
      FAIL() << name;
    } catch (const UnknownDeviceType& error) {
      EXPECT_EQ(error.what(), fmt::format("Unknown device type string '{}'", name));
    }
  }
  EXPECT_EQ(UnknownDeviceType::accepted(), "cpu, cuda, disk, mps, xpu, vulkan, npu, rpc");
}

TEST(Device, IsSmallAndRegular) {
  static_assert(sizeof(Device) == 8);
  static_assert(std::is_trivially_copyable_v<Device> && std::is_nothrow_move_constructible_v<Device>);
  static_assert(!std::is_convertible_v<DeviceType, Device>);
}

TEST(Device, IsMadeByType) {
  EXPECT_EQ(Device::cpu().str(), "cpu");
  EXPECT_EQ(Device::gpu().str(), "cuda:0");
  EXPECT_EQ(Device::gpu(3).str(), "cuda:3");
  EXPECT_EQ(Device::gpu(std::nullopt).str(), "cuda");
  EXPECT_EQ(Device::disk().str(), "disk");
  EXPECT_EQ(Device::mps().str(), "mps");
  EXPECT_EQ(Device::xpu().str(), "xpu");
  EXPECT_EQ(Device::vulkan().str(), "vulkan");
  EXPECT_EQ(Device::vulkan(1).str(), "vulkan:1");
  EXPECT_EQ(Device::npu().str(), "npu");
  EXPECT_EQ(Device::rpc(2).str(), "rpc:2");
  EXPECT_EQ(refusal([] { Device(DeviceType::mps, -5); }), "Device id must be >= 0, got -5");
  EXPECT_EQ(refusal([] { Device::gpu(std::numeric_limits<int>::min()); }), "Device id must be >= 0, got -2147483648");
}

TEST(Device, ReadsTypeAndId) {
  EXPECT_EQ(Device::from_str("cuda"), Device::gpu(std::nullopt));
  EXPECT_EQ(Device::from_str("cuda:0"), Device::gpu(0));
  EXPECT_EQ(Device::from_str("cuda:007"), Device::gpu(7));
  EXPECT_EQ(Device::from_str("cuda:-0"), Device::gpu(0));
  EXPECT_EQ(Device::from_str("rpc:2147483647"), Device::rpc(2147483647));
  EXPECT_NE(Device::from_str("cuda"), Device::from_str("cuda:0"));
}

TEST(Device, RefusesWhatIsNoId) {
  for (const char* id : {"", " ", "x", " 1", "1 ", "+1", "1_0", "1.0", "0x1", "1e3", "--1", "-", "1:2", ":0",
                         "\xC2\xB2", "\xEF\xBC\x91", "1,2", "True", "-1x"})
    EXPECT_EQ(from_str_error(fmt::format("cuda:{}", id)), fmt::format("Device id must be an integer, got {}", id));
}

TEST(Device, RefusesIdsOutOfRange) {
  EXPECT_EQ(from_str_error("cuda:-1"), "Device id must be >= 0, got -1");
  EXPECT_EQ(from_str_error("cuda:-007"), "Device id must be >= 0, got -7");
  EXPECT_EQ(from_str_error("cuda:-99999999999999999999"), "Device id must be >= 0, got -99999999999999999999");
  EXPECT_EQ(from_str_error("cuda:-0099999999999999999999"), "Device id must be >= 0, got -99999999999999999999");
  EXPECT_EQ(from_str_error("cuda:2147483648"), "Device id must be <= 2147483647, got 2147483648");
  EXPECT_EQ(from_str_error("cuda:99999999999999999999"), "Device id must be <= 2147483647, got 99999999999999999999");
}

// As Haystack: whether the id is an integer, then the type, then which integer.
TEST(Device, TellsTheMistakesInHaystacksOrder) {
  EXPECT_EQ(from_str_error("gpu:x"), "Device id must be an integer, got x");
  EXPECT_EQ(from_str_error("gpu:-1"), "Unknown device type string 'gpu'");
  EXPECT_EQ(from_str_error("gpu:99999999999999999999"), "Unknown device type string 'gpu'");
  EXPECT_EQ(from_str_error(":0"), "Unknown device type string ''");
  EXPECT_EQ(from_str_error("CUDA:0"), "Unknown device type string 'CUDA'");
  EXPECT_THROW(Device::from_str("gpu:0"), UnknownDeviceType);
}

TEST(Device, RepeatsHostileTextInPartAndEscaped) {
  EXPECT_EQ(from_str_error("c\x1b[2J"), "Unknown device type string 'c\\x1b[2J'");
  EXPECT_EQ(from_str_error("\xff"), "Unknown device type string '\\xff'");
  EXPECT_EQ(from_str_error("cuda:\n"), "Device id must be an integer, got \\n");
  EXPECT_EQ(from_str_error(std::string(5000000, 'x')), "Unknown device type string '" + std::string(200, 'x') + "...'");
  EXPECT_EQ(from_str_error("cuda:" + std::string(5000000, '9')),
            "Device id must be <= 2147483647, got " + std::string(200, '9') + "...");
  EXPECT_EQ(from_str_error(std::string_view("cpu\0", 4)), "Unknown device type string 'cpu\\x00'");
}

TEST(Device, PrintsWhatItReads) {
  test::Random random;
  for (int i = 0; i < 5000; ++i) {
    const Device device = random.device();
    ASSERT_EQ(Device::from_str(device.str()), device);
    std::ostringstream out;
    out << device;
    ASSERT_EQ(out.str(), device.str());
  }
}

TEST(Device, IsOrderedByTypeThenId) {
  EXPECT_LT(Device::cpu(), Device::gpu(std::nullopt));
  EXPECT_LT(Device::gpu(std::nullopt), Device::gpu(0));
  EXPECT_LT(Device::gpu(2), Device::gpu(10));
  EXPECT_LT(Device::gpu(10), Device::disk());
  EXPECT_LT(Device::npu(), Device::rpc());
}

TEST(Device, HasATotalOrderThatAgreesWithEqualityAndHash) {
  test::Random random;
  for (int i = 0; i < 5000; ++i) {
    const Device a = random.device();
    const Device b = random.device();
    const Device c = random.device();
    ASSERT_EQ((a < b) + (b < a) + (a == b), 1);
    ASSERT_EQ(a == b, a.str() == b.str());
    if (a < b && b < c) {
      ASSERT_LT(a, c);
    }
    if (a == b) {
      ASSERT_EQ(std::hash<Device>{}(a), std::hash<Device>{}(b));
    }
  }
}

TEST(Device, HasHashesThatDiffer) {
  std::unordered_set<Device> devices;
  std::set<std::size_t> hashes;
  for (const DeviceType type : all_device_types) {
    devices.emplace(type);
    hashes.insert(std::hash<Device>{}(Device(type)));
    for (int id = 0; id < 100; ++id) {
      devices.emplace(type, id);
      hashes.insert(std::hash<Device>{}(Device(type, id)));
    }
  }
  EXPECT_EQ(devices.size(), 8u * 101);
  EXPECT_EQ(hashes.size(), devices.size());
}

}  // namespace
}  // namespace berth
