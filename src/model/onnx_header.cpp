#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "model/guess_format.h"
#include "model/onnx.h"
#include "model/readable_name.h"
#include "text/printable.h"

namespace berth::model {
namespace {

constexpr int most_levels = 64;  // of graphs in graphs
constexpr std::uint64_t most_text_bytes = 1 << 20;

void require_bytes(ByteReader& reader, const ProtoField& field) {
  if (field.kind != ProtoField::bytes) reader.fail(field.offset, "a number", "a message");
}

class OnnxModel {
 public:
  explicit OnnxModel(ByteReader& reader) : reader_(reader) {}

  OnnxHeader read() {
    ProtoMessage model(reader_, reader_.left());
    ProtoField field;
    bool has_graph = false;
    while (model.next(field)) {
      read_model_field(field);
      if (field.id == 7) {
        require_bytes(reader_, field);
        has_graph = true;
        read_graph(field.value, "", 1);
      }
    }
    if (!has_graph) reader_.fail(reader_.size(), "a file without a graph", "a model in ONNX");
    if (!opset_.empty()) header_.facts.set("opset", std::move(opset_));
    if (!properties_.empty()) header_.facts.set("metadata_props", std::move(properties_));
    return std::move(header_);
  }

 private:
  std::string text(const ProtoField& field) { return read_text(reader_, field, most_text_bytes); }

  void read_model_field(const ProtoField& field) {
    const auto set_number = [&](const char* name) {
      if (field.kind != ProtoField::number) reader_.fail(field.offset, "bytes", "a number");
      header_.facts.set(name, static_cast<std::int64_t>(field.value));
    };
    switch (field.id) {
      case 1:
        return set_number("ir_version");
      case 2:
        return header_.facts.set("producer_name", text(field));
      case 3:
        return header_.facts.set("producer_version", text(field));
      case 4:
        return header_.facts.set("domain", text(field));
      case 5:
        return set_number("model_version");
      case 8:
        return read_opset(field);
      case 14:
        return read_property(field);
      default:
        return;
    }
  }

  void read_opset(const ProtoField& field) {
    require_bytes(reader_, field);
    ProtoMessage message(reader_, field.value);
    ProtoField part;
    std::string domain;
    std::uint64_t version = 0;
    while (message.next(part)) {
      if (part.id == 1) domain = text(part);
      if (part.id == 2 && part.kind == ProtoField::number) version = part.value;
    }
    opset_.set(domain.empty() ? "ai.onnx" : domain, static_cast<std::int64_t>(version));
  }

  void read_property(const ProtoField& field) {
    require_bytes(reader_, field);
    ProtoMessage message(reader_, field.value);
    ProtoField part;
    std::string key, value;
    while (message.next(part)) {
      if (part.id == 1) key = text(part);
      if (part.id == 2) value = text(part);
    }
    properties_.set(std::move(key), std::move(value));
  }

  void add(OnnxTensor tensor, const std::string& prefix, std::unordered_set<std::string>& names, std::uint64_t offset) {
    if (tensor.info.name.empty()) reader_.fail(offset, "a tensor without a name", "a name");
    if (!names.insert(tensor.info.name).second)
      reader_.fail(offset, fmt::format("the tensor {} a second time", in_quotes(tensor.info.name)), "each name once");
    tensor.info.name.insert(0, prefix);
    keep(std::move(tensor), offset);
  }

  void keep(OnnxTensor tensor, std::uint64_t offset) {
    if (has_control_characters(tensor.info.name))
      reader_.fail(offset, "the name " + in_quotes(tensor.info.name), "a name without control characters");
    // A name that stands once in the file may begin those of many tensors.
    name_bytes_ += tensor.info.name.size();
    if (name_bytes_ > 4 * reader_.size() + most_text_bytes)
      reader_.fail(offset, "names that together are longer than the file", "shorter names of nodes");
    header_.tensors.push_back(std::move(tensor));
  }

  void read_graph(std::uint64_t length, const std::string& prefix, int level) {
    const auto begin = reader_.offset();
    if (level > most_levels) reader_.fail(begin, "more than 64 graphs in each other", "at most 64");
    ProtoMessage graph(reader_, length);
    ProtoField field;
    std::unordered_set<std::string> names;
    std::size_t nodes = 0;
    while (graph.next(field)) {
      if (field.id == 1) {
        require_bytes(reader_, field);
        read_node(field.value, prefix, nodes++, level);
      } else if (field.id == 2 && level == 1) {
        header_.graph_name = text(field);
        header_.facts.set("graph", header_.graph_name);
      } else if (field.id == 5) {
        require_bytes(reader_, field);
        add(read_onnx_tensor(reader_, field.value), prefix, names, field.offset);
      } else if (field.id == 15) {
        require_bytes(reader_, field);
        read_sparse(field.value, prefix, names, field.offset);
      }
    }
  }

  void read_sparse(std::uint64_t length, const std::string& prefix, std::unordered_set<std::string>& names,
                   std::uint64_t offset) {
    ProtoMessage sparse(reader_, length);
    ProtoField field;
    std::string name;
    while (sparse.next(field)) {
      if (field.id != 1 && field.id != 2) continue;
      require_bytes(reader_, field);
      auto tensor = read_onnx_tensor(reader_, field.value);
      if (field.id == 1) name = tensor.info.name;
      if (field.id == 2) tensor.info.name = name + ".indices";
      add(std::move(tensor), prefix, names, offset);
    }
  }

  void read_node(std::uint64_t length, const std::string& prefix, std::size_t number, int level) {
    ProtoMessage node(reader_, length);
    ProtoField field;
    std::string output, name;
    while (node.next(field)) {
      if (field.id == 2 && output.empty()) output = text(field);
      if (field.id == 3) name = text(field);
      if (field.id == 5) {
        require_bytes(reader_, field);
        const auto& known = !name.empty() ? name : output;
        read_attribute(field.value, prefix, known.empty() ? fmt::format("node {}", number) : known, output, level);
      }
    }
  }

  void read_attribute(std::uint64_t length, const std::string& prefix, const std::string& node,
                      const std::string& output, int level) {
    ProtoMessage attribute(reader_, length);
    ProtoField field;
    std::string name;
    while (attribute.next(field)) {
      if (field.id == 1) name = text(field);
      const auto inside = [&] { return fmt::format("{}{}/{}", prefix, node, name); };
      if (field.id == 5 || field.id == 10) {
        require_bytes(reader_, field);
        auto tensor = read_onnx_tensor(reader_, field.value);
        tensor.info.name = name == "value" && !output.empty() ? prefix + output : inside();
        keep(std::move(tensor), field.offset);
      } else if (field.id == 6 || field.id == 11) {
        require_bytes(reader_, field);
        read_graph(field.value, inside() + "/", level + 1);
      }
    }
  }

  ByteReader& reader_;
  OnnxHeader header_;
  std::uint64_t name_bytes_ = 0;
  Value::Object opset_;
  Value::Object properties_;
};

}  // namespace

OnnxHeader read_onnx(ByteReader& reader) {
  if (reader.size() == 0)
    reader.fail(0, "an empty file", "a model in ONNX: its download did not begin, or the disk was full");
  // The first fields that a model can begin with, as tags.
  constexpr std::string_view tags = "\x08\x12\x1a\x22\x28\x32\x3a\x42\x72";
  const auto start = reader.peek(32);
  if (tags.find(start.front()) == tags.npos) reader.fail(0, guess_format(start), "a model in ONNX");
  return OnnxModel(reader).read();
}

}  // namespace berth::model
