/// The whole of the program `berth`, but for its main(): tests run it too.
#pragma once

namespace berth::cli {

/// What the words ask for is done, with standard input, output and error. Returns the exit code.
int command_line(int argc, char** argv);

}  // namespace berth::cli
