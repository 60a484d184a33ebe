#include "ggml.h"
extern "C" int ggml_of_registry(void) { return ggml_stand_in(); }
