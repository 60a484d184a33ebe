#include "jinja/run.h"

#include <fmt/format.h>

#include "jinja/operators.h"
#include "jinja/text.h"

namespace berth::jinja {

void Run::too_many_steps() { other_error("the template takes more than 1000000 steps"); }
void Run::too_much_text() { other_error("the template makes more than 256 MiB of text"); }

Any Run::big(BigInteger value) {
  if (const auto small = value.to_int64()) return *small;
  if (value.limb_count() > Limits::big_limbs)
    other_error(fmt::format("a whole number is too large (more than {} bits)", 32 * Limits::big_limbs));
  count_steps(value.limb_count() / 8);
  return heap.make<Big>(Big{std::move(value)});
}

Any Run::undefined_of(const Any& owner, const Any& name, Failure::Kind kind) {
  TextBuilder written(*this);
  write_repr(written, name);
  std::string_view type = "None";
  if (!owner.is_none()) type = heap.keep(fmt::format("{} object", type_name(owner)));
  return heap.make<Undefined>(Undefined{
      .name = heap.keep(written.bytes()), .owner = type, .kind = kind, .strict = environment.strict_undefined});
}

void Undefined::fail() const {
  if (!hint.empty()) jinja::fail(kind, std::string(hint));
  if (owner.empty()) jinja::fail(kind, fmt::format("'{}' is undefined", name));
  if (kind == Failure::Kind::security)
    jinja::fail(kind, fmt::format("access to attribute {} of {} is unsafe", name, owner));
  jinja::fail(kind, name.starts_with('\'') || name.starts_with('"')
                        ? fmt::format("'{}' has no attribute {}", owner, name)
                        : fmt::format("{} has no element {}", owner, name));
}

Any Object::call(Run&, Arguments&) { type_error(fmt::format("'{}' object is not callable", type_name())); }
bool Object::contains(Run&, const Any&, bool&) { return false; }
void Object::write(TextBuilder&) {
  other_error(fmt::format("a {} is printed: what Python prints of it differs from run to run", type_name()));
}

}  // namespace berth::jinja
