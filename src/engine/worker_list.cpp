#include "engine/worker_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <stdexcept>

#include "berth/error.h"
#include "discover/remote/rpc_endpoint.h"
#include "discover/remote/worker_link.h"
#include "text/file.h"
#include "text/printable.h"
#include "value/structs.h"
#include "yaml/yaml.h"

namespace berth::structs {

template <>
struct FieldsOf<KnownWorker> {
  using W = KnownWorker;
  static constexpr std::tuple all = {required("name", &W::name), required("endpoint", &W::endpoint),
                                     field("keys", &W::keys), field("enabled", &W::enabled)};
};

}  // namespace berth::structs

namespace berth {
namespace {

constexpr std::size_t longest_list = 1 << 20;
constexpr std::size_t most_workers = 256;
constexpr std::size_t longest_name = 64;
constexpr auto expected_list = "a list of workers, each with name, endpoint and, where wanted, keys and enabled";

/// An absolute path that a variable holds, as the XDG Base Directory Specification 0.8 wants it.
std::filesystem::path folder_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value == '/' ? value : "";
}

void check_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
  if (name.empty() || name.size() > longest_name || !plain || name.front() == '-')
    throw std::invalid_argument(fmt::format(
        "{} is no name of a worker: 1 to {} letters, digits, '-', '_' and '.' are, none with '-' at its start",
        in_quotes(name), longest_name));
}

void check_known(const Value& entry, const structs::Place& place, const std::set<std::string>& known) {
  structs::detail::check_object(entry, place);
  for (const auto& [name, value] : entry.as_object())
    if (!known.contains(name)) place.fail(in_quotes(name) + " is not known there");
}

/// A list that cannot be read names none: who looks at this machine says what is wrong with it.
std::filesystem::path key_file_for(std::string_view endpoint) {
  try {
    for (const auto& worker : known_workers()) {
      if (worker.endpoint != endpoint || worker.keys.empty()) continue;
      const char* home = std::getenv("HOME");
      if (home == nullptr || !worker.keys.starts_with("~/")) return worker.keys;
      return std::filesystem::path(home) / worker.keys.substr(2);
    }
  } catch (const std::exception&) {
  }
  return {};
}

[[maybe_unused]] const bool keys_are_looked_up = (discovery::set_key_file_of(key_file_for), true);

/// Reads, and tells the line of what it refuses.
class ListReader {
 public:
  ListReader(std::string_view text, const std::filesystem::path& source)
      : text_(text), source_(source), document_(yaml::read(text, source.string())) {}

  std::vector<KnownWorker> workers() const {
    std::vector<KnownWorker> workers;
    if (document_.is_null()) return workers;
    const structs::Place top;
    const auto& list = at({}, [&]() -> const Value::Array& {
      static const Value::Array none;
      check_known(document_, top, {"workers"});
      const auto* found = document_.find("workers");
      if (found == nullptr || found->is_null()) return none;
      return structs::detail::read_list(*found, structs::Place(top, "workers"));
    });
    for (std::size_t i = 0; i < list.size(); ++i)
      at({"workers", std::to_string(i)}, [&] {
        const structs::Place all(top, "workers");
        const structs::Place place(all, i);
        check_known(list[i], place, {"name", "endpoint", "keys", "enabled"});
        auto worker = structs::read<KnownWorker>(list[i], place);
        check_worker(worker, workers);
        workers.push_back(std::move(worker));
      });
    return workers;
  }

 private:
  template <class Work>
  auto at(const std::vector<std::string>& path, Work work) const -> decltype(work()) {
    try {
      return work();
    } catch (const std::invalid_argument& problem) {
      const auto line = yaml::locate(text_, path).line;
      throw FormatError(source_, fmt::format("line {}: {}", line, problem.what()), expected_list);
    }
  }

  std::string_view text_;
  const std::filesystem::path& source_;
  Value document_;
};

}  // namespace

void check_worker(const KnownWorker& worker, const std::vector<KnownWorker>& others) {
  check_name(worker.name);
  discovery::RpcEndpoint::parse(worker.endpoint);
  if (others.size() >= most_workers)
    throw std::invalid_argument(fmt::format("the list takes no more than {} workers", most_workers));
  for (const auto& each : others) {
    if (each.name == worker.name)
      throw std::invalid_argument(fmt::format("{} is there already, at {}", worker.name, each.endpoint));
    if (each.endpoint == worker.endpoint)
      throw std::invalid_argument(fmt::format("{} is there already, as {}", worker.endpoint, each.name));
  }
}

std::filesystem::path workers_file() {
  if (const char* named = std::getenv("BERTH_WORKERS"); named != nullptr && *named != '\0') return named;
  auto config = folder_in("XDG_CONFIG_HOME");
  if (const auto home = folder_in("HOME"); config.empty() && !home.empty()) config = home / ".config";
  return config.empty() ? config : config / "berth" / "workers.yaml";
}

std::vector<KnownWorker> workers_in(std::string_view text, const std::filesystem::path& source) {
  return ListReader(text, source).workers();
}

std::vector<KnownWorker> known_workers(const std::filesystem::path& file) {
  std::error_code error;
  if (file.empty() || !std::filesystem::exists(file, error)) return {};
  return workers_in(read_text_file(file, longest_list), file);
}

}  // namespace berth
