#include "model/onnx.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/hf_config.h"
#include "model/named_file.h"
#include "text/printable.h"

namespace berth::model {
namespace {

struct DataFile {
  std::uint32_t part;
  std::uint64_t bytes;
};

/// The files with external data, opened when the first tensor names them.
class DataFiles {
 public:
  DataFiles(const ByteReader& reader, ModelProfile& profile) : reader_(reader), profile_(profile) {}

  void place(TensorInfo& tensor, const ExternalData& external) {
    auto found = files_.find(external.location);
    if (found == files_.end()) {
      const ByteReader data(named_file(reader_.path(), external.location_offset, external.location));
      found = files_.emplace(external.location, DataFile{profile_.part_count++, data.size()}).first;
      profile_.file_bytes += data.size();
    }
    const auto& file = found->second;
    if (external.offset > file.bytes || tensor.bytes > file.bytes - external.offset) {
      reader_.fail(
          external.location_offset,
          fmt::format("data of {} from {} on, {} bytes", in_quotes(tensor.name), external.offset, tensor.bytes),
          fmt::format("data inside {}, which has {} bytes: its download is incomplete, or it is damaged",
                      in_quotes(external.location), file.bytes));
    }
    tensor.part = file.part;
  }

 private:
  const ByteReader& reader_;
  ModelProfile& profile_;
  std::map<std::string, DataFile> files_;
};

/// Tensors may share their data, but not parts of them.
void check_disjoint(const ByteReader& reader, const std::vector<TensorInfo>& tensors) {
  std::vector<const TensorInfo*> by_place;
  for (const auto& tensor : tensors)
    if (tensor.part != 0 && tensor.bytes != 0) by_place.push_back(&tensor);
  const auto key = [](const TensorInfo* tensor) { return std::tuple(tensor->part, tensor->offset, tensor->bytes); };
  std::ranges::sort(by_place, {}, key);
  for (std::size_t i = 1; i < by_place.size(); ++i) {
    const auto& before = *by_place[i - 1];
    const auto& after = *by_place[i];
    if (key(&before) == key(&after) || before.part != after.part || before.offset + before.bytes <= after.offset)
      continue;
    reader.fail(0, fmt::format("external data of {} inside those of {}", in_quotes(after.name), in_quotes(before.name)),
                "each byte in one tensor");
  }
}

}  // namespace

ModelProfile read_onnx_model(const std::filesystem::path& path) {
  ByteReader reader(path);
  auto header = read_onnx(reader);
  ModelProfile profile;
  profile.path = path;
  profile.format = "onnx";
  profile.name = header.graph_name.empty() ? path.stem().string() : header.graph_name;
  profile.file_bytes = reader.size();
  profile.metadata.set("onnx", std::move(header.facts));
  DataFiles files(reader, profile);
  for (auto& [tensor, external] : header.tensors) {
    if (external) files.place(tensor, *external);
    profile.tensor_bytes += tensor.bytes;
    profile.tensors.push_back(std::move(tensor));
  }
  check_disjoint(reader, profile.tensors);
  set_from_config(profile, path.parent_path());
  return profile;
}

}  // namespace berth::model
