#include "encoder_options.h"

#include <fmt/format.h>

#include "berth/error.h"
#include "berth/resolve.h"
#include "answer.h"
#include "device_argument.h"
#include "help.h"
#include "output.h"
#include "progress.h"
#include "text/printable.h"

namespace berth::cli {

void add_encoder_model(CLI::App& command, EncoderOptions& options) {
  command
      .add_option(
          "MODEL", options.model,
          "A folder of Hugging Face with config.json, tokenizer.json and safetensors, a GGUF file, a name in the "
          "Hugging Face cache, or minilm, which `make model` gets; smollm2 is the default model of 'berth run'")
      ->type_name("ENCODER")
      ->required();
}

void add_encoder_options(CLI::App& command, EncoderOptions& options) {
  command
      .add_option(
          "FILE", options.files,
          "Texts in lines; of JSON where a line starts with '{': \"text\" or \"content\" in it counts. None, or -: "
          "standard input")
      ->type_name("FILE");
  command.add_option("--device", options.device, request_argument_help)->type_name("DEVICE");
  command.add_option("--precision", options.precision, "In what matrices are held and multiplied")
      ->type_name("TYPE")
      ->check(one_of({"float32", "float16", "bfloat16", "int8"}));
  command.add_option("--max-tokens", options.max_tokens, "Tokens of a text that count, at most those of the model")
      ->type_name("N")
      ->check(whole_number_from(1));
  command.add_flag("--plain", options.plain, "Take lines that start with '{' as texts too");
  command.add_flag("-v,--verbose", options.verbose, "Say which device and model are used");
}

TextEncoder load_encoder(const EncoderOptions& options) {
  Interrupt interrupt;
  const auto request = options.device ? parse_request_argument(*options.device) : ResolveRequest();
  const auto resolution = resolve_here(request, {"llama.cpp"});
  Progress progress("Loading " + escaped(options.model));
  LoadContext context{.stop = interrupt.token(), .log = tell_warning};
  context.progress = [&](float part) {
    progress.show(part);
    return true;
  };
  try {
    const auto encoder = TextEncoder::load({.model = options.model,
                                            .device = resolution.device,
                                            .keys = resolution.keys,
                                            .precision = precision_from_str(options.precision)},
                                           context);
    if (options.verbose)
      note(fmt::format(
          "{} ({}), {} parameters, loaded in {:.0f} ms on {}", escaped(encoder.info().path.string()),
          escaped(encoder.info().model_class.empty() ? encoder.info().architecture : encoder.info().model_class),
          encoder.info().parameters, encoder.info().load_ms, escaped(resolution.device.str())));
    interrupt.give_back();
    interrupt.check();
    return encoder;
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
}

EncodedTensor with_progress(const std::string& what, const Interrupt& interrupt,
                            const std::function<EncodedTensor(const EncodeContext&)>& work) {
  Progress progress(what);
  try {
    return work({.stop = interrupt.token(),
                 .progress =
                     [&](float part) {
                       progress.show(part);
                       return true;
                     },
                 .log = tell_warning});
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
}

}  // namespace berth::cli
