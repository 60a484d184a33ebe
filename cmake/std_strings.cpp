// The functions of std::string, compiled for speed and linked first in builds with sanitizers. The linker takes the first
// definition of a template's function that it meets: without this one, llama.cpp, which is compiled for speed, would run
// those of Berth's own sources, which are not, and load its vocabulary in five times the time.
#include <string>

template class std::basic_string<char>;
