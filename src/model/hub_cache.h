/// Models in the Hugging Face cache on disk.
///
/// Its layout, as huggingface_hub documents it: models--ORG--NAME/refs/main holds the commit of the last download,
/// snapshots/COMMIT the files, as links into blobs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::model {

/// "ORG/NAME" or "NAME", with an optional ":FILE_OR_QUANT".
struct HubName {
  std::string repository;  ///< "ORG/NAME"
  std::string choice;      ///< "Q4_K_M", "model-q8.gguf", or empty

  std::string folder_name() const;  ///< models--ORG--NAME
};

/// What `text` says, or nothing where it cannot name a repository. A name that is returned cannot lead out of the
/// cache: letters, digits, '-', '_' and '.' only, not at either end, neither ".." nor "--".
std::optional<HubName> parse_hub_name(std::string_view text);

bool is_cached(const std::filesystem::path& hub_cache, const HubName& name);

/// Whether a revision is the one that is meant where none is given.
bool is_main(std::string_view revision);

/// The folder of the files of a cached model, in `revision`: a branch, a tag or a commit. Throws ModelNotFound, which says
/// how to `get` it, where its download is not complete.
std::filesystem::path locate_snapshot(const std::filesystem::path& hub_cache, const HubName& name, std::string_view get,
                                      std::string_view revision = {});

/// The command that downloads a whole repository, in `revision`.
std::string download_command(const std::string& repository, std::string_view revision);

/// The GGUF file of a cached model. Throws as locate_model.
std::filesystem::path locate_cached(const std::filesystem::path& hub_cache, const HubName& name);

/// The command that downloads `name`.
std::string download_command(const HubName& name);

/// The repositories in the cache, as "ORG/NAME". A cache that cannot be read has none.
std::vector<std::string> cached_repositories(const std::filesystem::path& hub_cache);

}  // namespace berth::model
