#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "berth/error.h"
#include "berth/model.h"
#include "model/gguf_writer.h"
#include "model/split_name.h"
#include "test_model.h"

namespace berth {
namespace {

using model::parse_split_name;
using test::Bytes;
using test::GgufWriter;
using testing::AllOf;
using testing::HasSubstr;

TEST(SplitName, ReadsAndWritesTheForm) {
  const auto name = parse_split_name("model-Q4_K_M-00002-of-00012.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->prefix, "model-Q4_K_M");
  EXPECT_EQ(name->part, 1U);
  EXPECT_EQ(name->count, 12U);
  EXPECT_EQ(name->file_name(), "model-Q4_K_M-00002-of-00012.gguf");
}

TEST(SplitName, RefusesOtherForms) {
  for (const auto* name : {"", "model.gguf", "-00001-of-00003.gguf", "m-00000-of-00003.gguf", "m-00004-of-00003.gguf",
                           "m-0001-of-0003.gguf", "m-00001-of-0000x.gguf", "m-00001_of-00003.gguf",
                           "m-00001-of-00003.gguF", "m_00001-of-00003.gguf"})
    EXPECT_FALSE(parse_split_name(name)) << name;
}

/// A model of three parts, of which the first has the metadata and one tensor, as llama-gguf-split writes them.
class SplitModel : public testing::Test {
 protected:
  static GgufWriter part(std::uint16_t number, std::uint16_t count, const char* tensor) {
    GgufWriter writer;
    if (number == 0) writer.add("general.architecture", "llama").add("llama.block_count", 2U);
    writer.add_uint16("split.no", number).add_uint16("split.count", count);
    writer.raw_value("split.tensors.count", model::GgufType::int32, Bytes().number(std::int32_t{3}));
    writer.tensor(tensor, 0, {8}, 32);
    return writer;
  }
  std::filesystem::path path(int number) const {
    return folder_.path() / ("m-0000" + std::to_string(number) + "-of-00003.gguf");
  }
  void write_all() const {
    part(0, 3, "a").write(path(1));
    part(1, 3, "b").write(path(2));
    part(2, 3, "c").write(path(3));
  }
  std::string refused(int number = 1) const {
    try {
      read_model(path(number));
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    ADD_FAILURE() << "not refused";
    return {};
  }

  test::TemporaryFolder folder_;
};

TEST_F(SplitModel, JoinsTheTensorsOfAllParts) {
  write_all();
  const auto profile = read_model(path(1));
  EXPECT_EQ(profile.path, path(1));
  EXPECT_EQ(profile.part_count, 3U);
  ASSERT_EQ(profile.tensors.size(), 3U);
  EXPECT_EQ(profile.tensors[2].name, "c");
  EXPECT_EQ(profile.tensors[2].part, 2U);
  EXPECT_EQ(profile.tensor_bytes, 96U);
  EXPECT_EQ(profile.file_bytes, std::filesystem::file_size(path(1)) + std::filesystem::file_size(path(2)) +
                                    std::filesystem::file_size(path(3)));
}

TEST_F(SplitModel, NamesTheMissingPart) {
  write_all();
  std::filesystem::remove(path(2));
  EXPECT_THROW(read_model(path(1)), ModelNotFound);
  EXPECT_THAT(refused(), HasSubstr(path(2).string()));
}

TEST_F(SplitModel, NamesTheFirstPartWhenGivenAnother) {
  write_all();
  EXPECT_THAT(refused(2), AllOf(HasSubstr("part 2 of 3"), HasSubstr(path(1).string())));
}

TEST_F(SplitModel, RefusesAPartThatWasCutShort) {
  write_all();
  auto cut = part(2, 3, "c");
  cut.data_cut = 1;
  cut.write(path(3));
  EXPECT_THAT(refused(), AllOf(HasSubstr(path(3).string()), HasSubstr("incomplete")));
}

TEST_F(SplitModel, RefusesPartsThatDoNotBelongTogether) {
  write_all();
  part(2, 3, "b").write(path(2));
  EXPECT_THAT(refused(), AllOf(HasSubstr("part 3 of 3"), HasSubstr("part 2 of 3, as the name says")));
  part(1, 3, "a").write(path(2));
  EXPECT_THAT(refused(), HasSubstr("tensor 'a' in two parts"));
  part(1, 3, "b").tensor("d", 0, {8}, 32).write(path(2));
  EXPECT_THAT(refused(), AllOf(HasSubstr("4 tensors in all parts"), HasSubstr("3, as split.tensors.count says")));
  part(5, 3, "b").write(path(2));
  EXPECT_THAT(refused(), HasSubstr("below split.count"));
}

TEST_F(SplitModel, RefusesAFileWhoseNameDoesNotLeadToTheOthers) {
  write_all();
  std::filesystem::rename(path(1), folder_.path() / "m.gguf");
  EXPECT_THROW(read_model(folder_.path() / "m.gguf"), FormatError);
  part(0, 2, "a").write(path(1));
  EXPECT_THAT(refused(), HasSubstr("-00001-of-00002.gguf"));
}

// llama.cpp ends its process where split.no is of another type.
TEST_F(SplitModel, RefusesPartNumbersOfAnotherType) {
  write_all();
  GgufWriter().add("split.no", 1U).add_uint16("split.count", 3).tensor("b", 0, {8}, 32).write(path(2));
  EXPECT_THAT(refused(), AllOf(HasSubstr("'split.no' of type uint32"), HasSubstr("uint16")));
}

TEST_F(SplitModel, AModelOfOnePartIsWhole) {
  part(0, 1, "a").write(folder_.path() / "any.gguf");
  EXPECT_EQ(read_model(folder_.path() / "any.gguf").part_count, 1U);
}

}  // namespace
}  // namespace berth
