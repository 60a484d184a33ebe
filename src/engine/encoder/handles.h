/// ggml's objects with owners.
#pragma once

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <memory>

namespace berth::encoder {

struct GgmlDeleter {
  void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
  void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
  void operator()(ggml_backend_sched_t sched) const { ggml_backend_sched_free(sched); }
  void operator()(ggml_context* context) const { ggml_free(context); }
};

using BackendHandle = std::unique_ptr<ggml_backend, GgmlDeleter>;
using BufferHandle = std::unique_ptr<ggml_backend_buffer, GgmlDeleter>;
using SchedulerHandle = std::unique_ptr<ggml_backend_sched, GgmlDeleter>;
using ContextHandle = std::unique_ptr<ggml_context, GgmlDeleter>;

/// A context for the descriptions of `tensors` tensors, without data, and one graph of that size. Throws EngineError.
ContextHandle new_context(std::size_t tensors, bool with_graph = false);

}  // namespace berth::encoder
