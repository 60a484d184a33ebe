/// The values that are neither numbers nor texts, lists or dictionaries.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/value.h"
#include "jinja/any.h"
#include "jinja/function.h"

namespace berth::jinja {

/// A method of a value.
class Method final : public Object {
 public:
  Method(const Any& self, const Function& function) : self_(self), function_(function) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override { return jinja::call(run, function_, self_, arguments); }

 private:
  Any self_;
  const Function& function_;
};

/// range, namespace, raise_exception...
class GlobalFunction final : public Object {
 public:
  explicit GlobalFunction(const Function& function) : function_(function) {}
  std::string_view type_name() const override { return "function"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override { return jinja::call(run, function_, Any(), arguments); }
  void write(TextBuilder& out) override;
  bool attribute(Run& run, std::string_view name, Any& found) override;

 private:
  const Function& function_;
};

class Range final : public Object {
 public:
  Range(std::int64_t start, std::int64_t step, std::size_t count, std::int64_t stop)
      : start_(start), step_(step), count_(count), stop_(stop) {}
  std::string_view type_name() const override { return "range"; }
  bool truth(Run&) override { return count_ > 0; }
  bool has_length() const override { return true; }
  std::size_t length(Run&) override { return count_; }
  Iterator* iterate(Run& run) override;
  Iterator* reversed(Run& run) override;
  bool attribute(Run& run, std::string_view name, Any& found) override;
  bool has_items() const override { return true; }
  bool item(Run& run, const Any& key, Any& found) override;
  bool equals(Run&, const Object& other) override;
  std::size_t hash(Run& run) override;
  bool contains(Run& run, const Any& item, bool& answer) override;
  void write(TextBuilder& out) override;
  Any slice(Run& run, const Any& start, const Any& stop, const Any& step);

  std::int64_t at(std::size_t position) const { return start_ + static_cast<std::int64_t>(position) * step_; }

 private:
  std::int64_t start_;
  std::int64_t step_;
  std::size_t count_;
  std::int64_t stop_;  // as it was given
};

/// What keys(), values() and items() of a dictionary give.
class DictView final : public Object {
 public:
  enum class Kind { keys, values, items };
  DictView(Dict& dict, Kind kind) : dict_(dict), kind_(kind) {}
  std::string_view type_name() const override;
  bool truth(Run&) override { return !dict_.empty(); }
  bool has_length() const override { return true; }
  std::size_t length(Run&) override { return dict_.size(); }
  Iterator* iterate(Run& run) override;
  Iterator* reversed(Run& run) override;
  bool contains(Run& run, const Any& item, bool& answer) override;
  bool equals(Run& run, const Object& other) override;
  std::size_t hash(Run& run) override;
  void write(TextBuilder& out) override;

  Any entry(Run& run, std::size_t position) const;
  const Dict& dict() const { return dict_; }

 private:
  Dict& dict_;
  Kind kind_;
};

/// namespace()
class Namespace final : public Object {
 public:
  explicit Namespace(Dict& attributes) : attributes_(attributes) {}
  std::string_view type_name() const override { return "Namespace"; }
  bool attribute(Run& run, std::string_view name, Any& found) override;
  void write(TextBuilder& out) override;
  void set(Run& run, std::string_view name, const Any& value);

 private:
  Dict& attributes_;
};

/// cycler()
class Cycler final : public Object {
 public:
  explicit Cycler(List& items) : items_(items) {}
  std::string_view type_name() const override { return "Cycler"; }
  bool attribute(Run& run, std::string_view name, Any& found) override;
  Any next() {
    const auto item = items_.items[position_];
    position_ = (position_ + 1) % items_.items.size();
    return item;
  }
  void reset() { position_ = 0; }

 private:
  List& items_;
  std::size_t position_ = 0;
};

/// joiner()
class Joiner final : public Object {
 public:
  explicit Joiner(const Any& separator) : separator_(separator) {}
  std::string_view type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override;
  bool attribute(Run& run, std::string_view name, Any& found) override;

 private:
  Any separator_;
  bool used_ = false;
};

/// An object of a class of Berth's, such as Document: templates see its attributes.
class InstanceObject final : public Object {
 public:
  using owns_memory = void;
  explicit InstanceObject(const Value& instance) : value(instance) {}
  ~InstanceObject() = default;
  std::string_view type_name() const override { return value.type_name(); }
  bool attribute(Run& run, std::string_view name, Any& found) override;
  bool equals(Run& run, const Object& other) override;
  std::size_t hash(Run& run) override;
  void write(TextBuilder& out) override;

  const Value value;

 private:
  /// The attribute, made when it is asked for first, or nullptr.
  const Any* field(Run& run, std::string_view name);

  std::optional<Value::Object> fields_;  // all of them as Berth has them, once they are needed
  Dict* known_ = nullptr;                // those that were asked for
};

/// dict(*arguments, **named)
Dict* dict_of(Run& run, const Arguments& given, std::string_view name);

/// A value from outside, which must outlive the run. In chat templates its texts are not trusted.
Any from_value(Run& run, const Value& value);
Any from_value(Run& run, const Value::Object& object);
Any from_value(Run& run, const std::string& text);

/// A value of the template as one of Berth. Throws a TypeError for what has no such form.
Value to_value(Run& run, const Any& value);

}  // namespace berth::jinja
