/// A shared library that is opened while the program runs.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace berth::discovery {

/// `missing_symbol()` names the function that an opened library lacks. `not_there()`: there is no such library.
class LibraryError : public std::runtime_error {
 public:
  explicit LibraryError(const std::string& message, std::string missing_symbol = {}, bool not_there = false)
      : std::runtime_error(message), missing_symbol_(std::move(missing_symbol)), not_there_(not_there) {}

  const std::string& missing_symbol() const { return missing_symbol_; }
  bool not_there() const { return not_there_; }

 private:
  std::string missing_symbol_;
  bool not_there_;
};

/// The destructor closes the library.
///
///     DynamicLibrary cuda({"libcuda.so.1"});
///     const auto init = cuda.function<int(unsigned)>("cuInit");
class DynamicLibrary {
 public:
  /// The first of `names` that can be opened, in `folder` where one is given. Throws LibraryError with the reason.
  explicit DynamicLibrary(const std::vector<std::string>& names, const std::filesystem::path& folder = {});
  ~DynamicLibrary();
  DynamicLibrary(const DynamicLibrary&) = delete;
  DynamicLibrary& operator=(const DynamicLibrary&) = delete;

  /// Throws LibraryError naming it where the library has no such symbol.
  template <class Signature>
  Signature* function(const char* name) const {
    return reinterpret_cast<Signature*>(symbol(name));
  }
  /// nullptr where there is none.
  template <class Signature>
  Signature* find(const char* name) const {
    return reinterpret_cast<Signature*>(find_symbol(name));
  }

  const std::string& path() const { return path_; }  ///< as it was opened

  /// Called with each file before it is opened, so that a crash has a name. Only for a process that runs one probe.
  static inline void (*before_opening)(const std::string& name) = nullptr;

 private:
  void* symbol(const char* name) const;
  void* find_symbol(const char* name) const;

  void* handle_ = nullptr;
  std::string path_;
};

}  // namespace berth::discovery
