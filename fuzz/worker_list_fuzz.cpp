// Any text as a list of workers: a FormatError, or workers, to which one more can be added, and taken away again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "berth/error.h"
#include "engine/worker_list.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<berth::KnownWorker> workers;
  try {
    workers = berth::workers_in(text, "workers.yaml");
  } catch (const berth::FormatError& error) {
    require(!std::string(error.what()).empty());
    return 0;
  }
  const berth::KnownWorker added{.name = "added-by-the-test", .endpoint = "added-by-the-test:1", .keys = "a: #b"};
  try {
    const auto with = berth::with_worker(text, added, {}).text;
    auto expected = workers;
    expected.push_back(added);
    require(berth::workers_in(with, {}) == expected);
    require(berth::workers_in(berth::without_worker(with, added.name, {}).text, {}) == workers);
  } catch (const std::exception&) {  // it is there already, or there are 256
    require(workers.size() == 256 || text.find("added-by-the-test") != text.npos);
  }
  return 0;
}
