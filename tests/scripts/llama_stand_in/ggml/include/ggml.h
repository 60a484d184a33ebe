#pragma once
extern "C" int ggml_stand_in(void);
extern "C" int ggml_of_registry(void);
