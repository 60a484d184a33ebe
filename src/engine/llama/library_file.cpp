#include "engine/llama/library_file.h"

#if __has_include(<elf.h>)
#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <system_error>

namespace berth::llama {

std::string damage_of_library(const std::filesystem::path& path) {
  std::error_code problem;
  const std::uint64_t size = std::filesystem::file_size(path, problem);
  std::ifstream file(path, std::ios::binary);
  ElfW(Ehdr) header{};
  if (problem || !file) return "it cannot be read";
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return "it is no shared library";
  const auto fits = [&](std::uint64_t offset, std::uint64_t bytes) { return offset <= size && bytes <= size - offset; };
  const std::string cut_off = "it is not whole: a part of the file is missing";
  if (!fits(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize)) return cut_off;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    file.seekg(static_cast<std::streamoff>(header.e_phoff + i * sizeof segment));
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment) || !fits(segment.p_offset, segment.p_filesz))
      return cut_off;
  }
  return {};
}

}  // namespace berth::llama
#else
namespace berth::llama {

std::string damage_of_library(const std::filesystem::path&) { return {}; }

}  // namespace berth::llama
#endif
