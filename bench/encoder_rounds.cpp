/// Embeds the texts of a file, once for each line that comes on standard input, and prints how long that took: one side of
/// bench/encoder_peers.py.
///
///     encoder_rounds MODEL PRECISION TEXTS.json RESULT.json
#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "berth/berth.h"

namespace {

using namespace berth;

std::string read_all(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run(char** argv) {
  std::vector<std::string> texts;
  const auto given = Value::from_json(read_all(argv[3]));
  for (const auto& text : given.as_array()) texts.push_back(text.as_string());
  const auto encoder = TextEncoder::load({.model = argv[1], .precision = precision_from_str(argv[2])});
  bool is_first = true;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    const auto result = encoder.embed(texts);
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
    if (!std::exchange(is_first, false)) continue;
    Value::Array rows;
    for (std::size_t i = 0; i < result.rows(); ++i) {
      Value::Array row;
      for (const double number : result.row(i)) row.push_back(number);
      rows.push_back(std::move(row));
    }
    std::ofstream(argv[4]) << Value(std::move(rows)).to_json();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: encoder_rounds MODEL PRECISION TEXTS.json RESULT.json\n";
    return 2;
  }
  try {
    run(argv);
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << '\n';
    return 1;
  }
}
