/// The values of templates: those of Python.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "jinja/big_integer.h"
#include "jinja/failure.h"

namespace berth::jinja {

class Dict;
class Object;
class Run;
struct Big;
struct List;
struct Str;
struct Undefined;

enum class Type : std::uint8_t { undefined, none, boolean, integer, big, floating, string, list, tuple, dict, object };

/// One value: small and cheap to copy. What it points to belongs to a Heap.
class Any {
 public:
  Any() : integer_(0) {}  ///< None
  template <std::same_as<bool> T>
  Any(T value) : type_(Type::boolean), boolean_(value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Any(T value) : type_(Type::integer), integer_(static_cast<std::int64_t>(value)) {}
  Any(double value) : type_(Type::floating), floating_(value) {}
  Any(const Str* value) : type_(Type::string), string_(value) {}
  Any(Dict* value) : type_(Type::dict), dict_(value) {}
  Any(Object* value) : type_(Type::object), object_(value) {}
  Any(const Big* value) : type_(Type::big), big_(value) {}
  Any(const Undefined* value) : type_(Type::undefined), undefined_(value) {}
  static Any list(List* value) { return {Type::list, value}; }
  static Any tuple(List* value) { return {Type::tuple, value}; }

  Type type() const { return type_; }
  bool is(Type type) const { return type_ == type; }
  bool is_undefined() const { return type_ == Type::undefined; }
  bool is_none() const { return type_ == Type::none; }
  bool is_string() const { return type_ == Type::string; }
  bool is_sequence() const { return type_ == Type::list || type_ == Type::tuple; }
  bool is_whole() const { return type_ == Type::integer || type_ == Type::boolean || type_ == Type::big; }
  bool is_number() const { return is_whole() || type_ == Type::floating; }

  // Of a value of that type only.
  bool boolean() const { return boolean_; }
  std::int64_t integer() const { return type_ == Type::boolean ? std::int64_t{boolean_} : integer_; }
  double floating() const { return floating_; }
  const BigInteger& big() const;
  const Str& string() const { return *string_; }
  List& items() const { return *list_; }  ///< of a list or a tuple
  Dict& dict() const { return *dict_; }
  Object& object() const { return *object_; }
  const Undefined& undefined() const { return *undefined_; }

  /// The object of that class, or nullptr.
  template <class T>
  T* get_if() const {
    return type_ == Type::object ? dynamic_cast<T*>(object_) : nullptr;
  }

  /// Python's `is`.
  bool same_as(const Any& other) const;

 private:
  Any(Type type, List* value) : type_(type), list_(value) {}

  Type type_ = Type::none;
  union {
    bool boolean_;
    std::int64_t integer_;
    double floating_;
    const Big* big_;
    const Str* string_;
    List* list_;
    Dict* dict_;
    Object* object_;
    const Undefined* undefined_;
  };
};

/// From `begin` to before `end`, in bytes.
struct TextRange {
  std::size_t begin;
  std::size_t end;
};

/// A text in UTF-8, and which parts of it came from outside.
struct Str {
  std::string_view bytes;
  std::span<const TextRange> untrusted = {};  ///< in order, not empty, not touching each other
  bool markup = false;                        ///< escaped already: Markup in Python
  bool member = false;                        ///< of an enumeration: it has the attributes `value` and `name`

  std::size_t characters(Run& run) const;  ///< counted once

  mutable std::size_t counted = static_cast<std::size_t>(-1);
};

struct Big {
  using owns_memory = void;
  BigInteger value;
};

/// A list or a tuple.
struct List {
  explicit List(std::pmr::memory_resource* memory) : items(memory) {}
  std::pmr::vector<Any> items;
  bool group = false;  ///< a tuple of groupby: (grouper, list), with these as attributes
};

/// What a name gives that has no value.
struct Undefined {
  std::string_view hint = {};   ///< the whole message, or empty
  std::string_view name = {};   ///< as it is in the message
  std::string_view owner = {};  ///< the type of what should have had it, or empty
  Failure::Kind kind = Failure::Kind::undefined;
  bool strict = false;  ///< fails where others count as empty

  [[noreturn]] void fail() const;
  void use() const {
    if (strict) fail();
  }
};

class TextBuilder;
class Iterator;
struct Arguments;

/// All that is neither a number nor a text, a list or a dictionary. Never destroyed one by one (see Heap).
class Object {
 public:
  virtual std::string_view type_name() const = 0;
  virtual bool truth(Run&) { return true; }
  virtual bool has_length() const { return false; }
  virtual std::size_t length(Run&) { return 0; }
  virtual Iterator* iterate(Run&) { return nullptr; }  ///< nullptr: cannot be iterated over
  virtual Iterator* reversed(Run&) { return nullptr; }
  /// Sets `found` to the attribute, where there is one.
  virtual bool attribute(Run&, std::string_view, Any&) { return false; }
  virtual bool has_items() const { return false; }
  virtual bool item(Run&, const Any&, Any&) { return false; }
  virtual bool callable() const { return false; }
  virtual Any call(Run&, Arguments&);
  virtual bool equals(Run&, const Object& other) { return this == &other; }
  virtual bool contains(Run&, const Any& item, bool& answer);  ///< false: by iterating
  virtual void write(TextBuilder&);                            ///< repr()
  virtual std::size_t hash(Run&) { return reinterpret_cast<std::size_t>(this); }

 protected:
  Object() = default;
  ~Object() = default;
};

/// Gives values one by one, once. As Python's iterators and generators.
class Iterator : public Object {
 public:
  virtual bool next(Run&, Any& out) = 0;  ///< false: there are no more
  std::string_view type_name() const override { return "generator"; }
  Iterator* iterate(Run&) override { return this; }

 protected:
  ~Iterator() = default;
};

/// An iterator of a function `bool (Run&, Any& out)`, which holds nothing that must be destroyed.
template <class Next>
class Generator final : public Iterator {
  static_assert(std::is_trivially_destructible_v<Next>);

 public:
  explicit Generator(Next next) : next_(next) {}
  bool next(Run& run, Any& out) override { return next_(run, out); }

 private:
  Next next_;
};

/// What a call is given.
struct Arguments {
  std::vector<Any> positional;
  std::vector<std::pair<std::string_view, Any>> named;
};

inline const BigInteger& Any::big() const { return big_->value; }

}  // namespace berth::jinja
