#include "discover/host/cpu_features.h"

#include <gmock/gmock.h>

namespace berth::test {
namespace {

using discovery::describe_cpu;
using discovery::number_types;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(CpuFeatures, OfX86KeepTheKernelsNames) {
  const auto cpu = describe_cpu(
      "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: fpu avx2 fma f16c avx512f amx_int8\n");
  EXPECT_EQ(cpu.name, "Xeon");
  EXPECT_EQ(cpu.vendor, "Intel");
  EXPECT_THAT(cpu.features, ElementsAre("avx2", "fma", "f16c", "avx512f", "amx_int8"));
}

TEST(CpuFeatures, OfArmHaveTheNamesOfEngines) {
  const auto cpu = describe_cpu(
      "processor\t: 0\nFeatures\t: fp asimd fphp asimdhp asimddp sve sve2 i8mm bf16\nCPU implementer\t: 0x41\n"
      "CPU part\t: 0xd4f\n");
  EXPECT_EQ(cpu.name, "Arm CPU, part 0xd4f");
  EXPECT_THAT(cpu.features, ElementsAre("neon", "fp16", "dotprod", "bf16", "i8mm", "sve", "sve2"));
  EXPECT_THAT(number_types(cpu.features), ElementsAre("fp16", "bf16", "int8"));
}

TEST(CpuFeatures, AreThoseOfEveryProcessor) {
  EXPECT_THAT(describe_cpu("flags\t: avx2 avx512f fma\nflags\t: fma avx2\nflags\t: avx2 avx512f fma\n").features,
              ElementsAre("avx2", "fma"));
  EXPECT_THAT(describe_cpu("flags\t:\nflags\t: fma avx2\n").features, IsEmpty());
}

TEST(CpuFeatures, AreNoneWhereNothingIsSaid) {
  EXPECT_EQ(describe_cpu(""), discovery::CpuDescription{});
  EXPECT_THAT(describe_cpu("flags\t: avx2x\nmodel name\t: \x1b[31m\n").features, IsEmpty());
  EXPECT_EQ(describe_cpu("model name\t: \x1b[31m\n").name, "\\x1b[31m");
}

TEST(CpuFeatures, ConversionAloneIsNoNativeType) {
  EXPECT_THAT(number_types({"avx2", "fma", "f16c", "avx512f"}), IsEmpty());
  EXPECT_THAT(number_types({"avx512_fp16"}), ElementsAre("fp16"));
  EXPECT_THAT(number_types({"amx_bf16", "avx_vnni"}), ElementsAre("bf16", "int8"));
}

}  // namespace
}  // namespace berth::test
