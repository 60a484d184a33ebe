#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "berth/error.h"
#include "berth/model.h"
#include "model/onnx.h"
#include "model/onnx_writer.h"
#include "model/safetensors_writer.h"
#include "test_model.h"

namespace berth {
namespace {

using test::external_tensor;
using test::onnx_model;
using test::onnx_tensor;
using test::Proto;
using test::small_graph;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

model::OnnxHeader parse_onnx(const std::string& bytes) {
  model::ByteReader reader(test::as_bytes(bytes));
  return model::read_onnx(reader);
}

FormatError refused_onnx(const std::string& bytes) {
  try {
    parse_onnx(bytes);
  } catch (const FormatError& error) {
    EXPECT_LE(error.offset(), bytes.size());
    return error;
  }
  ADD_FAILURE() << "not refused";
  return FormatError({}, 0, "", "");
}
FormatError refused_tensor(const Proto& tensor) { return refused_onnx(onnx_model(Proto().message(5, tensor))); }

TEST(Onnx, ReadsWhatTheFileSays) {
  const TemporaryFolder folder;
  const auto path = test::GgufWriter::write_file(folder.path() / "model.onnx", onnx_model(small_graph()));
  const auto profile = read_model(path);
  EXPECT_EQ(profile.path, path);
  EXPECT_EQ(profile.format, "onnx");
  EXPECT_EQ(profile.name, "tiny");
  EXPECT_EQ(profile.architecture, "");
  EXPECT_EQ(profile.part_count, 1U);
  EXPECT_EQ(profile.file_bytes, std::filesystem::file_size(path));
  EXPECT_EQ(profile.tensor_bytes, 24U + 5U + 16U);
  EXPECT_EQ(Value(profile.metadata).to_json(),
            R"({"onnx": {"ir_version": 10, "producer_name": "berth", "graph": "tiny", "opset": {"ai.onnx": 21}}})");
  ASSERT_EQ(profile.tensors.size(), 3U);
  EXPECT_EQ(profile.tensors[0].name, "axes");  // a constant
  EXPECT_EQ(profile.tensors[0].bytes, 16U);
  const auto& w = profile.tensors[1];
  EXPECT_EQ(w.name, "w");
  EXPECT_EQ(w.type, "F32");
  EXPECT_THAT(w.shape, ElementsAre(3, 2));
  EXPECT_EQ(onnx_model(small_graph()).substr(static_cast<std::size_t>(w.offset), 24), std::string(24, '\1'));
  EXPECT_EQ(profile.tensors[2].type, "I8");
  EXPECT_EQ(profile.tensors[2].layer, 1U);
  EXPECT_EQ(profile.tensors[2].role, "attn_q");
  EXPECT_THAT(profile.notes, ElementsAre(HasSubstr("there is no config.json")));
  EXPECT_EQ(ModelProfile::from_dict(Value::from_json(profile.to_dict().to_json())), profile);
}

TEST(Onnx, ReadsDataInEachForm) {
  const std::pair<Proto, std::uint64_t> cases[] = {
      {onnx_tensor("a", 1, {2}).bytes(4, std::string(8, '\0')), 8},     // F32 packed
      {onnx_tensor("a", 1, {2}).raw("\x25____\x25____"), 8},            // F32 one by one
      {onnx_tensor("a", 7, {3}).bytes(7, "\1\x80\1\2"), 24},            // I64 packed
      {onnx_tensor("a", 7, {2}).number(7, 1).number(7, ~0ULL), 16},     // I64 one by one
      {onnx_tensor("a", 10, {3}).bytes(5, "\1\2\3"), 6},                // F16 as numbers
      {onnx_tensor("a", 22, {3}).bytes(5, "\1\2"), 2},                  // I4, two in one number
      {onnx_tensor("a", 14, {1}).bytes(4, std::string(8, '\0')), 8},    // complex
      {onnx_tensor("a", 8, {2}).bytes(6, "one").bytes(6, "three"), 8},  // texts
      {onnx_tensor("a", 1, {0, 4}), 0},                                 // nothing
      {Proto().bytes(1, "\2\3").number(2, 1).bytes(8, "a").bytes(9, std::string(24, ' ')), 24},  // packed dimensions
  };
  for (const auto& [tensor, bytes] : cases)
    EXPECT_EQ(parse_onnx(onnx_model(Proto().message(5, tensor))).tensors.at(0).info.bytes, bytes);
}

TEST(Onnx, ReadsTensorsOfNestedGraphsAndSparseOnes) {
  const auto inner = Proto().message(5, onnx_tensor("w", 3, {2}, 2));
  const auto node = Proto().bytes(3, "if_3").message(5, Proto().bytes(1, "then_branch").message(6, inner));
  const auto sparse = Proto().message(1, onnx_tensor("s", 1, {1}, 4)).message(2, onnx_tensor("", 7, {1}, 8));
  const auto header = parse_onnx(onnx_model(Proto().message(1, node).message(15, sparse)));
  std::vector<std::string> names;
  for (const auto& tensor : header.tensors) names.push_back(tensor.info.name);
  EXPECT_THAT(names, ElementsAre("if_3/then_branch/w", "s", "s.indices"));
}

class ExternalOnnx : public testing::Test {
 protected:
  ModelProfile read(const Proto& graph) { return read_model(write(graph)); }
  std::string refusal_of(const Proto& tensor) { return test::model_refusal(write(Proto().message(5, tensor))); }
  std::filesystem::path write(const Proto& graph) {
    test::GgufWriter::write_file(path("w.data"), std::string(100, ' '));
    return test::GgufWriter::write_file(path("model.onnx"), onnx_model(graph));
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / "model" / name; }
  TemporaryFolder folder_;
};

TEST_F(ExternalOnnx, CountsOtherFilesAsParts) {
  Proto graph;
  graph.message(5, onnx_tensor("here", 1, {1}, 4));
  graph.message(5, external_tensor("a", {2, 5}, "w.data", "0", "40"));
  graph.message(5, external_tensor("b", {15}, "w.data", "40"));
  graph.message(5, external_tensor("shared", {15}, "w.data", "40"));
  const auto profile = read(graph);
  EXPECT_EQ(profile.part_count, 2U);
  EXPECT_EQ(profile.file_bytes, std::filesystem::file_size(path("model.onnx")) + 100);
  EXPECT_EQ(profile.tensors.at(0).part, 0U);
  EXPECT_EQ(profile.tensors.at(1).part, 1U);
  EXPECT_EQ(profile.tensors.at(2).offset, 40U);
  EXPECT_EQ(profile.tensors.at(2).bytes, 60U);
}

TEST_F(ExternalOnnx, RefusesWhatLeavesTheFolderOrTheFile) {
  test::GgufWriter::write_file(folder_.path() / "secret", std::string(100, ' '));
  std::filesystem::create_directories(path(""));
  std::filesystem::create_symlink(folder_.path() / "secret", path("link"));
  for (const std::string& name :
       {std::string("../secret"), (folder_.path() / "secret").string(), std::string("a/../w")})
    EXPECT_THAT(refusal_of(external_tensor("a", {1}, name)), AllOf(HasSubstr("model.onnx"), HasSubstr("without '..'")));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "link")), HasSubstr("leads out of the folder"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "none.data")), HasSubstr("none.data' belongs to"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "")), HasSubstr("without a location"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "w.data", "97")), HasSubstr("which has 100 bytes"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "w.data", "18446744073709551615")),
              HasSubstr("which has 100 bytes"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "w.data", "-1")), HasSubstr("offset of '-1'"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "w.data", "99999999999999999999")), HasSubstr("a whole number"));
  EXPECT_THAT(refusal_of(external_tensor("a", {1}, "w.data", "0", "5")), HasSubstr("external data of 5 bytes"));
  const auto two =
      Proto().message(5, external_tensor("a", {2}, "w.data", "0")).message(5, external_tensor("b", {2}, "w.data", "4"));
  EXPECT_THAT(test::model_refusal(write(two)), HasSubstr("external data of 'b' inside those of 'a'"));
}

// ---- bad files ----

TEST(BadOnnx, NamesWhatTheFileSeemsToBe) {
  EXPECT_EQ(refused_onnx("").found(), "an empty file");
  EXPECT_THAT(refused_onnx("version https://git-lfs.github.com/spec/v1\n").found(), HasSubstr("Git LFS"));
  EXPECT_THAT(refused_onnx("<html>").found(), HasSubstr("web page"));
  EXPECT_EQ(refused_onnx(Proto().number(1, 10).text()).found(), "a file without a graph");
}

TEST(BadOnnx, Protobuf) {
  EXPECT_THAT(refused_onnx("\x08").expected(), HasSubstr("the rest of a number"));
  EXPECT_THAT(refused_onnx("\x08" + std::string(10, '\xff')).found(), HasSubstr("more than 64 bits"));
  EXPECT_THAT(refused_onnx("\x08" + std::string(9, '\xff') + "\x02").found(), HasSubstr("more than 64 bits"));
  EXPECT_EQ(refused_onnx("\x08\x01\x0b").found(), "wire type 3");
  EXPECT_EQ(refused_onnx(std::string("\x08\x01\x00", 3)).found(), "field 0");
  for (const auto length : {5ULL, 1ULL << 32, 1ULL << 63, ~0ULL}) {
    const auto bytes = Proto().number(1, 10).varint(7 << 3 | 2).varint(length).raw("abcd").text();
    EXPECT_EQ(refused_onnx(bytes).found(), fmt::format("a field of {} bytes", length));
    EXPECT_EQ(refused_onnx(bytes).offset(), 2U);
  }
  // A length that fits into the file, but not into the message around it.
  const auto inner = Proto().varint(5 << 3 | 2).varint(20);
  EXPECT_EQ(refused_onnx(Proto().message(7, inner).bytes(3, std::string(30, ' ')).text()).found(),
            "a field of 20 bytes");
  EXPECT_THAT(refused_onnx(Proto().number(1, 10).number(7, 1).text()).expected(), HasSubstr("a message"));
}

TEST(BadOnnx, Tensors) {
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, {2, 3}, 23)).found(), HasSubstr("data of 23 items"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, {2, 3})).expected(), HasSubstr("F32 [2, 3] takes"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, {1ULL << 62, 4}, 4)).found(), HasSubstr("the shape"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, {1ULL << 61}, 4)).found(), HasSubstr("the shape"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, {~0ULL}, 4)).found(), HasSubstr("a dimension of -1"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 0, {1}, 4)).found(), HasSubstr("data type 0"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 29, {1}, 4)).found(), HasSubstr("data type 29"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, std::vector<std::uint64_t>(65, 1), 4)).found(),
              HasSubstr("more than 64"));
  EXPECT_THAT(refused_tensor(onnx_tensor("", 1, {1}, 4)).found(), HasSubstr("without a name"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a\xff", 1, {1}, 4)).found(), HasSubstr("no UTF-8"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a\n", 1, {1}, 4)).found(), HasSubstr("'a\\n'"));
  EXPECT_THAT(refused_tensor(onnx_tensor("a", 1, {1}, 4).bytes(4, "1234")).found(), HasSubstr("a second form"));
  const auto twice = Proto().message(5, onnx_tensor("a", 1, {1}, 4)).message(5, onnx_tensor("a", 1, {1}, 4));
  EXPECT_EQ(refused_onnx(onnx_model(twice)).found(), "the tensor 'a' a second time");
}

TEST(BadOnnx, GraphsInGraphs) {
  auto graph = small_graph();
  for (int i = 0; i < 100; ++i) graph = Proto().message(1, Proto().message(5, Proto().message(6, graph)));
  EXPECT_THAT(refused_onnx(onnx_model(graph)).found(), HasSubstr("more than 64 graphs"));
}

// One long name in the file would be that of each of a million tensors.
TEST(BadOnnx, NamesThatGrow) {
  const auto tensor = Proto().message(5, onnx_tensor("", 3, {0}));
  Proto node;
  node.bytes(3, std::string(100'000, 'n'));
  for (int i = 0; i < 1000; ++i) node.message(5, tensor);
  EXPECT_THAT(refused_onnx(onnx_model(Proto().message(1, node))).found(), HasSubstr("longer than the file"));
}

TEST(OnnxLaws, CutOrChangedAnywhereIsAnErrorOrAModel) {
  const auto good = onnx_model(small_graph());
  const auto reads = [](const std::string& bytes) {
    try {
      for (const auto& tensor : parse_onnx(bytes).tensors) {
        EXPECT_LE(tensor.info.offset, std::max<std::uint64_t>(bytes.size(), tensor.external ? ~0ULL : 0));
      }
      return true;
    } catch (const FormatError& error) {
      EXPECT_LE(error.offset(), bytes.size());
      return false;
    }
  };
  for (std::size_t size = 0; size < good.size(); ++size) reads(good.substr(0, size));
  int models = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto bytes = good;
      bytes[at] = static_cast<char>(value);
      models += reads(bytes) ? 1 : 0;
    }
  }
  EXPECT_GT(models, 0);
  std::mt19937_64 random(3);
  for (int round = 0; round < 5000; ++round) {
    auto bytes = good;
    for (auto i = 1 + random() % 4; i > 0; --i) bytes[random() % bytes.size()] = static_cast<char>(random());
    reads(bytes);
  }
}

}  // namespace
}  // namespace berth
