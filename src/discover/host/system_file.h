/// The small text files in which a kernel says what there is. Any of them can be missing, empty, huge, or vanish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::discovery {

/// The text of a file, at most its first `limit` bytes. Absent where the file is missing, cannot be read, or is not a
/// regular one: opening a device can block or change something.
std::optional<std::string> read_system_file(const std::filesystem::path& file, std::size_t limit = 16 << 20);

/// The first line of a file, without blanks around it; empty where there is none.
std::string first_line(const std::filesystem::path& file);

/// The whole of `text` as a number; absent for anything else, such as "max", "-1" or what does not fit.
std::optional<std::uint64_t> to_number(std::string_view text);

/// The numbers of "0-3,8", in order. What is no number, or larger than any that a kernel has, is left out.
std::vector<int> to_list(std::string_view text);

/// The lines of `text`, without their ends.
std::vector<std::string_view> lines(std::string_view text);
/// The parts of `text` between blanks.
std::vector<std::string_view> words(std::string_view text);

/// Both halves of "key: value" or, without a colon, of "key value", without blanks around them.
struct Entry {
  std::string_view key;
  std::string_view value;
};
Entry entry_in(std::string_view line);

/// The value of the first line of `text` with that key.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key);

/// Names of what is in a folder, in order; none where it cannot be read.
std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace berth::discovery
