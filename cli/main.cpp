#include "command_line.h"

int main(int argc, char** argv) { return berth::cli::command_line(argc, argv); }
