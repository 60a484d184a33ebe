/// Components: what a pipeline is made of. One has named, typed inputs and outputs, runs, and can be written down in the
/// form that Haystack gives its components.
///
///     struct ShoutParameters {
///       std::string end = "!";
///       static auto fields() { return std::tuple(field("end", &ShoutParameters::end)); }
///     };
///
///     class Shout final : public ComponentWith<ShoutParameters> {
///      public:
///       static constexpr std::string_view type_name = "my_project.Shout";
///       explicit Shout(ShoutParameters parameters = {}) : ComponentWith(type_name, std::move(parameters)) {}
///       void run(Run& run) override { run.set(louder_, run.get(text_) + parameters().end); }
///
///      private:
///       Input<std::string> text_ = input<std::string>("text");
///       Output<std::string> louder_ = output<std::string>("louder");
///     };
///
///     register_component<Shout>();  // from here on a pipeline file can name it
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "berth/call_context.h"
#include "berth/device.h"
#include "berth/parameters.h"
#include "berth/placement.h"
#include "berth/type.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

/// Where a component takes a value.
struct InputSocket {
  enum Variadic {
    no,
    lazy,   ///< takes what all of its senders send, as a list, once they have sent it
    greedy  ///< takes what comes first, as a list of one
  };

  std::string name;
  Type type;                           ///< of one value; a variadic input gets a list of it
  std::optional<Value> default_value;  ///< none: it must be given
  Variadic variadic = no;
};

struct OutputSocket {
  std::string name;
  Type type;
};

/// An input of a component, by which its run() gets a T.
template <class T>
struct Input {
  std::size_t index;
};

template <class T>
struct Output {
  std::size_t index;
};

/// What one run of a component is given and gives. Lives as long as the call.
class Run {
 public:
  /// One value for each input and output socket, absent outputs being "not sent".
  using Values = std::vector<std::optional<Value>>;

  Run(std::span<const InputSocket> sockets, Values inputs, std::size_t outputs, CallContext context = {})
      : sockets_(sockets), inputs_(std::move(inputs)), outputs_(outputs), context_(std::move(context)) {}

  /// The value of an input. Throws WrongType naming the input where it is no T.
  template <class T>
  T get(const Input<T>& input) const {
    try {
      return from_value<T>(value(input.index));
    } catch (const WrongType& problem) {
      throw WrongType("input '" + sockets_[input.index].name + "': " + problem.what());
    }
  }

  /// The value of an input as it came, without a copy.
  const Value& value(std::size_t index) const;
  template <class T>
  const Value& value(const Input<T>& input) const {
    return value(input.index);
  }

  /// Sends `value`. What is not set is not sent, and who waits for it does not run.
  template <class T>
  void set(const Output<T>& output, std::type_identity_t<T> value) {
    outputs_[output.index] = to_value<T>(std::move(value));
  }

  /// Requested where the caller wants an end: return soon, with what there is, or throw Cancelled.
  const std::stop_token& stop() const { return context_.stop; }

  /// Takes warnings; may be empty.
  const LogCallback& log() const { return context_.log; }
  const CallContext& context() const { return context_; }

  Values take_outputs() && { return std::move(outputs_); }

 private:
  std::span<const InputSocket> sockets_;
  Values inputs_;
  Values outputs_;
  CallContext context_;
};

/// Not copied; whether it is safe to use from several threads is the component's own promise (see concurrent()).
class Component {
 public:
  virtual ~Component() = default;
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

  /// The qualified name that serialized forms carry: of those that the class has, the one it was made by.
  std::string_view type() const { return type_; }

  const std::vector<InputSocket>& inputs() const { return inputs_; }
  const std::vector<OutputSocket>& outputs() const { return outputs_; }

  /// Loads what run() needs. Called before each run of a pipeline: a second call does nothing. May throw, among others
  /// Cancelled, and then holds no more than before.
  virtual void warm_up(const CallContext& /*context*/ = {}) {}

  /// What the next warm_up() will take of each device, where that is known; nothing once it is warm. Components that say
  /// so are warmed up side by side as far as the memory of their devices allows.
  virtual std::vector<DeviceUse> load_use() const { return {}; }

  /// Computes the outputs from the inputs. May throw; it can be called again afterwards.
  virtual void run(Run& run) = 0;

  /// Whether it may run at the same time as other components of a pipeline.
  virtual bool concurrent() const { return false; }

  /// Why it cannot be warmed up or run, where that is known already: a key that is not set, a task that no engine has.
  virtual std::optional<std::string> known_problem() const { return std::nullopt; }

  /// The device or map that it runs on, where it has one.
  virtual std::optional<ComponentDevice> device() const { return std::nullopt; }

  /// What from_dict() needs to make it again. Throws std::invalid_argument for what cannot be written down.
  virtual Value::Object init_parameters() const = 0;

  /// {"type": ..., "init_parameters": {...}}
  Value to_dict() const;

  /// Says what it was made of: to_dict() writes an integer that was given for a float as it was given, as Haystack.
  void made_of(const Value::Object& init_parameters);

 protected:
  explicit Component(std::string_view type) : type_(type) {}

  /// Leaves a parameter that Haystack 2 does not have out of `parameters`, where it has the value that it would have there
  /// and was not given.
  void leave_out_of_haystack_2(Value::Object& parameters, std::string_view name, const Value& value_there) const;

  /// Declares an input that must be given, or one with a default. Throws std::invalid_argument for a name that is there.
  template <class T>
  Input<T> input(std::string name) {
    return {add(InputSocket{std::move(name), type_of<T>(), std::nullopt})};
  }
  template <class T>
  Input<T> input(std::string name, std::type_identity_t<T> default_value) {
    return {add(InputSocket{std::move(name), type_of<T>(), to_value<T>(std::move(default_value))})};
  }
  /// Declares an input whose type is none of C++'s, such as "list[ChatMessage] | str".
  Input<Value> input(std::string name, Type type, std::optional<Value> default_value = std::nullopt) {
    return {add(InputSocket{std::move(name), std::move(type), std::move(default_value)})};
  }
  /// Declares an input that takes values from several senders.
  template <class T>
  Input<std::vector<T>> variadic_input(std::string name, InputSocket::Variadic variadic = InputSocket::lazy) {
    return {add(InputSocket{std::move(name), type_of<T>(), std::nullopt, variadic})};
  }
  template <class T>
  Output<T> output(std::string name) {
    return {add(OutputSocket{std::move(name), type_of<T>()})};
  }
  /// Declares an output whose type is none of C++'s.
  Output<Value> output(std::string name, Type type) { return {add(OutputSocket{std::move(name), std::move(type)})}; }

 private:
  friend std::unique_ptr<Component> component_from_dict(const Value& data);

  std::size_t add(InputSocket socket);
  std::size_t add(OutputSocket socket);

  std::string type_;
  std::vector<InputSocket> inputs_;
  std::vector<OutputSocket> outputs_;
  Value::Object given_;  // names of parameters, with the values of those that are integers
};

/// Runs a component by itself: `inputs` by name to outputs by name. Throws std::invalid_argument for an input that is
/// missing, unknown or of another type, and what the component throws.
Value::Object run_component(Component& component, const Value::Object& inputs, const CallContext& context = {});

/// A component whose serialized form is its struct of parameters.
template <class P>
class ComponentWith : public Component {
 public:
  using Parameters = P;

  const Parameters& parameters() const { return parameters_; }
  Value::Object init_parameters() const override { return to_init_parameters(parameters_); }

 protected:
  ComponentWith(std::string_view type, Parameters parameters) : Component(type), parameters_(std::move(parameters)) {}

 private:
  Parameters parameters_;
};

/// A kind of component that serialized forms can name.
struct ComponentClass {
  std::string type;                  ///< "haystack.components.builders.prompt_builder.PromptBuilder"
  std::vector<std::string> aliases;  ///< other names under which it is loaded
  std::vector<ParameterInfo> parameters;
  std::function<std::unique_ptr<Component>(const Value::Object& init_parameters)> create;
  bool remote = false;     ///< works on machines of a service, and so has no device
  bool has_engine = true;  ///< false: it is read and written, and cannot run yet
  /// Makes one on any machine, to look at its inputs and outputs; empty: create() without parameters does.
  std::function<std::unique_ptr<Component>()> example = {};
  /// Makes one under another of its names; empty: create() does.
  std::function<std::unique_ptr<Component>(std::string_view type, const Value::Object& init_parameters)> create_as = {};
};

/// Makes a component known by its name; Haystack's that Berth has are known already. Safe to use from several threads.
/// Throws std::invalid_argument for a name that is taken.
void register_component(ComponentClass component);

/// How C is made from a serialized form: C has `type_name`, `Parameters` with fields(), and a constructor from them or a
/// static from_dict().
template <class C>
ComponentClass component_class_of(std::vector<std::string> aliases = {}) {
  using Parameters = typename C::Parameters;
  return {std::string(C::type_name), std::move(aliases), describe_parameters<Parameters>(),
          [](const Value::Object& given) -> std::unique_ptr<Component> {
            if constexpr (requires { C::from_dict(Value()); })
              return C::from_dict(Value::Object{{"type", C::type_name}, {"init_parameters", given}});
            else
              return std::make_unique<C>(from_init_parameters<Parameters>(given));
          }};
}

template <class C>
void register_component(std::vector<std::string> aliases = {}) {
  register_component(component_class_of<C>(std::move(aliases)));
}

/// The class of that name, which can be the name that Haystack 3 gave it. Throws std::invalid_argument: for a component
/// of Haystack that Berth does not have yet, and for one that nobody knows, with the nearest name.
const ComponentClass& component_class(std::string_view type);

/// All that are known, by name.
std::vector<const ComponentClass*> component_classes();

/// From Component::to_dict(). Only what is registered is made; nothing in `data` can name code to run.
/// Throws std::invalid_argument, WrongParameter among others.
std::unique_ptr<Component> component_from_dict(const Value& data);

/// A component that another one has, in its serialized form.
template <>
struct ValueTraits<std::shared_ptr<Component>> {
  static Type type() { return "Component"; }
  static Value to_value(const std::shared_ptr<Component>& component) {
    return component == nullptr ? Value() : component->to_dict();
  }
  static std::shared_ptr<Component> from_value(const Value& value);
};

}  // namespace berth
