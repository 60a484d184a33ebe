/// A look at a shared library before the loader opens it.
#pragma once

#include <filesystem>
#include <string>

namespace berth::llama {

/// Why `path` is no whole shared library; empty where it is one. The loader does not look: the first use of a part that
/// is missing, after a copy that was cut off or a full disk, ends the process with SIGBUS.
std::string damage_of_library(const std::filesystem::path& path);

}  // namespace berth::llama
