#include "ggml.h"
extern "C" int ggml_stand_in(void) { return 0; }
