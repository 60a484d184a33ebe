#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "berth/error.h"
#include "berth/model.h"
#include "model/gguf_writer.h"
#include "model/profile.h"
#include "test_model.h"

namespace berth {
namespace {

using test::Bytes;
using test::GgufWriter;
using test::small_model;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Type = model::GgufType;

ModelProfile parse(const std::string& bytes) {
  model::ByteReader reader(test::as_bytes(bytes));
  auto header = model::read_gguf(reader);
  return model::make_profile(reader, std::move(header));
}

FormatError refused(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const FormatError& error) {
    return error;
  }
  ADD_FAILURE() << "not refused";
  return FormatError({}, 0, "", "");
}
FormatError refused(const GgufWriter& writer) { return refused(writer.bytes()); }

/// A header with what every model needs, to which the test adds its own.
GgufWriter llama() { return GgufWriter().add("general.architecture", "llama"); }

TEST(Gguf, AnEmptyChatTemplateIsNone) {
  const TemporaryFolder folder;
  const auto path = llama().add("tokenizer.chat_template", "").write(folder.path() / "m.gguf");
  EXPECT_FALSE(read_model(path).has_chat_template);
}

TEST(Gguf, ReadsWhatTheHeaderSays) {
  const TemporaryFolder folder;
  const auto path = small_model().write(folder.path() / "small.gguf");
  const auto profile = read_model(path);
  EXPECT_EQ(profile.path, path);
  EXPECT_EQ(profile.format, "gguf");
  EXPECT_EQ(profile.architecture, "llama");
  EXPECT_EQ(profile.name, "Small");
  EXPECT_EQ(profile.part_count, 1U);
  EXPECT_EQ(profile.file_bytes, std::filesystem::file_size(path));
  EXPECT_EQ(profile.context_length, 2048U);
  EXPECT_EQ(profile.block_count, 2U);
  EXPECT_EQ(profile.vocabulary_size, 600U);
  EXPECT_TRUE(profile.has_chat_template);
  EXPECT_EQ(profile.tensor_bytes, 80U + 256U);
  ASSERT_EQ(profile.tensors.size(), 2U);
  EXPECT_EQ(profile.tensors[0].name, "token_embd.weight");
  EXPECT_EQ(profile.tensors[0].type, "Q4_1");
  EXPECT_THAT(profile.tensors[0].shape, ElementsAre(32, 4));
  EXPECT_EQ(profile.tensors[0].bytes, 80U);
  EXPECT_EQ(profile.tensors[1].type, "F32");
  EXPECT_EQ(profile.tensors[1].offset, profile.tensors[0].offset + 96);
  EXPECT_EQ(profile.tensors[1].offset + 256, profile.file_bytes);
}

TEST(Gguf, KeepsMetadataInOrderAndLongArraysAsTypeAndLength) {
  EXPECT_EQ(Value(parse(small_model().bytes()).metadata).to_json(),
            R"({"general.architecture": "llama", "general.name": "Small", "llama.context_length": 2048, )"
            R"("llama.block_count": 2, "tokenizer.ggml.tokens": {"type": "array[string]", "length": 600}, )"
            R"("llama.head_counts": [0, 1], "tokenizer.chat_template": "{{ messages }}"})");
}

TEST(Gguf, KeepsArraysOf512ElementsAndNoLongerOnes) {
  const auto metadata = parse(llama().add_int32s("a", 512).add_int32s("b", 513).bytes()).metadata;
  EXPECT_EQ(metadata.at("a").as_array().size(), 512U);
  EXPECT_EQ(metadata.at("b").to_json(), R"({"type": "array[int32]", "length": 513})");
}

TEST(Gguf, LeavesOutStringsOfMoreThanAMebibyte) {
  const auto metadata =
      parse(llama().add("a", std::string(1 << 20, 'x')).add("b", std::string((1 << 20) + 1, 'x')).bytes()).metadata;
  EXPECT_EQ(metadata.at("a").as_string().size(), 1U << 20);
  EXPECT_EQ(metadata.at("b").to_json(), R"({"type": "string", "length": 1048577})");
}

TEST(Gguf, ReadsEveryTypeOfValue) {
  auto writer = llama();
  writer.raw_value("u8", Type::uint8, Bytes().number(std::uint8_t{200}));
  writer.raw_value("i8", Type::int8, Bytes().number(std::int8_t{-3}));
  writer.raw_value("u16", Type::uint16, Bytes().number(std::uint16_t{60000}));
  writer.raw_value("i16", Type::int16, Bytes().number(std::int16_t{-300}));
  writer.raw_value("u32", Type::uint32, Bytes().number(std::uint32_t{4000000000}));
  writer.raw_value("i32", Type::int32, Bytes().number(std::int32_t{-70000}));
  writer.raw_value("f32", Type::float32, Bytes().number(0.5F));
  writer.raw_value("yes", Type::boolean, Bytes().number(std::uint8_t{1}));
  writer.raw_value("no", Type::boolean, Bytes().number(std::uint8_t{0}));
  writer.raw_value("u64", Type::uint64, Bytes().number(std::uint64_t{1} << 40));
  writer.raw_value("most", Type::uint64, Bytes().number(std::numeric_limits<std::uint64_t>::max()));
  writer.raw_value("i64", Type::int64, Bytes().number(std::numeric_limits<std::int64_t>::min()));
  writer.raw_value("f64", Type::float64, Bytes().number(-0.25));
  const auto metadata = parse(writer.bytes()).metadata;
  EXPECT_EQ(metadata.at("u8"), Value(200));
  EXPECT_EQ(metadata.at("i8"), Value(-3));
  EXPECT_EQ(metadata.at("u16"), Value(60000));
  EXPECT_EQ(metadata.at("i16"), Value(-300));
  EXPECT_EQ(metadata.at("u32"), Value(4000000000));
  EXPECT_EQ(metadata.at("i32"), Value(-70000));
  EXPECT_EQ(metadata.at("f32"), Value(0.5));
  EXPECT_EQ(metadata.at("yes"), Value(true));
  EXPECT_EQ(metadata.at("no"), Value(false));
  EXPECT_EQ(metadata.at("u64"), Value(std::int64_t{1} << 40));
  EXPECT_EQ(metadata.at("most"), Value(18446744073709551616.0));
  EXPECT_EQ(metadata.at("i64"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(metadata.at("f64"), Value(-0.25));
}

TEST(Gguf, ReadsVersionTwo) {
  auto writer = small_model();
  writer.version = 2;
  EXPECT_EQ(parse(writer.bytes()).tensors.size(), 2U);
}

TEST(Gguf, HonoursAnotherAlignment) {
  GgufWriter writer;
  writer.alignment = 4096;
  writer.add("general.architecture", "llama").add("general.alignment", 4096U);
  writer.tensor("a", 0, {1}, 4).tensor("b", 0, {1}, 4);
  const auto profile = parse(writer.bytes());
  EXPECT_EQ(profile.tensors[0].offset, 4096U);
  EXPECT_EQ(profile.tensors[1].offset, 8192U);
}

TEST(Gguf, AcceptsScalarTensorsGapsAndAnyOrderOfData) {
  auto writer = llama();
  writer.raw_tensor("late", 1, {2}, 0, 96).raw_tensor("scalar", 0, {}, 0, 0).data(104);
  const auto profile = parse(writer.bytes());
  EXPECT_EQ(profile.tensors[0].offset, profile.tensors[1].offset + 96);
  EXPECT_EQ(profile.tensors[1].bytes, 4U);
}

TEST(Gguf, AcceptsAVocabularyWithoutTensors) {
  EXPECT_EQ(parse(llama().add_strings("tokenizer.ggml.tokens", 3).bytes()).vocabulary_size, 3U);
}

TEST(Gguf, AcceptsAnyArchitectureAndSaysWhatIsAbsent) {
  const TemporaryFolder folder;
  const auto profile =
      read_model(GgufWriter().add("general.architecture", "no-such-net").write(folder.path() / "odd.gguf"));
  EXPECT_EQ(profile.architecture, "no-such-net");
  EXPECT_EQ(profile.name, "odd");
  EXPECT_EQ(profile.context_length, std::nullopt);
  EXPECT_EQ(profile.block_count, std::nullopt);
  EXPECT_EQ(profile.vocabulary_size, std::nullopt);
  EXPECT_FALSE(profile.has_chat_template);
}

TEST(Gguf, TakesTheVocabularySizeOfTheArchitectureWithoutTokens) {
  EXPECT_EQ(parse(llama().add("llama.vocab_size", 77U).bytes()).vocabulary_size, 77U);
}

// ggml's own numbers: bytes of one block of each type (gguf-py constants.py, GGML_QUANT_SIZES).
TEST(Gguf, KnowsTheSizeOfEveryTensorType) {
  struct Case {
    std::uint32_t number;
    const char* name;
    std::uint64_t block, bytes;
  };
  const Case cases[] = {
      {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
      {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
      {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
      {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
      {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
      {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
      {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
      {40, "NVFP4", 64, 36},    {41, "Q1_0", 128, 18},    {42, "Q2_0", 64, 18}};
  for (const auto& [number, name, block, bytes] : cases) {
    auto writer = llama();
    writer.tensor("t", number, {block, 3}, 3 * bytes);
    const auto profile = parse(writer.bytes());
    EXPECT_EQ(profile.tensors[0].type, name);
    EXPECT_EQ(profile.tensors[0].bytes, 3 * bytes) << name;
    if (block > 1) {
      auto odd = llama();
      odd.tensor("t", number, {block + 1, block}, 1 << 20);
      EXPECT_THAT(refused(odd).expected(), HasSubstr("a multiple of " + std::to_string(block))) << name;
    }
  }
}

// ---- files that are no GGUF ----

TEST(BadGguf, EmptyFile) {
  const TemporaryFolder folder;
  const auto path = GgufWriter::write_file(folder.path() / "empty.gguf", "");
  try {
    read_model(path);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_EQ(error.path(), path);
    EXPECT_EQ(error.offset(), 0U);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("empty.gguf"), HasSubstr("an empty file")));
  }
}

TEST(BadGguf, MissingFile) { EXPECT_THROW(read_model("/no/such/file.gguf"), ModelNotFound); }

TEST(BadGguf, NamesWhatTheFileSeemsToBe) {
  const std::pair<std::string, const char*> cases[] = {
      {"hello, world", "'hell'"},
      {"<!DOCTYPE html><html>", "web page"},
      {"PK\3\4aaaaaaaaaa", "zip archive"},
      {"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"},
      {"lmggaaaaaaaaaaaaa", "before GGUF"},
      {Bytes().number(std::uint64_t{50}).raw("{\"a\": 1}").text(), "safetensors"},
      {"{\"a\": 1}", "JSON"},
      {std::string(100, '\0'), "zeros"},
      {"GGU", "the end of the file"},
      {"GGUX", "'GGUX'"},
      {"\n\x1b[2J", "'\\n\\x1b[2'"},
  };
  for (const auto& [bytes, guess] : cases) {
    const auto error = refused(bytes);
    EXPECT_THAT(error.found(), HasSubstr(guess));
  }
}

TEST(BadGguf, OtherVersionsAndByteOrder) {
  auto writer = small_model();
  for (const std::uint32_t version : {0U, 1U, 4U, 99U}) {
    writer.version = version;
    const auto error = refused(writer);
    EXPECT_EQ(error.offset(), 4U);
    EXPECT_EQ(error.found(), "GGUF version " + std::to_string(version));
  }
  writer.version = 0x03000000;
  EXPECT_EQ(refused(writer).found(), "a big-endian GGUF");
}

// ---- cut short ----

TEST(BadGguf, CutAtEveryByte) {
  const auto whole = small_model().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto error = refused(whole.substr(0, size));
    EXPECT_LE(error.offset(), size);
    EXPECT_THAT(error.what(), testing::AnyOf(HasSubstr("download"), HasSubstr("left"))) << size;
  }
}

TEST(BadGguf, CutInItsTensorsNamesTheTensorAndBytes) {
  auto writer = small_model();
  const auto profile = parse(writer.bytes());
  writer.data_cut = 10;
  const auto error = refused(writer);
  EXPECT_EQ(error.offset(), profile.file_bytes - 10);
  EXPECT_EQ(error.found(), "the end of the file");
  EXPECT_THAT(error.expected(),
              AllOf(HasSubstr("'blk.0.ffn_up.weight'"), HasSubstr("up to " + std::to_string(profile.file_bytes)),
                    HasSubstr("the download is incomplete")));
}

// ---- counts and lengths that cannot be ----

TEST(BadGguf, CountsBeyondTheFile) {
  for (const std::uint64_t extra : {std::uint64_t{1} << 20, std::uint64_t{1} << 62, ~std::uint64_t{0} - 20}) {
    auto writer = small_model();
    writer.extra_metadata_count = extra;
    EXPECT_EQ(refused(writer).offset(), 16U);
    writer = small_model();
    writer.extra_tensor_count = extra;
    EXPECT_EQ(refused(writer).offset(), 8U);
  }
}

TEST(BadGguf, LengthsBeyondTheFile) {
  for (const std::uint64_t length :
       {std::uint64_t{1000}, std::uint64_t{1} << 30, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    EXPECT_THAT(refused(llama().raw_value("k", Type::string, Bytes().number(length).raw("abc"))).what(),
                HasSubstr("'k'"));
    for (const auto type : {Type::uint8, Type::uint64, Type::string, Type::boolean}) {
      auto writer = llama();
      writer.raw_value("k", Type::array, GgufWriter::array_header(type, length));
      EXPECT_THAT(refused(writer).what(), HasSubstr("'k'"));
    }
  }
}

// ---- metadata ----

TEST(BadGguf, KeyTwice) {
  EXPECT_THAT(refused(llama().add("a", 1U).add("a", 2U)).what(), AllOf(HasSubstr("'a'"), HasSubstr("second time")));
}

TEST(BadGguf, KeysThatAreNoNames) {
  EXPECT_THAT(refused(llama().add("", 1U)).found(), HasSubstr("a key of 0 bytes"));
  EXPECT_THAT(refused(llama().add(std::string(65536, 'k'), 1U)).found(), HasSubstr("a key of 65536 bytes"));
  EXPECT_THAT(refused(llama().add(std::string_view("a\0b", 3), 1U)).found(), HasSubstr("control characters"));
}

TEST(BadGguf, UnknownValueTypes) {
  EXPECT_EQ(refused(llama().raw_value("k", Type{13}, Bytes().zeros(8))).found(), "value type 13 in metadata 'k'");
  auto writer = llama();
  writer.raw_value("k", Type::array, GgufWriter::array_header(Type{99}, 1).zeros(8));
  EXPECT_EQ(refused(writer).found(), "value type 99 in metadata 'k'");
}

TEST(BadGguf, ArrayOfArrays) {
  auto writer = llama();
  writer.raw_value("k", Type::array, GgufWriter::array_header(Type::array, 1).zeros(64));
  EXPECT_EQ(refused(writer).found(), "an array of arrays in metadata 'k'");
}

TEST(BadGguf, BooleanThatIsNone) {
  EXPECT_EQ(refused(llama().raw_value("k", Type::boolean, Bytes().raw("\2"))).found(),
            "a boolean of 2 in metadata 'k'");
}

TEST(BadGguf, ArchitectureThatIsMissingOrNoName) {
  EXPECT_THAT(refused(GgufWriter().add("general.name", "x")).found(), HasSubstr("no general.architecture"));
  EXPECT_THAT(refused(GgufWriter().add("general.architecture", "")).found(), HasSubstr("no general.architecture"));
  EXPECT_THAT(refused(GgufWriter().add("general.architecture", 3U)).found(), HasSubstr("of type uint32"));
}

TEST(BadGguf, KnownKeysOfTheWrongType) {
  EXPECT_THAT(refused(llama().add("llama.context_length", "many")).found(),
              HasSubstr("'llama.context_length' of type string"));
  EXPECT_THAT(refused(llama().raw_value("llama.block_count", Type::int32, Bytes().number(std::int32_t{-1}))).found(),
              HasSubstr("'llama.block_count' of -1"));
  EXPECT_THAT(refused(llama().add("tokenizer.ggml.tokens", 3U)).expected(), "an array of strings");
  EXPECT_THAT(refused(llama().add_int32s("tokenizer.ggml.tokens", 3)).expected(), "an array of strings");
  EXPECT_THAT(refused(llama().add("tokenizer.chat_template", 1U)).found(), HasSubstr("'tokenizer.chat_template'"));
  EXPECT_THAT(refused(llama().add("general.name", 1U)).found(), HasSubstr("'general.name'"));
}

TEST(BadGguf, MoreLayersThanAnyModelHas) {
  for (const std::uint32_t layers : {8193U, 50'000U, 0xffffffffU}) {
    const auto refusal = refused(llama().add("llama.block_count", layers));
    EXPECT_EQ(refusal.found(), "metadata 'llama.block_count' of " + std::to_string(layers));
    EXPECT_GT(refusal.offset(), 0U);
  }
}

TEST(BadGguf, AlignmentThatIsNone) {
  for (const std::uint32_t alignment : {0U, 3U, 33U, 0xffffffffU})
    EXPECT_THAT(refused(llama().add("general.alignment", alignment)).expected(), "a power of two");
  EXPECT_THAT(refused(llama().add_uint16("general.alignment", 32)).expected(), "type uint32");
}

// ---- tensors ----

TEST(BadGguf, TensorTwice) {
  EXPECT_THAT(refused(llama().tensor("t", 0, {1}, 4).tensor("t", 0, {1}, 4)).what(),
              AllOf(HasSubstr("'t'"), HasSubstr("second time")));
}

TEST(BadGguf, TensorNamesThatGgmlRefuses) {
  EXPECT_EQ(parse(llama().tensor(std::string(63, 'n'), 0, {1}, 4).bytes()).tensors.size(), 1U);
  EXPECT_THAT(refused(llama().tensor(std::string(64, 'n'), 0, {1}, 4)).found(), HasSubstr("a name of 64 bytes"));
  EXPECT_THAT(refused(llama().tensor("", 0, {1}, 4)).found(), HasSubstr("a name of 0 bytes"));
  EXPECT_THAT(refused(llama().tensor(std::string_view("t\0t", 3), 0, {1}, 4)).found(), HasSubstr("control characters"));
}

TEST(BadGguf, TensorTypesThatGgmlLacks) {
  for (const std::uint32_t type : {4U, 5U, 31U, 33U, 36U, 38U, 43U, 1000U, 0xffffffffU}) {
    EXPECT_EQ(refused(llama().tensor("t", type, {256}, 4096)).found(),
              "tensor type " + std::to_string(type) + " in tensor 't'");
  }
}

TEST(BadGguf, ShapesThatCannotBe) {
  EXPECT_THAT(refused(llama().tensor("t", 0, {1, 1, 1, 1, 1}, 4)).found(), HasSubstr("5 dimensions"));
  EXPECT_THAT(refused(llama().tensor("t", 0, {4, 0}, 4)).found(), HasSubstr("a dimension of zero"));
  const std::uint64_t big = std::uint64_t{1} << 62;
  EXPECT_THAT(refused(llama().tensor("t", 0, {big, 2}, 4)).expected(), "at most 2^63 - 1 elements");
  EXPECT_THAT(refused(llama().tensor("t", 0, {~std::uint64_t{0}}, 4)).expected(), "at most 2^63 - 1 elements");
  EXPECT_THAT(refused(llama().tensor("t", 0, {std::uint64_t{1} << 32, std::uint64_t{1} << 32}, 4)).expected(),
              "at most 2^63 - 1 elements");
  EXPECT_THAT(refused(llama().tensor("t", 0, {big}, 4)).expected(), "at most 2^63 - 1 bytes");
}

TEST(BadGguf, DataThatAreNotAlignedOverlapOrLieOutside) {
  EXPECT_THAT(refused(llama().raw_tensor("t", 1, {1}, 0, 4).data(64)).expected(), "a multiple of 32, the alignment");
  EXPECT_THAT(refused(llama().raw_tensor("a", 1, {16}, 0, 0).raw_tensor("b", 1, {1}, 0, 32).data(64)).found(),
              AllOf(HasSubstr("'b'"), HasSubstr("'a'")));
  EXPECT_THAT(refused(llama().raw_tensor("a", 1, {1}, 0, 0).raw_tensor("b", 1, {1}, 0, 0).data(64)).expected(),
              "each byte in one tensor");
  EXPECT_THAT(refused(llama().raw_tensor("t", 1, {1}, 0, 64).data(64)).found(), "the end of the file");
  EXPECT_THAT(refused(llama().raw_tensor("t", 1, {1}, 0, ~std::uint64_t{0} - 31).data(64)).expected(),
              "an offset inside the file");
}

// The padding before the data would end beyond the file here; an error points inside it.
TEST(BadGguf, OffsetOfAnErrorIsInsideTheFile) {
  const auto bytes = llama().raw_tensor("t", 1, {1}, 0, ~std::uint64_t{0} - 31).header();
  ASSERT_NE(bytes.size() % 32, 0U);
  EXPECT_LE(refused(bytes).offset(), bytes.size());
}

}  // namespace
}  // namespace berth
