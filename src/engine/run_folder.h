/// The folder in which processes of one user tell each other what they run. A file NAME.json belongs to a process as long as
/// that holds a lock on NAME.lock; a crash ends the lock.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "text/descriptor.h"

namespace berth {

/// Made where it is not there. Nothing where it cannot be made, or somebody else may enter it.
std::optional<std::filesystem::path> run_folder();

/// The lock on a file, which is made where it is not there; nothing where another process has it for longer than `patience`, or
/// until `stop` is requested.
std::optional<Descriptor> lock_file(const std::filesystem::path& path, std::chrono::milliseconds patience = {},
                                    const std::stop_token& stop = {});

/// The texts of all NAME.json whose owner lives. Files of the others are removed, those too that had only just been begun.
std::vector<std::string> texts_of_living(const std::filesystem::path& folder);

}  // namespace berth
