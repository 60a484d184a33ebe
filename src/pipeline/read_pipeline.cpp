#include "pipeline/read_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "text/printable.h"

namespace berth {
namespace {

/// A PipelineMistake that is thrown.
class Misplaced : public std::invalid_argument {
 public:
  Misplaced(std::vector<std::string> where, const std::string& message)
      : std::invalid_argument(message), path(std::move(where)) {}

  std::vector<std::string> path;
};

/// Runs `read`; what it throws tells that it was at `path`, and points to what lies `within` it.
template <class F>
decltype(auto) at(std::vector<std::string> path, F read, std::vector<std::string> within = {}) {
  const auto misplaced = [&](const std::exception& problem) {
    std::string names;
    for (const auto& name : path) names += (names.empty() ? "" : ".") + printable(name);
    path.insert(path.end(), within.begin(), within.end());
    return Misplaced(std::move(path), (names.empty() ? "" : names + ": ") + problem.what());
  };
  try {
    return read();
  } catch (const Misplaced&) {
    throw;
  } catch (const WrongParameter& problem) {
    within = {"init_parameters", problem.parameter()};
    throw misplaced(problem);
  } catch (const std::invalid_argument& problem) {
    throw misplaced(problem);
  }
}

template <class T>
void read_option(const Value& data, const char* name, T& option) {
  if (const Value* value = data.find(name)) at({name}, [&] { option = from_value<T>(*value); });
}

class Reader {
 public:
  explicit Reader(const Value& data) : data_(data) {}

  PipelineReading read() && {
    attempt([&] {
      if (!data_.is_object())
        throw Misplaced({}, fmt::format("a pipeline is an object with components and connections, this is {}",
                                        data_.is_null() ? "empty" : "a " + std::string(data_.type_name())));
    });
    PipelineOptions options;
    if (const Value* metadata = data_.find("metadata"); metadata != nullptr && !metadata->is_null())
      attempt([&] { read_option(data_, "metadata", options.metadata); });
    attempt([&] { read_option(data_, "max_runs_per_component", options.max_runs_per_component); });
    attempt([&] { read_option(data_, "connection_type_validation", options.connection_type_validation); });
    options.input_names = names("inputs");
    options.output_names = names("outputs");
    reading_.pipeline = Pipeline(std::move(options));
    attempt([&] { add_components(); });
    attempt([&] { add_connections(); });
    return std::move(reading_);
  }

 private:
  /// Whether `read` went well; its mistake is kept.
  template <class F>
  bool attempt(F read) {
    try {
      read();
      return true;
    } catch (const Misplaced& mistake) {
      reading_.mistakes.push_back({mistake.path, mistake.what()});
      return false;
    }
  }

  void add_components() {
    const Value* components = data_.find("components");
    if (components == nullptr) return;
    for (const auto& [name, data] :
         at({"components"}, [&]() -> const Value::Object& { return components->as_object(); }))
      if (!attempt([&, &name = name, &data = data] { add_component(name, data); })) failed_.insert(name);
  }

  void add_component(const std::string& name, const Value& data) {
    at({"components", name}, [&] {
      const Value* type = data.find("type");
      if (type == nullptr)
        throw std::invalid_argument(fmt::format("Missing 'type' in component '{}'", printable(name)));
      at({"components", name}, [&] { component_class(type->as_string()); }, {"type"});
      reading_.pipeline.add_component(name, component_from_dict(data));
    });
  }

  void add_connections() {
    const Value* connections = data_.find("connections");
    if (connections == nullptr) return;
    const auto& all = at({"connections"}, [&]() -> const Value::Array& { return connections->as_array(); });
    for (std::size_t i = 0; i < all.size(); ++i) attempt([&] { add_connection(i, all[i]); });
  }

  void add_connection(std::size_t index, const Value& data) {
    at({"connections", std::to_string(index)}, [&] {
      const auto end = [&](const char* name) -> const std::string& {
        const Value* value = data.find(name);
        if (value == nullptr)
          throw std::invalid_argument(fmt::format("Missing {} in connection: {}", name, data.to_json()));
        return value->as_string();
      };
      const auto& sender = end("sender");
      const auto& receiver = end("receiver");
      const auto component_of = [](const std::string& socket) { return socket.substr(0, socket.find('.')); };
      const bool sender_failed = failed_.contains(component_of(sender));
      const bool receiver_failed = failed_.contains(component_of(receiver));
      if (!sender_failed && !receiver_failed) return reading_.pipeline.connect(sender, receiver);
      if (!sender_failed) reading_.pipeline.component(component_of(sender));  // throws where there is none
      if (!receiver_failed) reading_.pipeline.component(component_of(receiver));
    });
  }

  /// {name: "component.socket"} or {name: ["component.socket", ...]}. Haystack does not look at it, so that anything else
  /// is no mistake.
  OrderedMap<std::vector<std::string>> names(const char* key) {
    OrderedMap<std::vector<std::string>> read;
    const Value* given = data_.find(key);
    if (given == nullptr || given->is_null()) return read;
    const auto skip = [&](const std::string& what) {
      reading_.notes.push_back(fmt::format(
          "{} at the top of the file is no name of a \"COMPONENT.SOCKET\" or a list of those: it is left out "
          "of account",
          in_quotes(what)));
    };
    if (!given->is_object()) {
      skip(key);
      return read;
    }
    for (const auto& [name, value] : given->as_object()) {
      try {
        read.set(name,
                 value.is_string() ? std::vector{value.as_string()} : from_value<std::vector<std::string>>(value));
      } catch (const WrongType&) {
        skip(std::string(key) + "." + name);
      }
    }
    return read;
  }

  const Value& data_;
  PipelineReading reading_;
  std::set<std::string, std::less<>> failed_;  ///< components that could not be made
};

}  // namespace

PipelineReading read_pipeline(const Value& data) { return Reader(data).read(); }

}  // namespace berth
