/// Files on the way to documents.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "berth/file_type_router.h"
#include "berth/text_file_to_document.h"
#include "component/mime_type.h"
#include "component/normal_form.h"
#include "component/python_type.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::HasSubstr;

class FileSources : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "note.TXT") << "caf\xC3\xA9";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / fmt::format("berth-file-sources-{}", ::getpid());
};

TEST_F(FileSources, BecomeDocumentsWithTheNameOfTheFile) {
  TextFileToDocument converter;
  std::string warning;
  const CallContext context({}, [&](LogLevel, std::string_view text) { warning = text; });
  const auto outputs =
      run_component(converter, {{"sources", Value::Array{path("note.TXT"), path("missing")}}}, context);
  const auto documents = from_value<std::vector<Document>>(outputs.at("documents"));
  ASSERT_EQ(documents.size(), 1U);
  EXPECT_EQ(documents[0].content, "caf\xC3\xA9");
  EXPECT_EQ(documents[0].meta, (Value::Object{{"file_path", "note.TXT"}}));
  EXPECT_THAT(warning, HasSubstr("Could not read " + path("missing") + ". Skipping it."));
}

TEST_F(FileSources, AreRoutedByTheirEndings) {
  FileTypeRouter router(
      {.mime_types = {"text/plain", "a/b"}, .additional_mimetypes = OrderedMap<std::string>{{"a/b", ".zz"}}});
  std::ofstream(folder_ / "x.zz") << "x";
  EXPECT_EQ(run_component(router, {{"sources", Value::Array{path("./note.TXT"), path("x.zz"), path("gone")}}}),
            (Value::Object{{"text/plain", Value::Array{path("note.TXT")}},
                           {"a/b", Value::Array{path("x.zz")}},
                           {"failed", Value::Array{path("gone")}}}));
  const auto read = run_component(router, {{"sources", Value::Array{path("x.zz")}}, {"meta", Value::Object{{"k", 1}}}});
  const auto streams = from_value<std::vector<ByteStream>>(read.at("a/b"));
  ASSERT_EQ(streams.size(), 1U);
  EXPECT_EQ(streams[0].data, "x");
  EXPECT_EQ(streams[0].meta, (Value::Object{{"file_path", path("x.zz")}, {"k", 1}}));
  std::filesystem::create_directory(folder_ / "folder.zz");
  EXPECT_TRUE(run_component(router, {{"sources", Value::Array{path("folder.zz")}}, {"meta", Value::Object{{"k", 1}}}})
                  .contains("failed"));
}

TEST(MimeType, IsToldByTheEnding) {
  EXPECT_EQ(mime_type_of("a/b.PDF"), "application/pdf");
  EXPECT_EQ(mime_type_of("b.tar.gz"), "application/x-tar");
  EXPECT_EQ(mime_type_of("b.tgz"), "application/x-tar");
  EXPECT_EQ(mime_type_of("README.md"), "text/markdown");
  EXPECT_EQ(mime_type_of("README.md", {{"a/b", ".md"}, {"c/d", ".qq"}}), "text/markdown");
  EXPECT_EQ(mime_type_of("x.qq", {{"a/b", ".md"}, {"c/d", ".qq"}}), "c/d");
  for (const char* none : {".profile", "a.b/c", "x.", "", "a.unheard"}) EXPECT_FALSE(mime_type_of(none)) << none;
}

TEST(NormalForm, IsOneOfFour) {
  EXPECT_EQ(in_normal_form("e\xCC\x81", "NFC"), "\xC3\xA9");
  EXPECT_EQ(in_normal_form("", "NFKD"), "");
  EXPECT_THAT(test::refusal([] { (void)in_normal_form("x", "NFX"); }), HasSubstr("There is no normal form 'NFX'"));
}

TEST(PythonType, IsWrittenAsHaystackWritesIt) {
  const auto written = [](std::string_view text) { return python_type(text).text; };
  EXPECT_EQ(written("Optional[haystack.Document]"), "typing.Optional[haystack.dataclasses.document.Document]");
  EXPECT_EQ(written("typing.Union[str, None]"), "typing.Optional[str]");
  EXPECT_EQ(written("typing.List[str] | int | None"), "typing.Union[typing.List[str], int, None]");
  EXPECT_EQ(written("dict[str, list[my.module.Thing]]"), "dict[str, list[my.module.Thing]]");
  EXPECT_EQ(python_type("typing.Dict[str, Any]").type, Type::dict_of(Type::any()));
  EXPECT_EQ(python_type("list[str] | None").repr, "list[str] | None");
  for (const char* none : {"", "list[", "list[]", "a b", "typing.Nothing", "my..Thing", "os.system()"})
    EXPECT_THROW((void)python_type(none), std::invalid_argument) << none;
  std::string deep = "str";
  for (int i = 0; i < 60; ++i) deep = "list[" + deep + "]";
  EXPECT_THAT(test::refusal([&] { (void)python_type(deep); }), HasSubstr("nested more than 50 deep"));
}

TEST(Encodings, AreThoseOfPythonWithoutAMarkAndByItsNames) {
  const auto text = [](const std::string& bytes, const std::string& encoding) {
    TextFileToDocument converter({.encoding = encoding});
    const auto outputs = run_component(converter, {{"sources", Value::Array{ByteStream{.data = bytes}}}});
    const auto documents = from_value<std::vector<Document>>(outputs.at("documents"));
    return documents.empty() ? "none" : documents[0].content.value_or("");
  };
  EXPECT_EQ(text(std::string("a\0b\0", 4), "utf-16"), "ab");
  EXPECT_EQ(text(std::string("\xFE\xFF\0a", 4), "UTF_16"), "a");
  EXPECT_EQ(text(std::string("a\0\0\0", 4), "utf32"), "a");
  EXPECT_EQ(text("caf\xC3\xA9", "u8"), "caf\xC3\xA9");
  EXPECT_EQ(text("caf\xC3\xA9", "cp65001"), "caf\xC3\xA9");
  EXPECT_EQ(text("caf\xE9", "1252"), "caf\xC3\xA9");
  EXPECT_EQ(text("caf\xE9", "latin"), "caf\xC3\xA9");
}

}  // namespace
}  // namespace berth
