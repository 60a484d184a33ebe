/// Text from files and from standard input.
#pragma once

#include <string>

namespace berth::cli {

/// What standard input holds. Throws std::system_error that names `what` was to be read.
std::string read_standard_input(const std::string& what);

/// What a file holds; "-" is standard input. Throws std::runtime_error naming the file.
std::string read_file_or_input(const std::string& path, const std::string& what);

/// Writes a file that the user named. Throws std::runtime_error naming it and the reason.
void write_output_file(const std::string& path, const std::string& text);

/// How messages call that file.
std::string file_name_for_messages(const std::string& path);

}  // namespace berth::cli
