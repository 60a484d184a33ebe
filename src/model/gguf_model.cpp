#include "model/gguf_model.h"

#include <fmt/format.h>

#include <string>
#include <unordered_set>
#include <utility>

#include "berth/error.h"
#include "model/layers.h"
#include "model/profile.h"
#include "model/split_name.h"
#include "model/tensor_role.h"
#include "text/printable.h"

namespace berth::model {
namespace {

/// The path of another part of the split model that `path` is the first part of.
std::filesystem::path part_path(const std::filesystem::path& path, SplitName name, std::uint32_t part) {
  name.part = part;
  return path.parent_path() / name.file_name();
}

SplitName first_part_name(const ByteReader& reader, const SplitPlace& place) {
  const auto name = parse_split_name(reader.path().filename().string());
  if (!name || name->part != place.part || name->count != place.count) {
    reader.fail(0, fmt::format("a file that is part {} of {}", place.part + 1, place.count),
                fmt::format("a name that ends in -{:05}-of-{:05}.gguf, by which the other parts are found",
                            place.part + 1, place.count));
  }
  if (place.part != 0) {
    reader.fail(0, fmt::format("part {} of {} of a split model", place.part + 1, place.count),
                "the first part, " + in_quotes(part_path(reader.path(), *name, 0).string()));
  }
  return *name;
}

void add_part(ModelProfile& profile, const std::filesystem::path& path, std::uint32_t part) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    throw ModelNotFound(
        fmt::format("The model {} is split into {} files, of which {} is missing: get it where the "
                    "others came from",
                    in_quotes(profile.path.string()), profile.part_count, in_quotes(path.string())));
  }
  ByteReader reader(path);
  auto header = read_gguf(reader);
  const auto place = split_place(reader, header.metadata);
  if (place.part != part || place.count != profile.part_count) {
    reader.fail(0, fmt::format("part {} of {} of a split model", place.part + 1, place.count),
                fmt::format("part {} of {}, as the name says", part + 1, profile.part_count));
  }
  profile.file_bytes += reader.size();
  for (auto& tensor : header.tensors) {
    tensor.part = part;
    profile.tensor_bytes += tensor.bytes;
    set_role(tensor);
    profile.tensors.push_back(std::move(tensor));
  }
}

void check_joined_tensors(const ByteReader& first, const GgufMetadata& metadata, const ModelProfile& profile) {
  std::unordered_set<std::string_view> names;
  for (const auto& tensor : profile.tensors) {
    if (!names.insert(tensor.name).second)
      first.fail(0, fmt::format("tensor {} in two parts of the model", in_quotes(tensor.name)), "each name once");
  }
  const auto count = find_count(first, metadata, "split.tensors.count");
  if (count && *count != profile.tensors.size()) {
    first.fail(metadata.infos.at("split.tensors.count").offset, fmt::format("{} tensors in all parts", names.size()),
               fmt::format("{}, as split.tensors.count says", *count));
  }
}

ModelProfile read_parts(const std::filesystem::path& path) {
  ByteReader reader(path);
  auto header = read_gguf(reader);
  reader.reading("");
  const auto metadata = header.metadata;
  const auto place = split_place(reader, metadata);
  if (place.count == 1) return make_profile(reader, std::move(header));
  const auto name = first_part_name(reader, place);
  auto profile = make_profile(reader, std::move(header));
  profile.part_count = place.count;
  for (std::uint32_t part = 1; part < place.count; ++part) add_part(profile, part_path(path, name, part), part);
  check_joined_tensors(reader, metadata, profile);
  return profile;
}

}  // namespace

ModelProfile read_gguf_model(const std::filesystem::path& path) {
  auto profile = read_parts(path);
  set_layers(profile);
  return profile;
}

}  // namespace berth::model
