/// What a template is made of once it is parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jinja/any.h"
#include "jinja/function.h"
#include "jinja/heap.h"
#include "jinja/operators.h"

namespace berth::jinja {

/// A name that a template uses, by its place in Ast::names.
using NameId = std::uint32_t;

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

/// What is given in a call, a filter or a test.
struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr more_positional;  ///< *list
  ExprPtr more_named;       ///< **dict
};

struct Expr {
  enum class Kind : std::uint8_t {
    constant,       // value
    name,           // name
    namespace_ref,  // name.text, where something is assigned
    tuple,          // parts
    list,           // parts
    dict,           // parts: key, value, key, value...
    negative,       // parts[0]
    positive,       // parts[0]
    logical_not,    // parts[0]
    logical_and,    // parts[0], parts[1]
    logical_or,     // parts[0], parts[1]
    arithmetic,     // parts[0] ops[0] parts[1]
    comparison,     // parts[0] ops[0] parts[1] ops[1] parts[2]...
    concatenation,  // parts
    conditional,    // parts: condition, value, other value or nullptr
    attribute,      // parts[0].text
    item,           // parts[0][parts[1]]
    slice,          // parts: object, start, stop, step; those that are missing are nullptr
    call,           // parts[0](arguments)
    filter,         // parts[0], or what a block makes where that is nullptr; text is the name
    test            // parts[0]; text is the name
  };

  Kind kind;
  Place place;
  NameId name = 0;
  Any value;
  std::string text;
  std::vector<Op> ops;
  std::vector<ExprPtr> parts;
  std::unique_ptr<CallArguments> arguments;
  const Function* function = nullptr;  ///< of a filter or test; nullptr where none has that name
};

struct Stmt;
using StmtPtr = std::unique_ptr<Stmt>;
using Body = std::vector<StmtPtr>;

/// The parameters of a macro, or of what {% call %} gives it.
struct MacroSignature {
  std::string name;  ///< empty: has none
  std::vector<NameId> parameters;
  std::vector<ExprPtr> defaults;  ///< of the last parameters
  bool takes_caller = false;
  bool takes_named = false;       ///< kwargs
  bool takes_positional = false;  ///< varargs
};

/// One of the cases of {% if %}.
struct Branch {
  ExprPtr test;
  Body body;
};

struct Stmt {
  enum class Kind : std::uint8_t {
    text,          // text
    print,         // expr
    if_else,       // branches, other
    for_loop,      // target, expr (what is iterated over), test, body, other
    set,           // target, expr
    set_block,     // target, expr (filters or nullptr), body
    with,          // targets and values in pairs, body
    macro,         // name, signature, body
    call_block,    // expr (a call), signature, body
    filter_block,  // expr (filters), body
    block,         // text is the name, body
    autoescape,    // expr, body
    scope,         // body
    loop_break,
    loop_continue,
    message,  // arguments, body
    load      // {% include %}, {% import %}, {% extends %}: expr
  };

  Kind kind;
  Place place;
  NameId name = 0;
  std::string text;
  ExprPtr target;
  ExprPtr expr;
  ExprPtr test;
  std::vector<std::pair<ExprPtr, ExprPtr>> pairs;
  std::vector<Branch> branches;
  Body body;
  Body other;
  std::unique_ptr<MacroSignature> signature;
  std::unique_ptr<CallArguments> arguments;
  std::vector<NameId> hidden;           ///< in `body`, see symbols.h
  std::vector<NameId> hidden_in_other;  ///< of a loop
  bool recursive = false;               ///< of a loop
  bool uses_loop = false;               ///< of a loop: the variable `loop` is read in it
  bool keeps_scope = false;             ///< a macro in it may see its variables when it has ended
  bool scoped = false;                  ///< of a block: it sees the variables around it
  bool required = false;                ///< of a block
  bool ignores_missing = false;         ///< of an include
};

struct Ast {
  Body body;
  std::vector<std::string> names;
  std::vector<NameId> hidden;  ///< see symbols.h
  std::unordered_map<std::string, const Stmt*> blocks;
  std::vector<std::string> undeclared;  ///< what it reads and does not set, in order of appearance
  Heap constants;
};

}  // namespace berth::jinja
