/// What Berth predicts and what llama.cpp holds, for questions of bench/memory_random.py: memory_answers ENDPOINT...
///
/// A line of standard input is {"model": {...}, "row": {...}} as tests/data/architectures has them; the answer is a line
/// {"predicted": {"cpu weights": BYTES, ...}, "held": {...}} or {"error": TEXT}. ENDPOINT is that of rpc:0, rpc:1, ...
#include <filesystem>
#include <iostream>
#include <string>

#include "berth/error.h"
#include "corpus/memory_corpus.h"
#include "engine/llama/backends.h"
#include "engine/llama/devices.h"
#include "engine/llama/llama_memory.h"
#include "test_model.h"

namespace {

using namespace berth;

llama::NamedDevices workers(int argc, char** argv) {
  llama::start_backends(llama::Backends::without_drivers);
  llama::NamedDevices devices;
  for (int i = 1; i < argc; ++i) {
    DeviceKey key;
    key.endpoint = argv[i];
    devices.emplace_back(Device::rpc(i - 1), llama::find_device(Device::rpc(i - 1), key).handle);
  }
  return devices;
}

/// By device and kind, without the output, which is in no breakdown of llama.cpp.
Value::Object by_kind(const MemoryUse& use) {
  Value::Object bytes;
  for (const auto& buffer : use.buffers) {
    if (buffer.kind == BufferKind::output) continue;
    const auto* kind = buffer.kind == BufferKind::weights ? " weights"
                       : buffer.kind == BufferKind::cache ? " cache"
                                                          : " compute";
    bytes.set(buffer.device.str() + kind, static_cast<std::int64_t>(buffer.bytes));
  }
  return bytes;
}

Value::Object answer(const Value& question, const llama::NamedDevices& workers, const std::filesystem::path& file) {
  memory_corpus::GgufFile::write(*question.find("model"), file);
  const auto profile = read_model(file);
  const memory_corpus::Row row{"", question.find("row")->find("config")->as_object(), *question.find("row")};
  const auto asked = memory_corpus::question_of(row, profile);
  llama::NamedDevices devices;
  for (const auto& worker : workers)
    if (std::ranges::find(asked.options.devices, worker.first) != asked.options.devices.end())
      devices.push_back(worker);
  Value::Object result;
  result.set("predicted", by_kind(memory_use(profile, asked.placement, asked.context, asked.options)));
  result.set("held",
             by_kind(llama::exact_memory(file, profile, asked.placement, asked.context, asked.options, devices)));
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const auto devices = workers(argc, argv);
  const test::TemporaryFolder folder;
  for (std::string line; std::getline(std::cin, line);) {
    Value::Object result;
    try {
      result = answer(Value::from_json(line), devices, folder.path() / "model.gguf");
    } catch (const std::exception& problem) {
      result.set("error", std::string(problem.what()));
    }
    std::cout << Value(std::move(result)).to_json() << std::endl;
  }
}
