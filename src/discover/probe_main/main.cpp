// The program berth-probe: runs one probe, so that a driver that hangs or crashes costs a report and no more.
#include "discover/driver_probes.h"
#include "discover/probe_main/answer.h"

int main(int argc, char** argv) { return berth::discovery::answer(argc, argv, berth::discovery::driver_probes()); }
