/// Profiles of the invented models of tests/data/architectures, read from files as any model is.
#pragma once

#include <string>

#include "berth/model.h"
#include "corpus/memory_corpus.h"
#include "test_model.h"

namespace berth::test {

/// Their weights are holes. `path` is the file then.
inline void write_invented_model(const std::string& name, const std::filesystem::path& path) {
  const std::string file = BERTH_TEST_DATA_DIR "/architectures/models/" + name + ".json";
  memory_corpus::GgufFile::write(memory_corpus::read_json(file), path);
}

inline ModelProfile invented_model(const std::string& name) {
  const TemporaryFolder folder;
  const auto path = folder.path() / (name + ".gguf");
  write_invented_model(name, path);
  return read_model(path);
}

}  // namespace berth::test
