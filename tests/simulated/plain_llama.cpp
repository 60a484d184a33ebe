// plain_llama: lists ggml's devices.
// plain_llama MODEL DEVICE PROMPT: eight tokens, the likeliest each time, computed on that device.
#include <llama.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

int list_devices() {
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    const auto device = ggml_backend_dev_get(i);
    std::size_t free = 0;
    std::size_t total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    std::printf("%s: %s, %zu of %zu free\n", ggml_backend_dev_name(device), ggml_backend_dev_description(device), free,
                total);
  }
  return 0;
}

int fail(const char* what) {
  std::fprintf(stderr, "plain_llama: %s\n", what);
  return 1;
}

int generate(const char* path, const char* name, const std::string& prompt) {
  ggml_backend_dev_t devices[] = {ggml_backend_dev_by_name(name), nullptr};
  if (devices[0] == nullptr) return fail("no such device");
  auto model_params = llama_model_default_params();
  model_params.devices = devices;
  model_params.n_gpu_layers = 999;
  auto* model = llama_model_load_from_file(path, model_params);
  if (model == nullptr) return fail("the model was not loaded");
  auto params = llama_context_default_params();
  params.n_ctx = 512;
  auto* context = llama_init_from_model(model, params);
  if (context == nullptr) return fail("no context");
  const auto* vocabulary = llama_model_get_vocab(model);
  std::vector<llama_token> tokens(prompt.size() + 8);
  tokens.resize(static_cast<std::size_t>(llama_tokenize(vocabulary, prompt.data(), static_cast<int>(prompt.size()),
                                                        tokens.data(), static_cast<int>(tokens.size()), true, false)));
  auto* sampler = llama_sampler_init_greedy();
  for (int i = 0; i < 8; ++i) {
    if (llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
      return fail("computing failed");
    tokens = {llama_sampler_sample(sampler, context, -1)};
    char piece[64];
    const int length = llama_token_to_piece(vocabulary, tokens[0], piece, sizeof piece, 0, true);
    std::fwrite(piece, 1, static_cast<std::size_t>(length > 0 ? length : 0), stdout);
  }
  llama_sampler_free(sampler);
  llama_free(context);
  llama_model_free(model);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  ggml_backend_load_all();
  return count == 4 ? generate(arguments[1], arguments[2], arguments[3]) : list_devices();
}
