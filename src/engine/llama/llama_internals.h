/// Functions of llama.cpp 0.3.36 that its library has and its installed headers lack (src/llama-ext.h, llama-context.h).
#pragma once

#include <ggml-backend.h>
#include <llama.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

struct llama_memory_breakdown_data {
  std::size_t model = 0;
  std::size_t context = 0;
  std::size_t compute = 0;
};

std::map<ggml_backend_buffer_type_t, llama_memory_breakdown_data> llama_get_memory_breakdown(const llama_context* context);

ggml_cgraph* llama_graph_reserve(llama_context* context, std::uint32_t tokens, std::uint32_t sequences,
                                 std::uint32_t outputs);

const std::vector<std::pair<std::string, ggml_tensor*>>& llama_internal_get_tensor_map(const llama_model* model);

/// Only what is used of them; objects of them are never made here.
struct llama_model {
  ggml_backend_dev_t dev_layer(int layer) const;  ///< where its cache and its computation are
  ggml_backend_dev_t dev_output() const;
};
struct llama_context {
  ggml_backend_sched_t get_sched() const;
};
