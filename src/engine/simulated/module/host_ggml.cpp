#include "engine/simulated/module/host_ggml.h"

#include <dlfcn.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "engine/simulated/ggml_interface.h"

namespace berth::simulated {
namespace {

/// Each under its name, which is the same here and there.
struct Functions {
  decltype(&::ggml_log_get) log_get;
  decltype(&::ggml_nbytes) nbytes;
  decltype(&::ggml_nelements) nelements;
  decltype(&::ggml_row_size) row_size;
  decltype(&::ggml_is_quantized) is_quantized;
  decltype(&::ggml_graph_n_nodes) graph_n_nodes;
  decltype(&::ggml_graph_node) graph_node;
  decltype(&::ggml_graph_nodes) graph_nodes;
  decltype(&::ggml_is_contiguous) is_contiguous;
  decltype(&::ggml_are_same_shape) are_same_shape;
  decltype(&::ggml_get_unary_op) get_unary_op;
  decltype(&::ggml_backend_buffer_init) buffer_init;
  decltype(&::ggml_backend_dev_by_type) dev_by_type;
};

Functions& functions() {
  static Functions all{};
  return all;
}

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr)
    throw std::runtime_error(std::string("the program does not share its ggml with libraries (it lacks ") + name +
                             "): it needs ggml as a shared library");
}

}  // namespace

void find_ggml(void* address) {
  Dl_info place{};
  void* library = nullptr;
  if (dladdr(address, &place) != 0) library = dlopen(place.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) library = dlopen(nullptr, RTLD_NOW);  // inside the program itself
  Functions found{};
  find(library, "ggml_log_get", found.log_get);
  find(library, "ggml_nbytes", found.nbytes);
  find(library, "ggml_nelements", found.nelements);
  find(library, "ggml_row_size", found.row_size);
  find(library, "ggml_is_quantized", found.is_quantized);
  find(library, "ggml_graph_n_nodes", found.graph_n_nodes);
  find(library, "ggml_graph_node", found.graph_node);
  find(library, "ggml_graph_nodes", found.graph_nodes);
  find(library, "ggml_is_contiguous", found.is_contiguous);
  find(library, "ggml_are_same_shape", found.are_same_shape);
  find(library, "ggml_get_unary_op", found.get_unary_op);
  find(library, "ggml_backend_buffer_init", found.buffer_init);
  find(library, "ggml_backend_dev_by_type", found.dev_by_type);
  functions() = found;
}

ggml_backend_dev_t cpu_of_ggml() { return functions().dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU); }

void log_problem(const char* message) {
  ggml_log_callback log = nullptr;
  void* user_data = nullptr;
  if (functions().log_get != nullptr) functions().log_get(&log, &user_data);
  if (log != nullptr)
    log(GGML_LOG_LEVEL_ERROR, message, user_data);
  else
    std::fputs(message, stderr);
}

}  // namespace berth::simulated

// The rest of this module calls ggml by these. They are seen by nobody else.
extern "C" {

void ggml_log_get(ggml_log_callback* log, void** user_data) { berth::simulated::functions().log_get(log, user_data); }
size_t ggml_nbytes(const ggml_tensor* tensor) { return berth::simulated::functions().nbytes(tensor); }
int64_t ggml_nelements(const ggml_tensor* tensor) { return berth::simulated::functions().nelements(tensor); }
size_t ggml_row_size(ggml_type type, int64_t elements) { return berth::simulated::functions().row_size(type, elements); }
bool ggml_is_quantized(ggml_type type) { return berth::simulated::functions().is_quantized(type); }
int ggml_graph_n_nodes(ggml_cgraph* graph) { return berth::simulated::functions().graph_n_nodes(graph); }
ggml_tensor* ggml_graph_node(ggml_cgraph* graph, int i) { return berth::simulated::functions().graph_node(graph, i); }
ggml_tensor** ggml_graph_nodes(ggml_cgraph* graph) { return berth::simulated::functions().graph_nodes(graph); }
bool ggml_is_contiguous(const ggml_tensor* tensor) { return berth::simulated::functions().is_contiguous(tensor); }
bool ggml_are_same_shape(const ggml_tensor* a, const ggml_tensor* b) {
  return berth::simulated::functions().are_same_shape(a, b);
}
ggml_unary_op ggml_get_unary_op(const ggml_tensor* tensor) { return berth::simulated::functions().get_unary_op(tensor); }
ggml_backend_buffer_t ggml_backend_buffer_init(ggml_backend_buffer_type_t type, ggml_backend_buffer_i interface,
                                               void* context, size_t size) {
  return berth::simulated::functions().buffer_init(type, interface, context, size);
}

}  // extern "C"
