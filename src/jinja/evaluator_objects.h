/// The values that are parts of a running template: its loops, macros and blocks.
#pragma once

#include "jinja/evaluator.h"
#include "jinja/function.h"

namespace berth::jinja {

/// The variable `loop`.
class LoopObject final : public Object {
 public:
  LoopObject(Run& run, const Stmt& statement, Scope& scope, const Any& items, std::int64_t depth)
      : statement_(statement), scope_(scope), items_(items), iterator_(jinja::iterate(run, items)), depth_(depth) {}

  std::string_view type_name() const override { return "LoopContext"; }
  bool truth(Run& run) override { return length(run) != 0; }
  bool has_length() const override { return true; }
  std::size_t length(Run& run) override;
  /// The items that are left, each with the loop, which then goes on behind them.
  Iterator* iterate(Run& run) override;
  bool attribute(Run& run, std::string_view name, Any& found) override;
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override;
  void write(TextBuilder& out) override;

  /// Goes on to the next item.
  bool next(Run& run, Any& item);

 private:
  const Any* peek(Run& run);
  Any cycle(const std::vector<Any>& values) const;
  bool changed(Run& run, const std::vector<Any>& values);

  const Stmt& statement_;
  Scope& scope_;
  Any items_;
  Iterator* iterator_;
  std::int64_t depth_;  // from 0
  std::int64_t index_ = -1;
  std::optional<std::int64_t> length_;
  std::optional<Any> before_;
  std::optional<Any> current_;
  std::optional<Any> after_;
  bool at_end_ = false;
  List* last_changed_ = nullptr;
};

class Macro final : public Object {
 public:
  Macro(const Stmt& statement, Scope& scope) : statement_(statement), scope_(scope) {}
  std::string_view type_name() const override { return "Macro"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override { return run.evaluator.call_macro(statement_, scope_, arguments); }
  bool attribute(Run& run, std::string_view name, Any& found) override;
  void write(TextBuilder& out) override;

 private:
  const Stmt& statement_;
  Scope& scope_;
};

/// The variable `self`: the blocks of the template.
class SelfObject final : public Object {
 public:
  explicit SelfObject(const Ast& ast) : ast_(ast) {}
  std::string_view type_name() const override { return "TemplateReference"; }
  bool has_items() const override { return true; }
  bool item(Run& run, const Any& key, Any& found) override;
  void write(TextBuilder& out) override { out.append("<TemplateReference None>"); }

 private:
  const Ast& ast_;
};

class BlockObject final : public Object {
 public:
  explicit BlockObject(const Stmt& block) : block_(block) {}
  std::string_view type_name() const override { return "BlockReference"; }
  bool callable() const override { return true; }
  Any call(Run& run, Arguments& arguments) override;

 private:
  const Stmt& block_;
};

}  // namespace berth::jinja
