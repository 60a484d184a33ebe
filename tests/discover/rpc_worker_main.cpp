// A real worker of ggml's RPC protocol on the CPU. Usage: rpc_test_worker HOST:PORT
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml-rpc.h>

#include <csignal>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: rpc_test_worker HOST:PORT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a client that goes away in the middle of an answer would end it
  ggml_backend_dev_t cpu = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
  ggml_backend_rpc_start_server(argv[1], nullptr, 1, 1, &cpu);
  return 1;  // it returns when it cannot serve
}
