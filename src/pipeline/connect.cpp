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

/// Two components that are to be connected, and the sockets that come into question.
template <class Node>
struct Meeting {
  const std::vector<Node>& nodes;
  const Node& sender;
  const Node& receiver;
  std::vector<std::size_t> outputs = {};
  std::vector<std::size_t> inputs = {};

  const OutputSocket& output(std::size_t i) const { return sender.component->outputs()[i]; }
  const InputSocket& input(std::size_t i) const { return receiver.component->inputs()[i]; }

  /// For the end of a message.
  std::string status() const {
    std::string text = fmt::format("'{}':", sender.name);
    for (const auto i : outputs) text += fmt::format("\n - {}: {}", output(i).name, output(i).type.str());
    text += fmt::format("\n'{}':", receiver.name);
    for (const auto i : inputs) {
      std::vector<std::string_view> senders;
      for (const auto node : receiver.inputs[i].senders) senders.push_back(nodes[node].name);
      text += fmt::format("\n - {}: {} ({})", input(i).name, input(i).type.str(),
                          senders.empty() ? "available" : fmt::format("sent by {}", fmt::join(senders, ",")));
    }
    return text;
  }

  /// A connection that needs no conversion goes before those that do.
  std::vector<Candidate> possible(bool validates) const {
    std::vector<Candidate> possible;
    for (const auto from : outputs)
      for (const auto to : inputs) {
        const auto conversion = validates ? flow(output(from).type, input(to).type) : Conversion::none;
        if (conversion) possible.push_back({from, to, *conversion});
      }
    if (std::ranges::find(possible, Conversion::none, &Candidate::conversion) != possible.end())
      std::erase_if(possible, [](const Candidate& each) { return each.conversion != Conversion::none; });
    return possible;
  }

  /// The only one of `possible`, or the only one whose sockets have one name. Throws std::invalid_argument.
  Candidate the_one(std::vector<Candidate> possible) const {
    if (possible.empty() && outputs.size() == 1 && inputs.size() == 1)
      throw std::invalid_argument(
          fmt::format("Cannot connect '{}.{}' with '{}.{}': their declared input and output types do not match.\n{}",
                      sender.name, output(outputs[0]).name, receiver.name, input(inputs[0]).name, status()));
    if (possible.empty())
      throw std::invalid_argument(fmt::format("Cannot connect '{}' with '{}': no matching connections available.\n{}",
                                              sender.name, receiver.name, status()));
    if (possible.size() == 1) return possible.front();
    const auto first = possible.front();
    std::erase_if(possible, [&](const Candidate& each) { return output(each.output).name != input(each.input).name; });
    if (possible.size() != 1)
      throw std::invalid_argument(
          fmt::format("Cannot connect '{0}' with '{1}': more than one connection is possible between these components. "
                      "Please specify the connection name, like: pipeline.connect('{0}.{2}', '{1}.{3}').\n{4}",
                      sender.name, receiver.name, output(first.output).name, input(first.input).name, status()));
    return possible.front();
  }
};

}  // namespace

void Pipeline::connect(std::string_view sender, std::string_view receiver) {
  const auto [sender_name, output_name] = parts_of(sender);
  const auto [receiver_name, input_name] = parts_of(receiver);
  if (sender_name == receiver_name) throw std::invalid_argument("Connecting a Component to itself is not supported.");
  const auto from = graph_->find(sender_name);
  const auto to = graph_->find(receiver_name);
  Meeting<Graph::Node> meeting{graph_->nodes, graph_->nodes[from], graph_->nodes[to]};
  const auto& outputs = meeting.sender.component->outputs();
  if (outputs.empty())
    throw std::invalid_argument(fmt::format("'{}' does not have any output connections.", sender_name));
  meeting.outputs =
      candidates(outputs, output_name,
                 fmt::format("{} does not exist. Output connections of {} are: ", in_quotes(sender), sender_name));
  meeting.inputs =
      candidates(meeting.receiver.component->inputs(), input_name,
                 fmt::format("{} does not exist. Input connections of {} are: ", in_quotes(receiver), receiver_name));

  const auto chosen = meeting.the_one(meeting.possible(graph_->options.connection_type_validation));
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
