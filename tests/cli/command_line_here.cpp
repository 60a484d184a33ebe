#include "cli/command_line.h"

#include "cli/process.h"

namespace {
[[maybe_unused]] const auto command_line_here = berth::test::command_line = berth::cli::command_line;
}  // namespace
