/// The types of what flows between components.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// A type as Python's annotations write it: "str", "list[Document]", "dict[str, Any] | None". A regular value.
class Type {
 public:
  Type(std::string name, std::vector<Type> args = {}) : name_(std::move(name)), args_(std::move(args)) {}
  Type(const char* name) : Type(std::string(name)) {}

  static Type any() { return "Any"; }
  static Type none() { return "None"; }
  static Type list_of(Type element) { return Type("list", {std::move(element)}); }
  static Type dict_of(Type element) { return Type("dict", {"str", std::move(element)}); }
  /// "A | B". Unions among the alternatives are taken apart, and each alternative is kept once.
  static Type union_of(std::vector<Type> alternatives);
  static Type optional(Type type) { return union_of({std::move(type), none()}); }

  const std::string& name() const { return name_; }  ///< "list", "Document"; "Union" of a union
  const std::vector<Type>& args() const { return args_; }
  bool is_any() const { return name_ == "Any"; }
  bool is_union() const { return name_ == "Union"; }

  std::string str() const;  ///< "list[str] | None"

  bool operator==(const Type& other) const;  ///< alternatives of a union in any order
  friend std::ostream& operator<<(std::ostream& out, const Type& type);

 private:
  std::string name_;
  std::vector<Type> args_;
};

}  // namespace berth
