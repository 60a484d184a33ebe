/// What may come next on a command line, for the scripts in completions/ that shells read.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace berth::cli {

/// One thing that may come next.
struct Completion {
  std::string word;
  std::string description;  ///< one line; may be empty

  bool operator==(const Completion&) const = default;
};

struct Completions {
  std::vector<Completion> words;
  bool files = false;  ///< the name of a file may stand there too
};

/// What may stand in place of the last of `words`, which is what was typed of it so far. The words before it are
/// those behind the name of the program. `app` is the root of the tree of commands.
Completions completions(const CLI::App& app, std::vector<std::string> words);

/// A line each, "WORD" or "WORD<tab>DESCRIPTION"; the line ":files" where the shell goes on with names of files.
void print_completions(const Completions& completions);

}  // namespace berth::cli
