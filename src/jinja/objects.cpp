#include "jinja/objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "berth/document.h"
#include "jinja/attributes.h"
#include "jinja/operators.h"
#include "value/python_text.h"

namespace berth::jinja {
namespace {

/// A value that lives as long as the rendering.
struct KeptValue {
  using owns_memory = void;
  Value value;
};

/// What a method of an object does: `body(run, arguments)`.
template <class Body>
class BoundFunction final : public Object {
 public:
  BoundFunction(std::string_view name, Body body) : name_(name), body_(body) {}
  std::string_view type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override {
    if (!arguments.named.empty()) type_error(fmt::format("{}() takes no keyword arguments", name_));
    return body_(run, arguments.positional);
  }

 private:
  std::string_view name_;
  Body body_;
};

template <class Body>
Any method(Run& run, std::string_view name, Body body) {
  return run.heap.make<BoundFunction<Body>>(name, body);
}

[[noreturn]] Any no_content_type() { value_error("Content is not set."); }

/// What a prompt mostly asks of its documents, without a copy: the document outlives the rendering.
bool shared_field(Run& run, const Document& document, std::string_view name, Any& found) {
  if (name == "content")
    found = document.content ? from_value(run, *document.content) : Any();
  else if (name == "meta")
    found = from_value(run, document.meta);
  else if (name == "score")
    found = document.score ? Any(*document.score) : Any();
  else if (name == "id")
    found = from_value(run, document.id);
  else if (name == "content_type")
    found = document.content ? run.view("text") : no_content_type();
  else
    return false;
  return true;
}

Any to_dict(Run& run, Bound& bound) {
  const auto& value = bound.self.get_if<InstanceObject>()->value;
  const auto* document = value.get_if<Document>();
  auto dict = document != nullptr ? document->to_dict(bound.flag(run, 0, true)) : value.as_instance().to_dict();
  return from_value(run, run.heap.make<KeptValue>(KeptValue{std::move(dict)})->value);
}

constexpr Function instance_to_dict("to_dict", "", to_dict);
constexpr Function document_to_dict("to_dict", "flatten=", to_dict);

void need_count(const std::vector<Any>& arguments, std::size_t count, const char* name) {
  if (arguments.size() != count)
    type_error(fmt::format("{}() takes {} arguments ({} given)", name, count, arguments.size()));
}

}  // namespace

void GlobalFunction::write(TextBuilder& out) {
  if (function_.name == "dict") return out.append("<class 'dict'>");
  if (function_.name == "namespace") return out.append("<class 'jinja2.utils.Namespace'>");
  if (function_.name == "cycler") return out.append("<class 'jinja2.utils.Cycler'>");
  if (function_.name == "joiner") return out.append("<class 'jinja2.utils.Joiner'>");
  other_error("a function is printed: call it");
}

bool GlobalFunction::attribute(Run& run, std::string_view name, Any& found) {
  if (function_.name != "dict" || name != "fromkeys") return false;
  return find_attribute(run, run.dict(), name, found);
}

Iterator* Range::iterate(Run& run) {
  return run
      .generator([this, at = std::size_t{0}](Run&, Any& out) mutable {
        if (at == count_) return false;
        out = this->at(at++);
        return true;
      })
      .get_if<Iterator>();
}

Iterator* Range::reversed(Run& run) {
  return run
      .generator([this, left = count_](Run&, Any& out) mutable {
        if (left == 0) return false;
        out = this->at(--left);
        return true;
      })
      .get_if<Iterator>();
}

bool Range::attribute(Run& run, std::string_view name, Any& found) {
  if (name == "start")
    found = start_;
  else if (name == "stop")
    found = stop_;
  else if (name == "step")
    found = step_;
  else if (name == "count" || name == "index")
    found = method(run, name, [this, is_index = name == "index"](Run& inner, const std::vector<Any>& arguments) -> Any {
      need_count(arguments, 1, "count");
      for (std::size_t i = 0; i < count_; ++i) {
        inner.count_steps(1);
        if (equal(inner, at(i), arguments[0])) return is_index ? static_cast<std::int64_t>(i) : 1;
      }
      if (is_index) value_error("the number is not in range");
      return 0;
    });
  else
    return false;
  return true;
}

bool Range::item(Run&, const Any& key, Any& found) {
  auto index = small_integer(key);
  if (!index) return false;
  if (*index < 0) *index += static_cast<std::int64_t>(count_);
  if (*index < 0 || *index >= static_cast<std::int64_t>(count_)) return false;
  found = at(static_cast<std::size_t>(*index));
  return true;
}

bool Range::equals(Run&, const Object& other) {
  const auto* range = dynamic_cast<const Range*>(&other);
  return range != nullptr && count_ == range->count_ && (count_ == 0 || start_ == range->start_) &&
         (count_ < 2 || step_ == range->step_);
}

std::size_t Range::hash(Run& run) {
  return hash_of(run, run.tuple(Any(count_), count_ > 0 ? Any(start_) : Any(), count_ > 1 ? Any(step_) : Any()));
}

bool Range::contains(Run& run, const Any& item, bool& answer) {
  if (!item.is_number()) return false;
  answer = false;
  for (std::size_t i = 0; i < count_ && !answer; ++i) answer = equal(run, at(i), item);
  run.count_steps(count_ / 16);
  return true;
}

void Range::write(TextBuilder& out) {
  out.append(step_ == 1 ? fmt::format("range({}, {})", start_, stop_)
                        : fmt::format("range({}, {}, {})", start_, stop_, step_));
}

Any Range::slice(Run& run, const Any& start, const Any& stop, const Any& step) {
  const auto indices = slice_indices(start, stop, step, static_cast<std::int64_t>(count_));
  // What is beyond 64 bits is no entry.
  const auto product = [](std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  };
  const auto number = [&](std::int64_t index) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(start_) +
                                     static_cast<std::uint64_t>(product(index, step_)));
  };
  return run.heap.make<Range>(number(indices.start), product(indices.step, step_), indices.count, number(indices.stop));
}

std::string_view DictView::type_name() const {
  return kind_ == Kind::keys ? "dict_keys" : kind_ == Kind::values ? "dict_values" : "dict_items";
}

Any DictView::entry(Run& run, std::size_t position) const {
  const auto& entry = dict_.entry(position);
  return kind_ == Kind::keys ? entry.key : kind_ == Kind::values ? entry.value : run.tuple(entry.key, entry.value);
}

Iterator* DictView::iterate(Run& run) {
  return run
      .generator([this, at = std::size_t{0}, size = dict_.size()](Run& inner, Any& out) mutable {
        if (dict_.size() != size) other_error("dictionary changed size during iteration");
        if (at == size) return false;
        out = entry(inner, at++);
        return true;
      })
      .get_if<Iterator>();
}

Iterator* DictView::reversed(Run& run) {
  return run
      .generator([this, left = dict_.size()](Run& inner, Any& out) mutable {
        if (left == 0 || left > dict_.size()) return false;
        out = entry(inner, --left);
        return true;
      })
      .get_if<Iterator>();
}

bool DictView::contains(Run& run, const Any& item, bool& answer) {
  if (kind_ != Kind::keys) return false;
  answer = dict_.find(run, item) != nullptr;
  return true;
}

bool DictView::equals(Run& run, const Object& other) {
  const auto* view = dynamic_cast<const DictView*>(&other);
  if (view == nullptr || kind_ == Kind::values || view->kind_ != kind_) return this == &other;
  if (kind_ == Kind::items) return equal(run, &dict_, &view->dict_);
  return dict_.size() == view->dict_.size() && std::ranges::all_of(dict_.entries(), [&](const auto& entry) {
           return view->dict_.find(run, entry.key) != nullptr;
         });
}

std::size_t DictView::hash(Run& run) {
  if (kind_ != Kind::values) type_error(fmt::format("unhashable type: '{}'", type_name()));
  return Object::hash(run);
}

void DictView::write(TextBuilder& out) {
  const DeeperValue deeper(out.run);
  out.append(type_name());
  out.append("([");
  for (std::size_t i = 0; i < dict_.size(); ++i) {
    if (i > 0) out.append(", ");
    write_repr(out, entry(out.run, i));
  }
  out.append("])");
}

bool Namespace::attribute(Run& run, std::string_view name, Any& found) {
  const Any* value = attributes_.find(run, name);
  if (value != nullptr) found = *value;
  return value != nullptr;
}

void Namespace::set(Run& run, std::string_view name, const Any& value) { attributes_.set(run, run.view(name), value); }

void Namespace::write(TextBuilder& out) {
  const DeeperValue deeper(out.run);
  out.append("<Namespace ");
  write_repr(out, &attributes_);
  out.append('>');
}

bool Cycler::attribute(Run& run, std::string_view name, Any& found) {
  if (name == "current")
    found = items_.items[position_];
  else if (name == "pos")
    found = position_;
  else if (name == "items")
    found = Any::tuple(&items_);
  else if (name == "next")
    found = method(run, name, [this](Run&, const std::vector<Any>& arguments) {
      need_count(arguments, 0, "next");
      return next();
    });
  else if (name == "reset")
    found = method(run, name, [this](Run&, const std::vector<Any>& arguments) {
      need_count(arguments, 0, "reset");
      reset();
      return Any();
    });
  else
    return false;
  return true;
}

Any Joiner::call(Run& run, Arguments& arguments) {
  if (!arguments.positional.empty() || !arguments.named.empty()) type_error("a joiner takes no arguments");
  if (used_) return separator_;
  used_ = true;
  return run.view("");
}

bool Joiner::attribute(Run&, std::string_view name, Any& found) {
  if (name == "sep")
    found = separator_;
  else if (name == "used")
    found = used_;
  else
    return false;
  return true;
}

const Any* InstanceObject::field(Run& run, std::string_view name) {
  if (known_ == nullptr) known_ = run.dict();
  if (const Any* known = known_->find(run, name)) return known;
  Any made;
  if (const auto* document = value.get_if<Document>();
      document == nullptr || !shared_field(run, *document, name, made)) {
    if (!fields_) fields_ = value.as_instance().attributes();
    const Value* given = fields_->find(name);
    if (given == nullptr) return nullptr;
    made = from_value(run, *given);
    if (name == "role" && made.is_string()) {
      auto role = made.string();
      role.member = true;
      made = run.heap.make<Str>(role);
    }
  }
  known_->set(run, run.text(name), made);
  return known_->find(run, name);
}

bool InstanceObject::attribute(Run& run, std::string_view name, Any& found) {
  if (const Any* known = field(run, name)) {
    found = *known;
    return true;
  }
  if (name != "to_dict") return false;
  found = run.heap.make<Method>(this, value.get_if<Document>() == nullptr ? instance_to_dict : document_to_dict);
  return true;
}

std::size_t InstanceObject::hash(Run&) {
  // Haystack's classes compare by value and can be changed.
  type_error(fmt::format("unhashable type: '{}'", type_name()));
}

bool InstanceObject::equals(Run&, const Object& other) {
  const auto* instance = dynamic_cast<const InstanceObject*>(&other);
  return instance != nullptr && value.as_instance().equals(instance->value.as_instance());
}

void InstanceObject::write(TextBuilder& out) {
  const DeeperValue deeper(out.run);
  if (value.as_instance().class_name() != "Document") return out.append(python_repr(value));
  auto& run = out.run;
  const auto count = [&](const Any& list) { return list.is_none() ? 0 : jinja::length(run, list); };
  out.append("Document(id=");
  write_str(out, *field(run, "id"));
  out.append(", ");
  std::string_view separator;
  const auto start = [&](std::string_view name) {
    out.append(separator);
    out.append(name);
    separator = ", ";
  };
  if (const auto content = *field(run, "content"); content.is_string()) {
    constexpr std::size_t shown = 100;
    start("content: '");
    const bool is_short = content.string().characters(run) < shown;
    out.append(content.string(), 0,
               is_short ? content.string().bytes.size() : bytes_of(run, content.string(), 0, shown).end);
    out.append(is_short ? "'" : "...'");
  }
  if (const auto blob = *field(run, "blob"); !blob.is_none()) {
    start("blob: ");
    out.append(fmt::format("{} bytes", count(get_attribute(run, blob, "data"))));
  }
  if (const auto meta = *field(run, "meta"); count(meta) > 0) {
    start("meta: ");
    write_repr(out, meta);
  }
  if (const auto score = *field(run, "score"); !score.is_none()) {
    start("score: ");
    write_repr(out, score);
  }
  if (const auto embedding = *field(run, "embedding"); !embedding.is_none()) {
    start("embedding: ");
    out.append(fmt::format("vector of size {}", count(embedding)));
  }
  if (const auto sparse = *field(run, "sparse_embedding"); !sparse.is_none()) {
    start("sparse_embedding: ");
    out.append(fmt::format("vector with {} non-zero elements", count(get_attribute(run, sparse, "indices"))));
  }
  out.append(')');
}

}  // namespace berth::jinja
