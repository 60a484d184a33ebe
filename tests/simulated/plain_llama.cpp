// plain_llama: lists ggml's devices.
// plain_llama MODEL DEVICE PROMPT [TOKENS]: eight or TOKENS tokens, the likeliest each time, computed on that device. A
// model with an encoder is given the prompt by that, and ends at its end of text.
// plain_llama --embed MODEL TEXT...: what llama.cpp itself pools of each text, as the file says; a line of numbers each.
#include <llama.h>

#include <cstdio>
#include <cstdlib>
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

int generate(const char* path, const char* name, const std::string& prompt, int most) {
  ggml_backend_dev_t devices[] = {ggml_backend_dev_by_name(name), nullptr};
  if (devices[0] == nullptr) return fail("no such device");
  auto model_params = llama_model_default_params();
  model_params.devices = devices;
  model_params.n_gpu_layers = 999;
  auto* model = llama_model_load_from_file(path, model_params);
  if (model == nullptr) return fail("the model was not loaded");
  auto params = llama_context_default_params();
  params.n_ctx = 512;
  params.n_threads = params.n_threads_batch = 1;
  auto* context = llama_init_from_model(model, params);
  if (context == nullptr) return fail("no context");
  const auto* vocabulary = llama_model_get_vocab(model);
  std::vector<llama_token> tokens(prompt.size() + 8);
  tokens.resize(static_cast<std::size_t>(llama_tokenize(vocabulary, prompt.data(), static_cast<int>(prompt.size()),
                                                        tokens.data(), static_cast<int>(tokens.size()), true, false)));
  auto* sampler = llama_sampler_init_greedy();
  const bool encodes = llama_model_has_encoder(model);
  if (encodes) {
    if (llama_encode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
      return fail("encoding failed");
    tokens = {llama_model_decoder_start_token(model)};
  }
  for (int i = 0; i < most; ++i) {
    if (llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
      return fail("computing failed");
    tokens = {llama_sampler_sample(sampler, context, -1)};
    if (encodes && llama_vocab_is_eog(vocabulary, tokens[0])) break;
    char piece[64];
    const int length = llama_token_to_piece(vocabulary, tokens[0], piece, sizeof piece, 0, !encodes);
    std::fwrite(piece, 1, static_cast<std::size_t>(length > 0 ? length : 0), stdout);
  }
  llama_sampler_free(sampler);
  llama_free(context);
  llama_model_free(model);
  return 0;
}

int embed(const char* path, const std::vector<std::string>& texts) {
  auto* model = llama_model_load_from_file(path, llama_model_default_params());
  if (model == nullptr) return fail("the model was not loaded");
  auto params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = 2048;
  params.n_threads = params.n_threads_batch = 1;
  params.embeddings = true;
  auto* context = llama_init_from_model(model, params);
  if (context == nullptr) return fail("no context");
  for (const auto& text : texts) {
    std::vector<llama_token> tokens(text.size() + 8);
    tokens.resize(static_cast<std::size_t>(llama_tokenize(llama_model_get_vocab(model), text.data(),
                                                          static_cast<int>(text.size()), tokens.data(),
                                                          static_cast<int>(tokens.size()), true, true)));
    if (llama_get_memory(context) != nullptr) llama_memory_clear(llama_get_memory(context), true);
    if (llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
      return fail("computing failed");
    const bool ranks = llama_pooling_type(context) == LLAMA_POOLING_TYPE_RANK;
    const auto count = ranks ? static_cast<int>(llama_model_n_cls_out(model)) : llama_model_n_embd_out(model);
    const float* pooled = llama_get_embeddings_seq(context, 0);
    for (int i = 0; i < count; ++i) std::printf("%.9g ", static_cast<double>(pooled[i]));
    std::printf("\n");
  }
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
  if (count > 2 && std::strcmp(arguments[1], "--embed") == 0)
    return embed(arguments[2], {arguments + 3, arguments + count});
  if (count < 4) return list_devices();
  return generate(arguments[1], arguments[2], arguments[3], count > 4 ? std::atoi(arguments[4]) : 8);
}
