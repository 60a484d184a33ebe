#include "ggml.h"
extern "C" int ggml_of_module(void) { return 1; }
extern "C" int ggml_backend_init(void) { return ggml_stand_in() + ggml_of_module(); }
