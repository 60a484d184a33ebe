#include "model/guess_format.h"

#include <algorithm>

#include "text/printable.h"

namespace berth::model {

std::string guess_format(std::string_view start) {
  const auto begins = [&](std::string_view text) { return start.substr(0, text.size()) == text; };
  if (begins("version https://git-lfs")) return "a Git LFS pointer instead of the file (git lfs pull gets it)";
  if (begins("<")) return "a web page or XML, perhaps an error saved by a download";
  if (begins("PK")) return "a zip archive, perhaps a PyTorch checkpoint";
  if (begins("lmgg") || begins("tjgg") || begins("fmgg") || begins("algg")) return "a model in a format before GGUF";
  if (start.size() > 8 && start[8] == '{') return "a safetensors file";
  if (begins("{")) return "JSON";
  if (std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; }))
    return "zeros, perhaps of a download that only reserved its space";
  return "the bytes " + in_quotes(start.substr(0, 4));
}

}  // namespace berth::model
