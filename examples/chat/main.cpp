// Runs chat.yaml, which writes the answer while it comes.
#include <berth/berth.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  std::ifstream file("chat.yaml");
  if (!file) throw std::runtime_error("there is no chat.yaml here; run this in examples/chat");
  auto pipeline = berth::Pipeline::loads(std::string(std::istreambuf_iterator<char>(file), {}));

  const auto outputs = pipeline.run({{"question", argc > 1 ? argv[1] : "What is a harbour?"}});
  const auto replies = berth::from_value<std::vector<berth::ChatMessage>>(*outputs.at("llm").find("replies"));
  std::cout << "\n\n" << replies[0].meta().at("usage") << '\n';
} catch (const std::exception& problem) {
  std::cerr << "chat: " << problem.what() << '\n';
  return 1;
}
