/// What a fake driver library exports, and copies of it that lack a function.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>

#include "system/dynamic_library.h"
#include "discover/recorded_machine.h"

namespace berth::test {

inline std::string fake_library(const std::string& library) {
  std::ifstream file(std::filesystem::path(BERTH_FAKES_DIR) / library, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The names between the zeros of its table of symbols that match `pattern`, and are functions of it: code can look alike.
inline std::set<std::string> functions_of(const std::string& library, const std::string& pattern) {
  const auto bytes = fake_library(library);
  const std::regex name(pattern);
  const discovery::DynamicLibrary loaded({library}, BERTH_FAKES_DIR);
  std::set<std::string> names;
  for (std::size_t start = 0; start < bytes.size();) {
    const auto end = std::min(bytes.find('\0', start), bytes.size());
    const auto word = std::string_view(bytes).substr(start, end - start);
    if (word.size() < 64 &&
        std::ranges::all_of(word, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; }) &&
        std::regex_match(word.begin(), word.end(), name) &&  // nearly all that is in a file is no name
        loaded.find<void()>(std::string(word).c_str()) != nullptr)
      names.emplace(word);
    start = end + 1;
  }
  return names;
}

/// Puts a library whose names that are `name` begin with `with` in the place of the fake.
inline void rename_in(const RecordedMachine& machine, const std::string& library, const std::string& name, char with) {
  auto bytes = fake_library(library);
  const std::string wanted = '\0' + name + '\0';
  for (auto at = bytes.find(wanted); at != std::string::npos; at = bytes.find(wanted, at + 1)) bytes[at + 1] = with;
  std::filesystem::remove(machine.libraries() / library);
  std::ofstream(machine.libraries() / library, std::ios::binary) << bytes;
}

/// Puts a library without that function in the place of the fake.
inline void remove_function(const RecordedMachine& machine, const std::string& library, const std::string& function) {
  rename_in(machine, library, function, '_');
}

}  // namespace berth::test
