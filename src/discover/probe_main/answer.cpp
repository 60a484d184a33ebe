#include "discover/probe_main/answer.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "system/dynamic_library.h"

#ifdef BERTH_COVERAGE
extern "C" void __gcov_dump();  // NOLINT(bugprone-reserved-identifier)
#endif

namespace berth::discovery {
namespace {

const int output = fcntl(3, F_GETFD) >= 0 ? 3 : STDOUT_FILENO;

void say(std::string_view text) {
  while (!text.empty()) {
    const auto written = write(output, text.data(), text.size());
    if (written < 0 && errno != EINTR) _exit(1);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Machine machine_of(int argc, char** argv) {
  Machine machine = Machine::this_one();
  if (argc > 2) machine.root = argv[2];
  if (argc > 3) machine.library_dir = argv[3];
  for (int i = 4; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("rpc=")) machine.rpc_endpoints.emplace_back(argument.substr(4));
    if (argument.starts_with("folder=")) machine.folders.emplace_back(argument.substr(7));
  }
  return machine;
}

}  // namespace

int answer(int argc, char** argv, std::span<const Probe> probes) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  fcntl(output, F_SETFD, FD_CLOEXEC);  // a program that a driver starts must not keep it open

  const auto named = [&](const Probe& probe) { return argc > 1 && probe.name == argv[1]; };
  const auto probe = std::find_if(probes.begin(), probes.end(), named);
  if (probe == probes.end()) {
    std::fprintf(stderr, "usage: %s NAME [ROOT [LIBRARY_DIR [rpc=ENDPOINT | folder=PATH]...]]\nNAME is one of:",
                 argc > 0 ? argv[0] : "berth-probe");
    for (const auto& one : probes) std::fprintf(stderr, " %s", std::string(one.name).c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  DynamicLibrary::before_opening = [](const std::string& name) { say("library " + name + '\n'); };
  const auto findings = run_probe(*probe, machine_of(argc, argv)).to_json();
#ifdef BERTH_COVERAGE
  __gcov_dump();
#endif
  say(findings + '\n');
  _exit(0);  // what a driver does at the end of a process is not waited for
}

}  // namespace berth::discovery
