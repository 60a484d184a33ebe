#include "berth/convert.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "berth/value.h"
#include "command.h"
#include "device_argument.h"
#include "help.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto convert_examples =
    "Examples:\n"
    "  berth convert cuda:1 --to openvino\n"
    "  berth convert cuda:1 --to torch\n"
    "  berth convert '{\"model.embed\": \"cuda:0\", \"lm_head\": \"cpu\"}' --to hf\n"
    "  berth convert cuda:1 --to onnxruntime --json";

Value onnxruntime(const Device& device) {
  const auto converted = to_onnxruntime(device);
  Value::Object options;
  for (const auto& [name, value] : converted.options) options.set(name, value);
  return Value::Object{{"provider", converted.provider}, {"options", std::move(options)}};
}

Value dlpack(const Device& device) {
  const auto converted = to_dlpack(device);
  return Value::Object{{"device_type", converted.device_type}, {"device_id", converted.device_id}};
}

Value ctranslate2(const Device& device) {
  const auto converted = to_ctranslate2(device);
  return Value::Object{{"device", converted.device}, {"device_index", converted.device_index}};
}

template <Value convert(const Device&)>
Value single_only(const ComponentDevice& device) {
  if (const Device* single = device.single()) return convert(*single);
  throw std::invalid_argument("Only single devices can be converted to this form; hf and openvino take device maps");
}

struct Form {
  std::string_view name;
  Value (*convert)(const ComponentDevice&);
};

constexpr std::array forms = {
    Form{"hf", to_hf},
    Form{"torch", [](const ComponentDevice& device) { return Value(to_torch_str(device)); }},
    Form{"spacy", [](const ComponentDevice& device) { return Value(to_spacy(device)); }},
    Form{"ggml", single_only<[](const Device& device) { return Value(to_ggml(device)); }>},
    Form{"openvino", [](const ComponentDevice& device) { return Value(to_openvino(device)); }},
    Form{"onnxruntime", single_only<onnxruntime>},
    Form{"dlpack", single_only<dlpack>},
    Form{"ctranslate2", single_only<ctranslate2>},
};

struct ConvertOptions {
  std::string device;
  std::string to;
  bool json = false;
};

int convert(const ConvertOptions& options) {
  const auto device = parse_device_argument(options.device);
  for (const auto& [name, convert_to] : forms) {
    if (name != options.to) continue;
    const auto value = convert_to(device);
    if (options.json)
      print(Value(Value::Object{{"to", name}, {"value", value}}).to_json(2) + "\n");
    else
      print(escaped(value.is_string() ? value.as_string() : value.to_json()) + "\n");
  }
  return done;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("convert", "Print a device in the words of another library");
  set_help(*command, convert_examples);
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("DEVICE", options->device, device_argument_help)->type_name("DEVICE")->required();
  std::vector<std::string> names;
  for (const auto& form : forms) names.emplace_back(form.name);
  command->add_option("--to", options->to, "The form: " + CLI::detail::join(names, ", "))
      ->type_name("FORM")
      ->check(one_of(names))
      ->required();
  command->add_flag("--json", options->json, "Print one JSON document: {\"to\": \"hf\", \"value\": ...}");
  command->callback([options, &action] { action = [options] { return convert(*options); }; });
}

}  // namespace berth::cli
