// A program that holds a llama.cpp of its own, of which nothing may be called by Berth: each of these ends the program.
#include <berth/engine.h>

#include <cstdlib>
#include <iostream>

#define OF_THE_PROGRAM(name) \
  extern "C" void name() { std::cerr << "Berth called " #name " of the program\n", std::_Exit(3); }

OF_THE_PROGRAM(ggml_backend_buffer_init)
OF_THE_PROGRAM(ggml_backend_cpu_buffer_type)
OF_THE_PROGRAM(ggml_backend_cpu_reg)
OF_THE_PROGRAM(ggml_backend_cuda_reg)
OF_THE_PROGRAM(ggml_backend_dev_count)
OF_THE_PROGRAM(ggml_backend_dev_get)
OF_THE_PROGRAM(ggml_backend_init)
OF_THE_PROGRAM(ggml_backend_load)
OF_THE_PROGRAM(ggml_backend_rpc_reg)
OF_THE_PROGRAM(ggml_backend_sched_new)
OF_THE_PROGRAM(ggml_backend_score)
OF_THE_PROGRAM(ggml_backend_tensor_set)
OF_THE_PROGRAM(ggml_graph_compute)
OF_THE_PROGRAM(ggml_init)
OF_THE_PROGRAM(ggml_log_set)
OF_THE_PROGRAM(ggml_mul_mat)
OF_THE_PROGRAM(ggml_nbytes)
OF_THE_PROGRAM(ggml_time_init)
OF_THE_PROGRAM(ggml_type_size)
OF_THE_PROGRAM(gguf_init_from_file)
OF_THE_PROGRAM(llama_backend_init)
OF_THE_PROGRAM(llama_log_set)
OF_THE_PROGRAM(llama_model_load_from_file)
OF_THE_PROGRAM(quantize_row_q8_0)

/// other_ggml MODEL: a few tokens of it on the CPU.
int main(int argc, char** argv) {
  const auto& engine = berth::engine("llama.cpp");
  for (const auto& info : engine.devices()) std::cout << info.device.str() << '\n';
  if (argc < 2) return 0;
  const auto model = engine.load({.model = argv[1], .device = berth::Device::cpu()});
  const auto result = model->new_session()->generate({.prompts = {"Once"}, .options = {.max_new_tokens = 3}});
  std::cout << result.completions.at(0).text << '\n';
  return result.completions.at(0).generated_tokens == 0 ? 1 : 0;
}
