/// Starts programs.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace berth::process {

/// A program that is to be started.
struct Command {
  std::vector<std::string> arguments = {};              ///< first the path of the program
  std::map<std::string, std::string> environment = {};  ///< all of it: nothing of this process's own is added
};

/// Starts it in a process group of its own, with `answer` as descriptor 3 and no other file of this process: what it
/// prints goes nowhere, but its errors to `errors` where that is a file, and it meets no lock or terminal of this program.
/// Throws std::system_error naming the program.
pid_t spawn(Command command, int answer, int errors = -1);

}  // namespace berth::process
