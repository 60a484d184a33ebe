#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "berth/error.h"
#include "engine/run_folder.h"
#include "engine/worker_list.h"
#include "text/file.h"
#include "text/printable.h"
#include "yaml/yaml.h"

namespace berth {
namespace {

using Lines = std::vector<std::string>;

constexpr auto heading = "# Workers that Berth asks for devices: see \"berth workers --help\".\n";
constexpr std::size_t longest_file = 1 << 20;

Value::Object entry_of(const KnownWorker& worker) {
  Value::Object entry{{"name", worker.name}, {"endpoint", worker.endpoint}};
  if (!worker.keys.empty()) entry.set("keys", worker.keys);
  if (!worker.enabled) entry.set("enabled", false);
  return entry;
}

/// Each with its line end.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    lines.back() += '\n';
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

bool says_nothing(const std::string& line) {
  const auto at = line.find_first_not_of(" \t\r\n");
  return at == line.npos || line[at] == '#';
}

std::size_t line_of(std::string_view text, std::size_t entry) {
  return yaml::locate(text, {"workers", std::to_string(entry)}).line - 1;
}

std::string written_anew(const std::vector<KnownWorker>& workers) {
  Value::Array list;
  for (const auto& worker : workers) list.push_back(entry_of(worker));
  return heading + yaml::write(Value::Object{{"workers", std::move(list)}});
}

/// `edited`, where it holds what it should; else all of it anew.
ChangedList checked(std::string edited, const std::vector<KnownWorker>& expected, std::string_view before) {
  try {
    if (workers_in(edited, {}) == expected) return {std::move(edited)};
  } catch (const FormatError&) {  // it was written in a way that no line can be put into
  }
  auto anew = written_anew(expected);
  try {
    if (workers_in(anew, {}) == expected) return {std::move(anew), before.find('#') != before.npos};
  } catch (const FormatError& problem) {
    throw std::invalid_argument(problem.found());
  }
  throw std::invalid_argument("What is to be in the list cannot be written as YAML");
}

/// `entry` behind the others, indented as they are.
std::string with_entry(std::string_view text, const KnownWorker& worker, bool has_others) {
  auto lines = lines_of(text);
  std::string indent;
  if (has_others) {
    const auto& first = lines.at(line_of(text, 0));
    indent = first.substr(0, first.find_first_not_of(' '));
  } else if (std::ranges::all_of(lines, says_nothing)) {
    if (lines.empty()) lines.emplace_back(heading);
    lines.emplace_back("workers:\n");
  }
  for (const auto& line : lines_of(yaml::write(Value::Array{entry_of(worker)}))) lines.push_back(indent + line);
  return joined(lines);
}

std::string without_entry(std::string_view text, std::size_t entry, std::size_t count) {
  auto lines = lines_of(text);
  const auto begin = line_of(text, entry);
  auto end = entry + 1 < count ? line_of(text, entry + 1) : lines.size();
  while (end > begin + 1 && says_nothing(lines[end - 1])) --end;  // comments are of what follows
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(begin),
              lines.begin() + static_cast<std::ptrdiff_t>(std::max(begin, end)));
  return joined(lines);
}

/// In the run folder, or beside the list where there is none.
Descriptor lock_on(const std::filesystem::path& list) {
  const auto folder = run_folder();
  auto lock = lock_file(folder ? *folder / "workers.lock" : std::filesystem::path(list.string() + ".lock"),
                        std::chrono::seconds(5));
  if (!lock) throw std::runtime_error(fmt::format("{} cannot be changed: another command does so", list.string()));
  return std::move(*lock);
}

template <class Change>
bool change_file(const std::filesystem::path& file, Change change) {
  if (file.empty())
    throw std::runtime_error("There is no folder for the list of workers: set BERTH_WORKERS to a file, or HOME");
  const auto target = std::filesystem::weakly_canonical(file);  // of a link that the user made
  if (std::filesystem::exists(target) && !std::filesystem::is_regular_file(target))
    throw std::runtime_error(
        fmt::format("{} holds no list of workers: BERTH_WORKERS names a file for one", file.string()));
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path());
  const auto lock = lock_on(target);
  const auto text = std::filesystem::exists(target) ? read_text_file(target, longest_file) : "";
  const auto changed = change(text);
  write_file(target, changed.text);
  return changed.comments_lost;
}

}  // namespace

ChangedList with_worker(std::string_view text, const KnownWorker& worker, const std::filesystem::path& source) {
  auto workers = workers_in(text, source);
  const bool has_others = !workers.empty();
  check_worker(worker, workers);
  workers.push_back(worker);
  return checked(with_entry(text, worker, has_others), workers, text);
}

ChangedList without_worker(std::string_view text, std::string_view name, const std::filesystem::path& source) {
  auto workers = workers_in(text, source);
  const auto found = std::ranges::find(workers, name, &KnownWorker::name);
  if (found == workers.end()) {
    std::string names;
    for (const auto& each : workers) names += (names.empty() ? "" : ", ") + each.name;
    throw std::invalid_argument(
        fmt::format("There is no worker {} in the list; it has {}", in_quotes(name), names.empty() ? "none" : names));
  }
  const auto entry = static_cast<std::size_t>(found - workers.begin());
  const auto count = workers.size();
  workers.erase(found);
  return checked(without_entry(text, entry, count), workers, text);
}

bool add_worker_to(const std::filesystem::path& file, const KnownWorker& worker) {
  return change_file(file, [&](std::string_view text) { return with_worker(text, worker, file); });
}

bool remove_worker_from(const std::filesystem::path& file, std::string_view name) {
  return change_file(file, [&](std::string_view text) { return without_worker(text, name, file); });
}

}  // namespace berth
