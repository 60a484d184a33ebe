/// The workers that a user keeps a list of, in workers.yaml.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// An entry of the list.
struct KnownWorker {
  std::string name = {};      ///< letters, digits, "-", "_" and "."; one of a kind
  std::string endpoint = {};  ///< "192.168.1.5:50052"; one of a kind
  std::string keys = {};      ///< a file of keys for tls://, "~" being the home folder; empty: the usual one
  bool enabled = true;        ///< else nobody asks it

  bool operator==(const KnownWorker&) const = default;
};

/// Throws std::invalid_argument for what is no name or endpoint, or is that of another one.
void check_worker(const KnownWorker& worker, const std::vector<KnownWorker>& others);

/// BERTH_WORKERS, else XDG_CONFIG_HOME/berth/workers.yaml, else ~/.config/berth/workers.yaml; empty where there is no home.
std::filesystem::path workers_file();

/// What stands in a list. Throws FormatError with the line of what is wrong; messages call the text `source`.
std::vector<KnownWorker> workers_in(std::string_view text, const std::filesystem::path& source);

/// The list in a file: empty where it is not there. Throws as workers_in(), and std::filesystem::filesystem_error.
std::vector<KnownWorker> known_workers(const std::filesystem::path& file = workers_file());

/// A list after a change.
struct ChangedList {
  std::string text = {};
  bool comments_lost = false;  ///< it could not be changed in place, and was written anew
};

/// The list with one more, or with one less; the rest of the text stays as it is where that can be. `worker` is added as
/// it is. Throws std::invalid_argument as check_worker(), and for a name that is not there.
ChangedList with_worker(std::string_view text, const KnownWorker& worker, const std::filesystem::path& source);
ChangedList without_worker(std::string_view text, std::string_view name, const std::filesystem::path& source);

/// Changes the file, which is made where it is not there, in one step: whoever reads has the old or the new. Another
/// change waits meanwhile. Answers whether comments were lost. Throws as above and std::filesystem::filesystem_error.
bool add_worker_to(const std::filesystem::path& file, const KnownWorker& worker);
bool remove_worker_from(const std::filesystem::path& file, std::string_view name);

}  // namespace berth
