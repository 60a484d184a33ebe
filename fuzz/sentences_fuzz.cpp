// Any bytes as the files of a model of Punkt and as a text, with NUL bytes between them: sentences in order, or a FormatError.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "berth/error.h"
#include "temporary_folder.h"
#include "tokenizer/punkt.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take(std::string_view& input) {
  const auto part = input.substr(0, input.find('\0'));
  input.remove_prefix(std::min(input.size(), part.size() + 1));
  return part;
}

void check(const berth::tokenizing::PunktModel& model, std::string_view text) {
  std::size_t at = 0;
  for (const auto& span : berth::tokenizing::punkt_sentences(model, text)) {
    require(at <= span.begin && span.begin < span.end && span.end <= text.size());
    at = span.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"abbrev_types.txt", "collocations.tab", "sent_starters.txt", "ortho_context.tab"})
    std::ofstream(folder.path() / name, std::ios::binary) << take(input);
  try {
    check(berth::tokenizing::read_punkt(folder.path()), input);
  } catch (const berth::FormatError& error) {
    require(!error.found().empty());
    check({}, input);
  }
  return 0;
}
