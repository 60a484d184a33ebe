#include "discover/host/mounts.h"

#include <algorithm>

#include "discover/host/system_file.h"

namespace berth::discovery {
namespace {

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

/// The kernel writes blanks, tabs, ends of lines and backslashes as \040.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' &&
        std::ranges::all_of(text.substr(i + 1, 3), is_octal)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Calls `use` with each option until it answers true.
template <class Use>
void for_each_option(std::string_view options, Use&& use) {
  while (!options.empty()) {
    const auto end = std::min(options.find(','), options.size());
    if (use(options.substr(0, end))) return;
    options.remove_prefix(std::min(end + 1, options.size()));
  }
}

}  // namespace

std::vector<Mount> mounts_in(std::string_view mountinfo) {
  std::vector<Mount> found;
  for (const auto line : lines(mountinfo)) {
    const auto fields = words(line);
    // A varying number of fields stands before the dash.
    const auto dash = fields.size() < 6 ? fields.end() : std::find(fields.begin() + 6, fields.end(), "-");
    if (fields.end() - dash < 4 || !fields[4].starts_with('/')) continue;
    found.push_back({.device = std::string(fields[2]),
                     .root = unescaped(fields[3]),
                     .mount_point = unescaped(fields[4]),
                     .file_system = unescaped(dash[1]),
                     .source = unescaped(dash[2]),
                     .options = unescaped(dash[3]),
                     .read_only = has_option(fields[5], "ro") || has_option(dash[3], "ro")});
  }
  return found;
}

std::vector<Mount> mounts(const std::filesystem::path& root) {
  return mounts_in(read_system_file(root / "proc/self/mountinfo").value_or(""));
}

const Mount* mount_of(const std::vector<Mount>& all, const std::filesystem::path& path) {
  const Mount* nearest = nullptr;
  for (const auto& mount : all) {
    if (!is_within(path, mount.mount_point)) continue;
    if (nearest == nullptr || is_within(mount.mount_point, nearest->mount_point)) nearest = &mount;
  }
  return nearest;
}

bool has_option(std::string_view options, std::string_view option) {
  bool found = false;
  for_each_option(options, [&](std::string_view each) { return found = each == option; });
  return found;
}

std::string_view option_value(std::string_view options, std::string_view name) {
  std::string_view value;
  for_each_option(options, [&](std::string_view each) {
    const bool found = each.starts_with(name) && each.substr(name.size()).starts_with('=');
    if (found) value = each.substr(name.size() + 1);
    return found;
  });
  return value;
}

bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
  // "/a/" has an empty name at its end.
  const auto end = folder.has_filename() || folder == folder.root_path() ? folder.end() : std::prev(folder.end());
  return std::mismatch(folder.begin(), end, path.begin(), path.end()).first == end;
}

}  // namespace berth::discovery
