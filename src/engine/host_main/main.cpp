// The program berth-engine-host: runs one model for the process that started it, or serves as a worker, so that an engine
// that crashes or hangs costs an error and no more.
#include <fcntl.h>
#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "engine/host/serve.h"
#include "engine/host/worker_service.h"

int main(int argc, char** argv) {
  constexpr int socket = 3;
  const bool is_worker = argc == 3 && std::string_view(argv[1]) == "--worker";
  if ((argc != 2 && !is_worker) || fcntl(socket, F_SETFD, FD_CLOEXEC) != 0) {
    std::fprintf(stderr,
                 "usage: berth-engine-host ENGINE | --worker JSON, with descriptor 3 a socket of Berth's own\n");
    return 2;
  }
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  try {
    if (!is_worker) return berth::host::serve(argv[1], berth::Descriptor(socket));
    berth::host::serve_worker(berth::host::WorkerOptions::from_dict(berth::Value::from_json(argv[2])),
                              berth::Descriptor(socket));
    return 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
