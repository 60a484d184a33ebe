/// The encoder of a component: found, placed and loaded as the parameters of Haystack's components say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "berth/call_context.h"
#include "berth/component.h"
#include "berth/device.h"
#include "berth/log.h"
#include "berth/secret.h"
#include "berth/text_encoder.h"
#include "berth/value.h"

namespace berth {

/// What a component was given that decides on its encoder and where it runs.
struct LocalEncoderParameters {
  std::string model = {};  ///< see locate_encoder() in berth/model.h
  std::optional<ComponentDevice> device = {};
  std::optional<Secret> token = {};  ///< a strict one must be set; nothing is downloaded
  /// A `device_map` in it wins over `device`; with a strategy there ("auto"), or `max_memory` and no device, the encoder is
  /// planned. `torch_dtype` is the precision.
  Value::Object model_kwargs = {};
  Value::Object tokenizer_kwargs = {};  ///< settings of its tokenizer; `model_max_length` limits the tokens of a text
  Value::Object config_kwargs = {};     ///< in place of entries of its config.json
  std::optional<std::string> revision = {};  ///< of the model in the Hugging Face cache
  std::string backend = "torch";             ///< "torch", "onnx", "openvino": Berth computes each the same way
  LogCallback log = {};
};

/// Safe to use from several threads. Copies share the encoder.
class LocalEncoder {
 public:
  /// Loads nothing; what is wrong with the parameters is a known_problem().
  explicit LocalEncoder(LocalEncoderParameters parameters);

  /// The encoder, which is loaded where that was not done yet. Throws MissingVariable, std::invalid_argument for
  /// parameters that it cannot follow, ModelDoesNotFit for budgets that it cannot keep, and as TextEncoder::load(); after that
  /// it can be called again.
  TextEncoder encoder(const CallContext& context = {}) const;

  bool is_loaded() const;
  /// TextEncoder::memory() until it is loaded; nothing then, and where something is wrong with the model.
  std::vector<DeviceUse> load_use() const;
  /// Why encoder() will fail, where that is known.
  std::optional<std::string> known_problem() const;
  /// That of the parameters, or the map of a strategy once the encoder is loaded; else what is found on this machine when it
  /// is first asked for.
  ComponentDevice device() const;
  /// `model_max_length` of tokenizer_kwargs.
  std::optional<std::size_t> max_tokens() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The device that a component gets where none is given: the best that engines can use here.
ComponentDevice default_encoder_device();

/// What known_problem() says of such parameters.
std::string problem_of_kept(const Value::Object& parameters);

/// A component that computes with an encoder on this machine. `P` has `model`, `device` and `token`, and can have
/// `model_kwargs`, `tokenizer_kwargs`, `config_kwargs`, `revision`, `backend` and `log`; or encoder(), which gives the
/// LocalEncoderParameters.
template <class P>
class EncoderComponent : public ComponentWith<P> {
 public:
  /// Loads the encoder, once. Throws as LocalEncoder::encoder().
  void warm_up(const CallContext& context = {}) override { (void)encoder(context); }
  std::vector<DeviceUse> load_use() const override { return local_.load_use(); }
  bool concurrent() const override { return true; }
  std::optional<std::string> known_problem() const override {
    return kept_.empty() ? local_.known_problem() : problem_of_kept(kept_);
  }
  std::optional<ComponentDevice> device() const override { return local_.device(); }
  Value::Object init_parameters() const override {
    auto all = ComponentWith<P>::init_parameters();
    for (const auto& [name, value] : kept_) all.set(name, value);
    return all;
  }

  /// Parameters whose serialized form is none, which Haystack keeps and writes all the same. They are a known_problem().
  void keep(Value::Object parameters) { kept_ = std::move(parameters); }

 protected:
  EncoderComponent(std::string_view type, P given)
      : ComponentWith<P>(type, std::move(given)), local_(encoder_parameters(this->parameters())) {}

  /// As LocalEncoder::encoder().
  TextEncoder encoder(const CallContext& context) const {
    if (!kept_.empty()) throw std::invalid_argument(problem_of_kept(kept_));
    return local_.encoder(context);
  }
  const LocalEncoder& local() const { return local_; }

 private:
  static Value::Object kwargs(const std::optional<Value::Object>& given) { return given.value_or(Value::Object{}); }

  static LocalEncoderParameters encoder_parameters(const P& given) {
    if constexpr (requires { given.encoder(); }) {
      return given.encoder();
    } else {
      LocalEncoderParameters parameters{.model = given.model, .device = given.device, .token = given.token};
      if constexpr (requires { given.model_kwargs; }) parameters.model_kwargs = kwargs(given.model_kwargs);
      if constexpr (requires { given.tokenizer_kwargs; }) parameters.tokenizer_kwargs = kwargs(given.tokenizer_kwargs);
      if constexpr (requires { given.config_kwargs; }) parameters.config_kwargs = kwargs(given.config_kwargs);
      if constexpr (requires { given.revision; }) parameters.revision = given.revision;
      if constexpr (requires { given.backend; }) parameters.backend = given.backend;
      if constexpr (requires { given.log; }) parameters.log = given.log;
      return parameters;
    }
  }

  LocalEncoder local_;
  Value::Object kept_;
};

}  // namespace berth
