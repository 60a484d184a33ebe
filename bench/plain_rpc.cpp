// llama.cpp's own client of ggml's RPC, for far_worker.py: plain_rpc MODEL ENDPOINT PROMPT TOKENS. It knows nothing of Berth, and prints
// {"text": ..., "tokens_per_second": ...}, from the first token to the last.
#include <ggml-rpc.h>
#include <llama.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

int fail_because(const char* what) {
  std::fprintf(stderr, "plain_rpc: %s\n", what);
  return 1;
}

std::vector<llama_token> tokens_of(const llama_vocab* vocabulary, const std::string& text) {
  std::vector<llama_token> tokens(text.size() + 8);
  tokens.resize(static_cast<std::size_t>(llama_tokenize(vocabulary, text.data(), static_cast<int>(text.size()),
                                                        tokens.data(), static_cast<int>(tokens.size()), true, false)));
  return tokens;
}

int answer(const char* path, const char* endpoint, const std::string& prompt, int most) {
  const auto server = ggml_backend_rpc_add_server(endpoint);
  if (server == nullptr || ggml_backend_reg_dev_count(server) == 0) return fail_because("the worker has no devices");
  ggml_backend_dev_t devices[] = {ggml_backend_reg_dev_get(server, 0), nullptr};
  auto model_params = llama_model_default_params();
  model_params.devices = devices;
  model_params.n_gpu_layers = 999;
  auto* model = llama_model_load_from_file(path, model_params);
  if (model == nullptr) return fail_because("the model was not loaded");
  auto params = llama_context_default_params();
  params.n_ctx = 512;
  auto* context = llama_init_from_model(model, params);
  if (context == nullptr) return fail_because("no context");
  const auto* vocabulary = llama_model_get_vocab(model);
  auto tokens = tokens_of(vocabulary, prompt);
  auto* sampler = llama_sampler_init_greedy();
  std::string text;
  std::chrono::steady_clock::time_point first;
  for (int i = 0; i < most; ++i) {
    if (llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
      return fail_because("computing failed");
    tokens = {llama_sampler_sample(sampler, context, -1)};
    if (i == 0) first = std::chrono::steady_clock::now();
    char piece[64];
    const int length = llama_token_to_piece(vocabulary, tokens[0], piece, sizeof piece, 0, false);
    text.append(piece, static_cast<std::size_t>(length > 0 ? length : 0));
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - first;
  const nlohmann::json result = {{"text", text}, {"tokens_per_second", (most - 1) / taken.count()}};
  std::printf("%s\n", result.dump().c_str());
  llama_sampler_free(sampler);
  llama_free(context);
  llama_model_free(model);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return fail_because("plain_rpc MODEL ENDPOINT PROMPT TOKENS");
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  ggml_backend_load_all();
  return answer(arguments[1], arguments[2], arguments[3], std::atoi(arguments[4]));
}
