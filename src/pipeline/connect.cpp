#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pipeline/graph.h"
#include "text/printable.h"

namespace berth {
namespace {

struct Candidate {
  std::size_t output;
  std::size_t input;
  Conversion conversion;
};

/// "component.socket" in its parts; the second is empty where there is no dot.
std::pair<std::string_view, std::string_view> parts_of(std::string_view connection) {
  const auto dot = connection.find('.');
  if (dot == connection.npos) return {connection, {}};
  return {connection.substr(0, dot), connection.substr(dot + 1)};
}

template <class Socket>
std::string list_of(const std::vector<Socket>& sockets) {
  std::vector<std::string> texts;
  for (const auto& socket : sockets) texts.push_back(fmt::format("{} (type {})", socket.name, socket.type.str()));
  return fmt::format("{}", fmt::join(texts, ", "));
}

template <class Socket>
std::vector<std::size_t> candidates(const std::vector<Socket>& sockets, std::string_view name,
                                    const std::string& problem) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < sockets.size(); ++i)
    if (name.empty() || sockets[i].name == name) found.push_back(i);
  if (found.empty() && !name.empty()) throw std::invalid_argument(problem + list_of(sockets));
  return found;
}

}  // namespace

void Pipeline::connect(std::string_view sender, std::string_view receiver) {
  // Not as structured bindings: clang 14 lets no lambda use them.
  const auto sender_parts = parts_of(sender);
  const auto receiver_parts = parts_of(receiver);
  const auto sender_name = sender_parts.first;
  const auto receiver_name = receiver_parts.first;
  if (sender_name == receiver_name) throw std::invalid_argument("Connecting a Component to itself is not supported.");
  const auto from = graph_->find(sender_name);
  const auto to = graph_->find(receiver_name);
  const auto& outputs = graph_->nodes[from].component->outputs();
  const auto& inputs = graph_->nodes[to].component->inputs();
  if (outputs.empty())
    throw std::invalid_argument(fmt::format("'{}' does not have any output connections.", sender_name));

  const auto possible_outputs =
      candidates(outputs, sender_parts.second,
                 fmt::format("{} does not exist. Output connections of {} are: ", in_quotes(sender), sender_name));
  const auto possible_inputs =
      candidates(inputs, receiver_parts.second,
                 fmt::format("{} does not exist. Input connections of {} are: ", in_quotes(receiver), receiver_name));

  const auto status = [&] {
    std::string text = fmt::format("'{}':", sender_name);
    for (const auto i : possible_outputs) text += fmt::format("\n - {}: {}", outputs[i].name, outputs[i].type.str());
    text += fmt::format("\n'{}':", receiver_name);
    for (const auto i : possible_inputs) {
      std::vector<std::string_view> senders;
      for (const auto node : graph_->nodes[to].inputs[i].senders) senders.push_back(graph_->nodes[node].name);
      text += fmt::format("\n - {}: {} ({})", inputs[i].name, inputs[i].type.str(),
                          senders.empty() ? "available" : fmt::format("sent by {}", fmt::join(senders, ",")));
    }
    return text;
  };

  const bool validates = graph_->options.connection_type_validation;
  std::vector<Candidate> possible;
  for (const auto output : possible_outputs)
    for (const auto input : possible_inputs) {
      const auto conversion = validates ? flow(outputs[output].type, inputs[input].type) : Conversion::none;
      if (conversion) possible.push_back({output, input, *conversion});
    }
  // A connection that needs no conversion goes before those that do.
  if (std::ranges::find(possible, Conversion::none, &Candidate::conversion) != possible.end())
    std::erase_if(possible, [](const Candidate& each) { return each.conversion != Conversion::none; });

  if (possible.empty() && possible_outputs.size() == 1 && possible_inputs.size() == 1)
    throw std::invalid_argument(fmt::format(
        "Cannot connect '{}.{}' with '{}.{}': their declared input and output types do not match.\n{}", sender_name,
        outputs[possible_outputs[0]].name, receiver_name, inputs[possible_inputs[0]].name, status()));
  if (possible.empty())
    throw std::invalid_argument(fmt::format("Cannot connect '{}' with '{}': no matching connections available.\n{}",
                                            sender_name, receiver_name, status()));
  if (possible.size() > 1) {
    const auto first = possible.front();
    std::erase_if(possible,
                  [&](const Candidate& each) { return outputs[each.output].name != inputs[each.input].name; });
    if (possible.size() != 1)
      throw std::invalid_argument(
          fmt::format("Cannot connect '{0}' with '{1}': more than one connection is possible between these components. "
                      "Please specify the connection name, like: pipeline.connect('{0}.{2}', '{1}.{3}').\n{4}",
                      sender_name, receiver_name, outputs[first.output].name, inputs[first.input].name, status()));
  }

  const auto chosen = possible.front();
  const auto same = [&](const Graph::Edge& edge) {
    return edge.sender == from && edge.output == chosen.output && edge.receiver == to && edge.input == chosen.input;
  };
  auto& socket = graph_->nodes[to].inputs[chosen.input];
  const bool is_sender = std::ranges::find(socket.senders, from) != socket.senders.end();
  if (is_sender && std::ranges::any_of(graph_->edges, same)) return;
  if (!socket.senders.empty()) {
    graph_->check_takes_several(to, chosen.input);
    socket.joins_lists = socket.variadic == InputSocket::no || socket.joins_lists;
    if (socket.joins_lists) socket.variadic = InputSocket::lazy;
  }
  graph_->add({from, chosen.output, to, chosen.input, chosen.conversion});
}

}  // namespace berth
