char weights[4 << 20] = {1};
extern "C" int llama_stand_in() { return weights[1]; }
