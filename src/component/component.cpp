#include "berth/component.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

template <class Socket>
std::size_t add_to(std::vector<Socket>& sockets, Socket socket, std::string_view kind) {
  if (std::ranges::find(sockets, socket.name, &Socket::name) != sockets.end())
    throw std::invalid_argument(fmt::format("The {} '{}' is declared twice", kind, printable(socket.name)));
  sockets.push_back(std::move(socket));
  return sockets.size() - 1;
}

}  // namespace

const Value& Run::value(std::size_t index) const {
  const auto& input = inputs_[index];
  if (input) return *input;
  if (sockets_[index].default_value) return *sockets_[index].default_value;
  throw std::invalid_argument(fmt::format("input '{}' is missing", sockets_[index].name));
}

Value Component::to_dict() const {
  auto parameters = init_parameters();
  for (const auto& [name, integer] : given_) {
    Value* written = parameters.find(name);
    if (integer.is_int() && written != nullptr && written->is_double() && written->as_double() == integer.as_double())
      *written = integer;
  }
  return Value::Object{{"type", type()}, {"init_parameters", std::move(parameters)}};
}

void Component::made_of(const Value::Object& init_parameters) {
  given_ = {};
  for (const auto& [name, value] : init_parameters) given_.set(name, value.is_int() ? value : Value());
}

void Component::leave_out_of_haystack_2(Value::Object& parameters, std::string_view name,
                                        const Value& value_there) const {
  const bool is_of_3 = given_.contains(name) || type().starts_with("haystack_integrations.");
  if (!is_of_3 && parameters.at(name) == value_there) parameters.erase(name);
}

std::size_t Component::add(InputSocket socket) { return add_to(inputs_, std::move(socket), "input"); }
std::size_t Component::add(OutputSocket socket) { return add_to(outputs_, std::move(socket), "output"); }

Value::Object run_component(Component& component, const Value::Object& inputs, const CallContext& context) {
  const auto& sockets = component.inputs();
  Run::Values values(sockets.size());
  for (const auto& [name, value] : inputs) {
    const auto socket = std::ranges::find(sockets, name, &InputSocket::name);
    if (socket == sockets.end()) {
      std::vector<std::string> names;
      for (const auto& each : sockets) names.push_back(each.name);
      throw std::invalid_argument(
          fmt::format("{} has no input {}{}", component.type(), in_quotes(name), nearest_hint(name, names)));
    }
    values[static_cast<std::size_t>(socket - sockets.begin())] = value;
  }
  for (std::size_t i = 0; i < sockets.size(); ++i)
    if (!values[i] && !sockets[i].default_value)
      throw std::invalid_argument(fmt::format("{}: input '{}' is missing", component.type(), sockets[i].name));

  component.warm_up(context);
  Run run(sockets, std::move(values), component.outputs().size(), context);
  component.run(run);
  Value::Object result;
  auto outputs = std::move(run).take_outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i]) result.set(component.outputs()[i].name, *std::move(outputs[i]));
  return result;
}

}  // namespace berth
