/// Data that NLTK has installed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace berth {

/// The folders in which NLTK looks for its data, in its order: those of NLTK_DATA, nltk_data in the home folder, in the
/// virtual environment or prefix of conda that is active, and in /usr.
std::vector<std::filesystem::path> nltk_data_folders();

/// The first of them that has a folder of that name, such as "tokenizers/punkt_tab/english".
std::optional<std::filesystem::path> find_nltk_data(const std::string& name);

/// The first archive of a package, such as "tokenizers/punkt_tab", whose folder nothing has unpacked yet.
std::optional<std::filesystem::path> find_nltk_archive(const std::string& package);

}  // namespace berth
