/// What --help shows, within 80 columns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "command.h"

namespace berth::cli {

/// Gives `app` its --help, ending in `examples`; commands added later look the same.
void set_help(CLI::App& app, const std::string& examples);

/// A command below `above` that does `work`; its options are still to be added.
CLI::App* add_part(CLI::App& above, const char* name, const char* what, const char* examples, Action& action,
                   Action work);

/// What an option takes, as shown behind its name: "TEXT"; empty for a flag.
std::string value_name(const CLI::Option& option);

/// The words that an option is limited to; empty where it is not.
std::vector<std::string> value_choices(const CLI::Option& option);

/// Numbers in decimal digits only: CLI11 itself reads "010" as 8, and -1 as 18446744073709551615 where a number has no sign.
CLI::Validator whole_number();
CLI::Validator whole_number_from(std::int64_t least);
CLI::Validator decimal_number();

/// Text that `choices` holds. Keeps their order in messages.
CLI::Validator one_of(const std::vector<std::string>& choices);

}  // namespace berth::cli
