#include "jinja/evaluator_objects.h"

#include <fmt/format.h>

#include "jinja/operators.h"

namespace berth::jinja {
namespace {

/// loop.cycle and loop.changed.
template <class Body>
class LoopMethod final : public Object {
 public:
  explicit LoopMethod(Body body) : body_(body) {}
  std::string_view type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override {
    if (!arguments.named.empty()) type_error("methods of loop take no keyword arguments");
    return body_(run, arguments.positional);
  }

 private:
  Body body_;
};

template <class Body>
Any loop_method(Run& run, Body body) {
  return run.heap.make<LoopMethod<Body>>(body);
}

}  // namespace

Iterator* LoopObject::iterate(Run& run) {
  return jinja::iterate(run, run.generator([this](Run& here, Any& out) {
    Any item;
    if (!next(here, item)) return false;
    out = here.tuple(item, Any(this));
    return true;
  }));
}

bool LoopObject::next(Run& run, Any& item) {
  if (after_) {
    item = *after_;
    after_.reset();
  } else if (at_end_ || !iterator_->next(run, item)) {
    at_end_ = true;
    return false;
  }
  ++index_;
  before_ = current_;
  current_ = item;
  return true;
}

const Any* LoopObject::peek(Run& run) {
  if (after_) return &*after_;
  Any item;
  if (at_end_ || !iterator_->next(run, item)) {
    at_end_ = true;
    return nullptr;
  }
  after_ = item;
  return &*after_;
}

std::size_t LoopObject::length(Run& run) {
  if (!length_) {
    if (jinja::has_length(items_)) {
      length_ = static_cast<std::int64_t>(jinja::length(run, items_));
    } else {
      const auto rest = Any::list(list_of(run, iterator_));
      iterator_ = jinja::iterate(run, rest);
      at_end_ = false;
      length_ = static_cast<std::int64_t>(rest.items().items.size()) + index_ + 1 + (after_ ? 1 : 0);
    }
  }
  return static_cast<std::size_t>(*length_);
}

Any LoopObject::cycle(const std::vector<Any>& values) const {
  if (values.empty()) type_error("no items for cycling given");
  return values[static_cast<std::size_t>(index_) % values.size()];
}

bool LoopObject::changed(Run& run, const std::vector<Any>& values) {
  auto* given = run.list();
  given->items.assign(values.begin(), values.end());
  if (last_changed_ != nullptr && equal(run, Any::tuple(last_changed_), Any::tuple(given))) return false;
  last_changed_ = given;
  return true;
}

bool LoopObject::attribute(Run& run, std::string_view name, Any& found) {
  const auto size = [&] { return static_cast<std::int64_t>(length(run)); };
  if (name == "index")
    found = index_ + 1;
  else if (name == "index0")
    found = index_;
  else if (name == "first")
    found = index_ == 0;
  else if (name == "last")
    found = peek(run) == nullptr;
  else if (name == "length")
    found = size();
  else if (name == "revindex")
    found = size() - index_;
  else if (name == "revindex0")
    found = size() - index_ - 1;
  else if (name == "depth")
    found = depth_ + 1;
  else if (name == "depth0")
    found = depth_;
  else if (name == "previtem")
    found = index_ == 0 || !before_ ? run.undefined("there is no previous item") : *before_;
  else if (name == "nextitem")
    found = peek(run) == nullptr ? run.undefined("there is no next item") : *peek(run);
  else if (name == "cycle")
    found = loop_method(run, [this](Run&, const std::vector<Any>& values) { return cycle(values); });
  else if (name == "changed")
    found =
        loop_method(run, [this](Run& inner, const std::vector<Any>& values) -> Any { return changed(inner, values); });
  else
    return false;
  return true;
}

Any LoopObject::call(Run& run, Arguments& arguments) {
  if (!statement_.recursive) type_error("The loop must have the 'recursive' marker to be called recursively.");
  if (arguments.positional.size() + arguments.named.size() != 1) type_error("loop() takes one argument");
  const auto& items = arguments.positional.empty() ? arguments.named.front().second : arguments.positional.front();
  return run.evaluator.call_loop(statement_, scope_, items, depth_ + 1);
}

void LoopObject::write(TextBuilder& out) {
  out.append(fmt::format("<LoopContext {}/{}>", index_ + 1, length(out.run)));
}

bool Macro::attribute(Run& run, std::string_view name, Any& found) {
  const auto& signature = *statement_.signature;
  if (name == "name") {
    found = run.view(signature.name);
  } else if (name == "arguments") {
    auto* names = run.list();
    for (const auto parameter : signature.parameters) names->items.push_back(run.view(run.evaluator.name(parameter)));
    found = Any::tuple(names);
  } else if (name == "caller") {
    found = signature.takes_caller;
  } else if (name == "catch_kwargs") {
    found = signature.takes_named;
  } else if (name == "catch_varargs") {
    found = signature.takes_positional;
  } else {
    return false;
  }
  return true;
}

void Macro::write(TextBuilder& out) {
  out.append("<Macro ");
  write_repr(out, out.run.view(statement_.signature->name));
  out.append('>');
}

bool SelfObject::item(Run& run, const Any& key, Any& found) {
  if (!key.is_string()) return false;
  const auto block = ast_.blocks.find(std::string(key.string().bytes));
  if (block == ast_.blocks.end()) return false;
  found = run.heap.make<BlockObject>(*block->second);
  return true;
}

Any BlockObject::call(Run& run, Arguments& arguments) {
  if (!arguments.positional.empty() || !arguments.named.empty()) type_error("a block takes no arguments");
  return run.evaluator.call_block(block_);
}

}  // namespace berth::jinja
