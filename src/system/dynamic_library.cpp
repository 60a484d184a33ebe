#include "system/dynamic_library.h"

#include <dlfcn.h>

namespace berth::discovery {

DynamicLibrary::DynamicLibrary(const std::vector<std::string>& names, const std::filesystem::path& folder) {
  std::string reasons;
  bool not_there = true;
  for (const auto& name : names) {
    path_ = folder.empty() ? name : (folder / name).string();
    if (before_opening != nullptr) before_opening(name);
    handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
    const char* error = dlerror();
    const auto reason = error == nullptr ? path_ + " cannot be opened" : std::string(error);
    // Where the library is there and one that it needs is not, the reason names that one.
    not_there = not_there && reason.starts_with(path_ + ":") && reason.ends_with("No such file or directory");
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  throw LibraryError(reasons, {}, not_there);
}

DynamicLibrary::~DynamicLibrary() { dlclose(handle_); }

void* DynamicLibrary::find_symbol(const char* name) const { return dlsym(handle_, name); }

void* DynamicLibrary::symbol(const char* name) const {
  void* found = find_symbol(name);
  if (found == nullptr) throw LibraryError(path_ + " has no function " + name, name);
  return found;
}

}  // namespace berth::discovery
