// Searches a folder of texts: embeds them once into an index on the disk, and answers questions from it.
#include <berth/berth.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr auto index_file = "index.json";

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("there is no " + path + " here; run this in examples/search");
  return {std::istreambuf_iterator<char>(file), {}};
}

void index(const std::string& folder) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(folder)) throw std::runtime_error("there is no folder " + folder);
  for (const auto& each : std::filesystem::directory_iterator(folder))
    if (each.path().extension() == ".txt") files.push_back(each.path().string());
  std::sort(files.begin(), files.end());
  auto pipeline = berth::Pipeline::loads(read_file("index.yaml"));
  // What is left out, such as a text that is not UTF-8, is told.
  const auto written = pipeline.run(
      {{"sources", berth::to_value(files)}},
      {.log = [](berth::LogLevel, std::string_view message) { std::cerr << "search: " << message << '\n'; }});
  // Any store of this index has the documents.
  berth::InMemoryDocumentStore({.index = "texts"}).save_to_disk(index_file);
  std::cout << *written.at("writer").find("documents_written") << " pieces of " << files.size() << " texts\n";
}

void ask(const std::string& question) {
  if (!std::filesystem::exists(index_file)) throw std::runtime_error("there is no index yet: search index FOLDER");
  const auto store = berth::InMemoryDocumentStore::load_from_disk(index_file);
  auto pipeline = berth::Pipeline::loads(read_file("ask.yaml"));
  const auto outputs = pipeline.run({{"text", question}, {"query", question}});
  const auto answers = berth::from_value<std::vector<berth::GeneratedAnswer>>(*outputs.at("answers").find("answers"));
  for (const auto& answer : answers) {
    std::cout << answer.data << '\n';
    for (const auto& document : answer.documents)
      std::cout << "  " << berth::from_value<std::string>(document.meta.at("file_path")) << ": " << *document.content
                << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "index" && argc == 3) {
    index(argv[2]);
  } else if (command == "ask" && argc == 3) {
    ask(argv[2]);
  } else if (argc == 1) {
    index("texts");
    ask("How tall is the lighthouse?");
  } else {
    std::cerr << "search index FOLDER\nsearch ask QUESTION\n";
    return 2;
  }
} catch (const std::exception& problem) {
  std::cerr << "search: " << problem.what() << '\n';
  return 1;
}
