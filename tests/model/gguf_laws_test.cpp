// What holds for every input: a profile or a FormatError, soon and in little memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>
#include <string>

#include "berth/error.h"
#include "berth/model.h"
#include "model/gguf_writer.h"
#include "model/profile.h"
#include "test_model.h"

namespace {

thread_local std::size_t largest_allocation = 0;

}  // namespace

// Notes the largest single allocation of this test program. Not inlined, since the compiler would then see new meet
// free.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  largest_allocation = std::max(largest_allocation, bytes);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace berth {
namespace {

/// Reads `bytes` and checks what a profile promises. Answers whether it was one.
bool read(const std::string& bytes) {
  model::ByteReader reader(test::as_bytes(bytes));
  try {
    auto header = model::read_gguf(reader);
    model::split_place(reader, header.metadata);
    const auto profile = model::make_profile(reader, std::move(header));
    std::uint64_t sum = 0;
    for (const auto& tensor : profile.tensors) {
      EXPECT_GT(tensor.bytes, 0U);
      EXPECT_LE(tensor.offset + tensor.bytes, bytes.size());
      sum += tensor.bytes;
    }
    EXPECT_EQ(sum, profile.tensor_bytes);
    EXPECT_LE(sum, bytes.size());
    EXPECT_FALSE(profile.architecture.empty());
    return true;
  } catch (const FormatError& error) {
    EXPECT_LE(error.offset(), bytes.size());
    EXPECT_FALSE(error.found().empty());
    EXPECT_FALSE(error.expected().empty());
    return false;
  }
}

TEST(GgufLaws, RandomChangesEndInAFormatErrorOrAProfile) {
  const auto good = test::small_model().bytes();
  const auto header_bytes = test::small_model().header().size();
  std::mt19937_64 random(1);
  constexpr std::uint64_t odd_numbers[] = {
      0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, std::uint64_t{1} << 62, ~std::uint64_t{0}};
  int profiles = 0;
  constexpr int rounds = 20000;
  largest_allocation = 0;
  for (int round = 0; round < rounds; ++round) {
    auto bytes = good;
    const auto changes = 1 + random() % 4;
    for (std::uint64_t i = 0; i < changes; ++i) {
      const auto at = random() % header_bytes;
      switch (random() % 4) {
        case 0:
          bytes[at % bytes.size()] = static_cast<char>(random());
          break;
        case 1: {
          const auto number = test::Bytes().number(odd_numbers[random() % std::size(odd_numbers)]).text();
          if (at + 8 <= bytes.size()) bytes.replace(at, 8, number);
          break;
        }
        case 2:
          bytes.erase(at % bytes.size(), 1 + random() % 16);
          break;
        default:
          bytes.insert(at % bytes.size(), std::string(1 + random() % 16, static_cast<char>(random())));
      }
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    if (read(bytes)) ++profiles;
  }
  // Both ends must be reached, or the law is about nothing.
  EXPECT_GT(profiles, rounds / 100);
  EXPECT_LT(profiles, rounds * 99 / 100);
  // The largest thing that may be held is a copy of the input, or a list of what it holds.
  EXPECT_LT(largest_allocation, 64 * good.size());
}

TEST(GgufLaws, RandomBytesAfterTheMagicEndInAFormatError) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes("GGUF\3\0\0\0", 8);
    const auto size = random() % 200;
    for (std::uint64_t i = 0; i < size; ++i) bytes += static_cast<char>(random() % 3 == 0 ? random() : 0);
    read(bytes);
  }
}

TEST(GgufLaws, SparseFileOfATerabyteIsRefusedAtOnce) {
  const test::TemporaryFolder folder;
  for (const auto type : {model::GgufType::string, model::GgufType::uint8, model::GgufType::uint64}) {
    test::GgufWriter writer;
    writer.add("general.architecture", "llama");
    writer.raw_value("k", model::GgufType::array, test::GgufWriter::array_header(type, std::uint64_t{1} << 37));
    writer.extra_tensor_count = std::uint64_t{1} << 34;
    writer.extra_metadata_count = std::uint64_t{1} << 34;
    const auto path = writer.write(folder.path() / "sparse.gguf");
    std::error_code error;
    std::filesystem::resize_file(path, std::uint64_t{1} << 40, error);
    if (error) GTEST_SKIP() << "this file system has no sparse file of a terabyte: " << error.message();
    largest_allocation = 0;
    EXPECT_THROW(read_model(path), FormatError);
    EXPECT_LT(largest_allocation, 1U << 20);
  }
}

TEST(GgufLaws, SparseMetadataOfGigabytesAreNotWalkedThrough) {
  const test::TemporaryFolder folder;
  const auto refused = [&](const test::GgufWriter& writer) -> std::string {
    const auto path = writer.write(folder.path() / "sparse.gguf");
    std::filesystem::resize_file(path, std::uint64_t{9} << 30);
    try {
      read_model(path);
    } catch (const FormatError& error) {
      EXPECT_LE(error.offset(), std::uint64_t{1} << 31);
      return error.found();
    }
    return {};
  };
  for (const auto type : {model::GgufType::string, model::GgufType::uint8}) {
    test::GgufWriter writer;
    writer.raw_value("k", model::GgufType::array, test::GgufWriter::array_header(type, std::uint64_t{1} << 30));
    EXPECT_EQ(refused(writer), "metadata of more than 256 MiB in metadata 'k'");
  }
}

}  // namespace
}  // namespace berth
