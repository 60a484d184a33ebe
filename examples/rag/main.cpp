// Fills a document store with one pipeline and answers a question about it with another.
#include <berth/berth.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("there is no " + path + " here; run this in examples/rag");
  return {std::istreambuf_iterator<char>(file), {}};
}

int main(int argc, char** argv) try {
  const std::string question = argc > 1 ? argv[1] : "When was the lighthouse built?";

  // Both pipelines name the same index, so that what one writes the other finds.
  auto indexing = berth::Pipeline::loads(read_file("index.yaml"));
  const auto written = indexing.run({{"documents", berth::Value::from_json(read_file("documents.json"))}});
  std::cout << *written.at("writer").find("documents_written") << " documents\n";

  auto pipeline = berth::Pipeline::loads(read_file("query.yaml"));
  const auto outputs = pipeline.run({{"query", question}});
  const auto answers = berth::from_value<std::vector<berth::GeneratedAnswer>>(*outputs.at("answers").find("answers"));
  for (const auto& answer : answers) {
    std::cout << answer.data << '\n';
    for (const auto& document : answer.documents)
      std::cout << "  page " << document.meta.at("page") << ": " << *document.content << '\n';
  }
} catch (const std::exception& problem) {
  std::cerr << "rag: " << problem.what() << '\n';
  return 1;
}
