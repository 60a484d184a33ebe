#include "model/byte_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "berth/error.h"
#include "model/gguf_writer.h"
#include "test_model.h"

namespace berth {
namespace {

using model::ByteReader;
using test::Bytes;
using test::TemporaryFolder;
using testing::HasSubstr;

template <class F>
FormatError format_error(F&& action) {
  try {
    action();
  } catch (const FormatError& error) {
    return error;
  }
  ADD_FAILURE() << "no FormatError";
  return FormatError({}, 0, "", "");
}

TEST(ByteReader, ReadsLittleEndianNumbersOfEveryWidth) {
  const auto text = Bytes()
                        .number(std::uint8_t{0xfe})
                        .number(std::int16_t{-2})
                        .number(std::uint32_t{0x89abcdef})
                        .number(std::int64_t{-5})
                        .number(1.5F)
                        .number(-2.25)
                        .text();
  EXPECT_EQ(text.substr(3, 4), "\xef\xcd\xab\x89");
  ByteReader reader(test::as_bytes(text));
  EXPECT_EQ(reader.read<std::uint8_t>(), 0xfe);
  EXPECT_EQ(reader.read<std::int16_t>(), -2);
  EXPECT_EQ(reader.read<std::uint32_t>(), 0x89abcdef);
  EXPECT_EQ(reader.read<std::int64_t>(), -5);
  EXPECT_EQ(reader.read<float>(), 1.5F);
  EXPECT_EQ(reader.read<double>(), -2.25);
  EXPECT_EQ(reader.left(), 0U);
}

TEST(ByteReader, SaysWhatIsMissingAtTheEnd) {
  ByteReader reader(test::as_bytes("abc"));
  reader.reading("the answer");
  reader.skip(1);
  const auto error = format_error([&] { reader.read<std::uint32_t>(); });
  EXPECT_EQ(error.offset(), 3U);
  EXPECT_EQ(error.found(), "the end of the file");
  EXPECT_EQ(error.expected(), "2 more bytes for the answer: the file is damaged, or its download is incomplete");
}

TEST(ByteReader, ChecksHugeCountsWithoutAllocating) {
  ByteReader reader(test::as_bytes("abc"));
  EXPECT_THROW(reader.skip(UINT64_MAX), FormatError);
  EXPECT_THROW(reader.require(UINT64_MAX), FormatError);
  EXPECT_THROW(reader.read_bytes(UINT64_MAX), FormatError);
  EXPECT_EQ(reader.offset(), 0U);
  EXPECT_EQ(reader.read_bytes(3), "abc");
}

TEST(ByteReader, PeeksWithoutGoingOn) {
  ByteReader reader(test::as_bytes("abcdef"));
  EXPECT_EQ(reader.peek(3), "abc");
  EXPECT_EQ(reader.peek(60), "abcdef");
  EXPECT_EQ(reader.offset(), 0U);
}

// A file in small chunks must give what memory gives, whatever is asked of them and in whatever order.
TEST(ByteReader, FileInChunksReadsAsMemoryDoes) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  std::string text(5000, '\0');
  for (char& c : text) c = static_cast<char>(random());
  const auto path = test::GgufWriter::write_file(folder.path() / "file", text);
  for (int round = 0; round < 200; ++round) {
    ByteReader file(path, 64 + random() % 200);
    ByteReader memory(test::as_bytes(text));
    while (memory.left() > 0) {
      const auto count = std::min<std::uint64_t>(random() % 300, memory.left());
      if (random() % 100 == 0) {
        const auto back = random() % (memory.offset() + 1);
        file.go_to(back);
        memory.go_to(back);
      }
      switch (random() % 5) {
        case 0:
          ASSERT_EQ(file.read_bytes(count), memory.read_bytes(count));
          break;
        case 1:
          file.skip(count);
          memory.skip(count);
          break;
        case 2:
          ASSERT_EQ(file.peek(20), memory.peek(20));
          break;
        case 3:
          if (memory.left() >= 8) {
            ASSERT_EQ(file.read<std::uint64_t>(), memory.read<std::uint64_t>());
          }
          break;
        default:
          ASSERT_EQ(file.read<std::uint8_t>(), memory.read<std::uint8_t>());
      }
      ASSERT_EQ(file.offset(), memory.offset());
      ASSERT_EQ(file.left(), memory.left());
    }
    EXPECT_THROW(file.read<std::uint8_t>(), FormatError);
    EXPECT_THROW(file.go_to(text.size() + 1), FormatError);
    EXPECT_THROW(memory.go_to(text.size() + 1), FormatError);
  }
}

TEST(ByteReader, MissingFileIsAMissingModel) {
  const TemporaryFolder folder;
  EXPECT_THROW(ByteReader(folder.path() / "none"), ModelNotFound);
  test::GgufWriter::write_file(folder.path() / "file", "x");
  EXPECT_THROW(ByteReader(folder.path() / "file" / "below"), ModelNotFound);
}

TEST(ByteReader, RefusesWhatIsNoRegularFileWithoutWaiting) {
  const TemporaryFolder folder;
  EXPECT_EQ(format_error([&] { ByteReader reader(folder.path()); }).found(), "a folder");
  const auto fifo = folder.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(format_error([&] { ByteReader reader(fifo); }).found(), "a device, pipe or socket");
  EXPECT_EQ(format_error([&] { ByteReader reader("/dev/null"); }).found(), "a device, pipe or socket");
}

TEST(ByteReader, ReportsALoopOfLinks) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("loop", folder.path() / "loop");
  EXPECT_THAT(format_error([&] { ByteReader reader(folder.path() / "loop"); }).found(), HasSubstr("cannot be opened"));
}

TEST(ByteReader, ReportsAFileThatShrinksWhileItIsRead) {
  const TemporaryFolder folder;
  const auto path = test::GgufWriter::write_file(folder.path() / "file", std::string(1000, 'x'));
  ByteReader reader(path, 64);
  reader.skip(500);
  std::filesystem::resize_file(path, 503);
  EXPECT_EQ(reader.read<std::uint8_t>(), 'x');
  const auto error = format_error([&] { reader.read<std::uint64_t>(); });
  EXPECT_EQ(error.offset(), 503U);
  EXPECT_THAT(error.found(), HasSubstr("became shorter"));
}

}  // namespace
}  // namespace berth
