#include "discover/host/system_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "text/descriptor.h"
#include "text/file.h"
#include "text/trimmed.h"

namespace berth::discovery {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr int most_ids = 1 << 16;

}  // namespace

std::optional<std::string> read_system_file(const std::filesystem::path& file, std::size_t limit) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (opened < 0) return std::nullopt;
  try {
    return read_all(opened, limit);
  } catch (const std::system_error&) {
    return std::string();  // a device that does not answer now
  }
}

std::string first_line(const std::filesystem::path& file) {
  const auto text = read_system_file(file, 4096).value_or("");
  return std::string(trimmed(std::string_view(text).substr(0, text.find('\n'))));
}

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto outcome = std::from_chars(text.data(), end, number);
  if (outcome.ec != std::errc() || outcome.ptr != end) return std::nullopt;
  return number;
}

std::vector<int> to_list(std::string_view text) {
  std::vector<int> ids;
  while (!text.empty()) {
    const auto item = trimmed(text.substr(0, text.find(',')));
    const auto dash = item.find('-');
    const auto first = to_number(item.substr(0, dash));
    const auto last = dash == item.npos ? first : to_number(item.substr(dash + 1));
    if (first && last && *last < most_ids)
      for (auto id = *first; id <= *last; ++id) ids.push_back(static_cast<int>(id));
    text.remove_prefix(std::min(text.size(), text.find(',') == text.npos ? text.size() : text.find(',') + 1));
    if (ids.size() > most_ids) break;
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    found.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (auto start = text.find_first_not_of(blanks); start != text.npos; start = text.find_first_not_of(blanks, start)) {
    const auto end = std::min(text.find_first_of(blanks, start), text.size());
    found.push_back(text.substr(start, end - start));
    start = end;
  }
  return found;
}

Entry entry_in(std::string_view line) {
  line = trimmed(line);
  const auto colon = line.find(':');
  const auto end = std::min(colon != line.npos ? colon : line.find_first_of(" \t"), line.size());
  return {trimmed(line.substr(0, end)), trimmed(line.substr(std::min(end + 1, line.size())))};
}

std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
  for (const auto line : lines(text))
    if (const auto entry = entry_in(line); entry.key == key) return entry.value;
  return std::nullopt;
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace berth::discovery
