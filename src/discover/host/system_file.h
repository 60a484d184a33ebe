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

/// Its text, at most the first `limit` bytes; absent where there is none, where it cannot be read or where it is no
/// regular file: opening a device can block, and can do something.
std::optional<std::string> read_system_file(const std::filesystem::path& file, std::size_t limit = 16 << 20);

/// Its first line without blanks around it; empty where there is none.
std::string first_line(const std::filesystem::path& file);

/// The whole of `text` as a number; absent for anything else, such as "max", "-1" or what does not fit.
std::optional<std::uint64_t> to_number(std::string_view text);

/// "0-3,8" in order; what is no number, or beyond the most that a kernel can have, is left out.
std::vector<int> to_list(std::string_view text);

/// Its lines, without their ends.
std::vector<std::string_view> lines(std::string_view text);
/// Its parts between blanks.
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
