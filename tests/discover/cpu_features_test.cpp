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

TEST(CpuDescription, OfAnyArchitectureHasItsName) {
  const auto named = [](const char* cpuinfo) { return describe_cpu(cpuinfo).name; };
  EXPECT_EQ(named("processor : 0\ncpu number : 0\n"), "") << "a key is all that stands before the colon";
  EXPECT_EQ(named("cpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Xeon\n"), "Xeon");
  EXPECT_EQ(named("cpu MHz\t\t: 2000\ncpu cores\t: 4\n"), "");
  EXPECT_EQ(named("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\nmachine\t\t: PowerNV 9006-22P\n"),
            "POWER9, altivec supported");
  EXPECT_EQ(named("processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\n"), "sifive,u74-mc");
  EXPECT_EQ(named("system type\t: generic-loongson-machine\n\nprocessor\t\t: 0\nModel Name\t\t: Loongson-3A5000\n"),
            "Loongson-3A5000");
  EXPECT_EQ(named("system type\t\t: MT7621\nprocessor\t\t: 0\ncpu model\t\t: MIPS 1004Kc V2.15\n"),
            "MIPS 1004Kc V2.15");
  const auto mainframe = describe_cpu(
      "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch\n"
      "processor 0: version = 00,  identification = 1,  machine = 3906\n"
      "processor 1: version = 00,  identification = 1,  machine = 3906\n\ncpu number      : 0\nmachine         : "
      "3906\n");
  EXPECT_EQ(mainframe.name, "IBM machine 3906");
  EXPECT_EQ(mainframe.processors, 2);
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
