#include "discover/dynamic_library.h"

#include <dlfcn.h>

namespace berth::discovery {

DynamicLibrary::DynamicLibrary(const std::vector<std::string>& names, const std::filesystem::path& folder) {
  std::string reasons;
  for (const auto& name : names) {
    path_ = folder.empty() ? name : (folder / name).string();
    if (before_opening != nullptr) before_opening(name);
    handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
    const char* reason = dlerror();
    reasons += (reasons.empty() ? "" : "; ") + std::string(reason == nullptr ? path_ + " cannot be opened" : reason);
  }
  throw LibraryError(reasons);
}

DynamicLibrary::~DynamicLibrary() { dlclose(handle_); }

void* DynamicLibrary::find_symbol(const char* name) const { return dlsym(handle_, name); }

void* DynamicLibrary::symbol(const char* name) const {
  void* found = find_symbol(name);
  if (found == nullptr) throw LibraryError(path_ + " has no function " + name, name);
  return found;
}

}  // namespace berth::discovery
