// A module of ggml without devices; each of CMakeLists.txt is another one:
//   API_VERSION  of ggml's interface of backends (2 is the one of the pinned ggml)
//   SCORE        how well it suits the processor; without it there is no such function
//   WAITS        its driver hangs
#include <unistd.h>

#include <cstddef>

namespace {

/// The beginning of ggml-backend-impl.h's ggml_backend_reg, which ggml keeps for itself.
struct Registry {
  int api_version;
  const char* (*get_name)(Registry*);
  std::size_t (*get_device_count)(Registry*);
  void* (*get_device)(Registry*, std::size_t);
  void* (*get_proc_address)(Registry*, const char*);
  void* context;
};

Registry registry = {API_VERSION,
                     [](Registry*) { return "fake"; },
                     [](Registry*) { return std::size_t{0}; },
                     [](Registry*, std::size_t) -> void* { return nullptr; },
                     [](Registry*, const char*) -> void* { return nullptr; },
                     nullptr};

}  // namespace

#ifdef NEEDS
extern "C" int NEEDS();
#endif

extern "C" Registry* ggml_backend_init() {
#ifdef WAITS
  sleep(600);
#endif
#ifdef NEEDS
  NEEDS();
#endif
  return &registry;
}

#ifdef SCORE
extern "C" int ggml_backend_score() { return SCORE; }
#endif
