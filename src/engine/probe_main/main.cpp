// The program berth-engine-probe: lists what one engine can use, which enters the drivers of the GPUs that it was built for.
#include "discover/probe_main/answer.h"
#include "engine/engine_probes.h"

int main(int argc, char** argv) { return berth::discovery::answer(argc, argv, berth::engine_probes()); }
