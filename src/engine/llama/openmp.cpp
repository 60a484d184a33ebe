// What GCC makes of ggml's OpenMP calls of libgomp; inside of libberth these functions answer them.
#include <algorithm>
#include <thread>

#include "engine/llama/thread_team.h"

extern "C" {
void GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags);
void GOMP_barrier();
bool GOMP_single_start();
int omp_get_num_threads();
int omp_get_thread_num();
}

using berth::llama::ThreadTeam;

/// `threads` is 0 where the source names no number.
void GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned /*flags*/) {
  thread_local ThreadTeam team;
  team.run(work, data, threads == 0 ? std::max(1U, std::thread::hardware_concurrency()) : threads);
}

void GOMP_barrier() { ThreadTeam::meet(); }

bool GOMP_single_start() { return ThreadTeam::is_first(); }

int omp_get_num_threads() { return static_cast<int>(ThreadTeam::size()); }

int omp_get_thread_num() { return static_cast<int>(ThreadTeam::index()); }
