#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

#include "discover/driver_probes.h"

namespace berth::discovery {

std::filesystem::path probe_helper(const Machine& machine, std::string_view name) {
  if (const auto* named = machine.variable("BERTH_PROBE_HELPER"); named != nullptr && !named->empty()) {
    std::filesystem::path program = *named;
    const bool itself = name == "berth-probe";
    if (!itself) program.replace_filename(name);
    if (access(program.c_str(), X_OK) == 0) return program;
    throw std::runtime_error("BERTH_PROBE_HELPER=" + *named +
                             (itself ? " is no program" : fmt::format(" has no {} beside it", name)) +
                             " that may be run.");
  }
  std::error_code ignored;
  std::vector<std::filesystem::path> folders;
  Dl_info place{};
  static const char inside = 0;  // of the library, or of the program that it was linked into
  if (dladdr(&inside, &place) != 0 && place.dli_fname != nullptr)
    folders.push_back(std::filesystem::canonical(place.dli_fname, ignored).parent_path());
  folders.push_back(std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path());
  for (const auto& folder : folders) {
    if (folder.empty()) continue;
    for (const char* beside : {BERTH_LIB_TO_LIBEXEC "/berth", "../libexec/berth", "."}) {
      const auto program = (folder / beside / name).lexically_normal();
      if (access(program.c_str(), X_OK) == 0) return program;
    }
  }
  throw std::runtime_error(fmt::format(
      "The program {} is not where it was installed with libberth ({}/" BERTH_LIB_TO_LIBEXEC
      "/berth), nor beside this program. Install Berth anew, or name its berth-probe in BERTH_PROBE_HELPER.",
      name, folders[0].string()));
}

}  // namespace berth::discovery
