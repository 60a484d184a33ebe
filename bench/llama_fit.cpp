// What llama-fit-params does, without its command line: finds layers for each device with which a model fits, by probing
// the engine. `llama_fit MODEL HOST:PORT...`. bench/plan_peers.py builds and runs it.
#include <cstdio>
#include <vector>

#include "fit.h"
#include "ggml-backend.h"
#include "ggml-rpc.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  ggml_backend_load_all();
  for (int i = 2; i < argc; ++i)
    if (auto* server = ggml_backend_rpc_add_server(argv[i])) ggml_backend_register(server);
  auto model = llama_model_default_params();
  auto context = llama_context_default_params();
  context.n_ctx = 8192;
  std::vector<float> split(llama_max_devices());
  std::vector<llama_model_tensor_buft_override> overrides(llama_max_tensor_buft_overrides());
  std::vector<std::size_t> margins(llama_max_devices(), std::size_t{1} << 30);
  const auto status = common_fit_params(argv[1], &model, &context, split.data(), overrides.data(), margins.data(), 4096,
                                        nullptr, GGML_LOG_LEVEL_ERROR);
  std::printf("status %d, %d layers on devices:", static_cast<int>(status), model.n_gpu_layers);
  for (int i = 0; i < argc - 2; ++i) std::printf(" %g", static_cast<double>(split[static_cast<std::size_t>(i)]));
  std::printf("\n");
}
