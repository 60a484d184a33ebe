/// The tests after `is`.
#include <array>

#include "jinja/function.h"
#include "jinja/operators.h"
#include "jinja/text_search.h"

namespace berth::jinja {
namespace {

Any has_remainder(Run& run, const Any& value, const Any& divisor, int remainder) {
  return equal(run, arithmetic(run, Op::modulo, value, divisor), remainder);
}

Any odd(Run& run, Bound& bound) { return has_remainder(run, bound.self, 2, 1); }
Any even(Run& run, Bound& bound) { return has_remainder(run, bound.self, 2, 0); }
Any divisible_by(Run& run, Bound& bound) { return has_remainder(run, bound.self, bound[0], 0); }

Any defined(Run&, Bound& bound) { return !bound.self.is_undefined(); }
Any undefined(Run&, Bound& bound) { return bound.self.is_undefined(); }

Any filter(Run& run, Bound& bound) {
  if (!bound.self.is_string()) return hash_of(run, bound.self) == 0 && false;  // what has no hash is an error
  return find_filter(run.environment, bound.self.string().bytes) != nullptr;
}
Any test(Run& run, Bound& bound) {
  if (!bound.self.is_string()) return hash_of(run, bound.self) == 0 && false;
  return find_test(bound.self.string().bytes) != nullptr;
}

Any none(Run&, Bound& bound) { return bound.self.is_none(); }
Any boolean(Run&, Bound& bound) { return bound.self.is(Type::boolean); }
Any is_false(Run&, Bound& bound) { return bound.self.is(Type::boolean) && !bound.self.boolean(); }
Any is_true(Run&, Bound& bound) { return bound.self.is(Type::boolean) && bound.self.boolean(); }
Any integer(Run&, Bound& bound) { return bound.self.is(Type::integer) || bound.self.is(Type::big); }
Any floating(Run&, Bound& bound) { return bound.self.is(Type::floating); }
Any number(Run&, Bound& bound) { return bound.self.is_number(); }
Any string(Run&, Bound& bound) { return bound.self.is_string(); }
Any mapping(Run&, Bound& bound) { return bound.self.is(Type::dict); }
Any escaped(Run&, Bound& bound) { return bound.self.is_string() && bound.self.string().markup; }
Any callable(Run&, Bound& bound) { return is_callable(bound.self); }
Any iterable(Run& run, Bound& bound) { return is_iterable(run, bound.self); }
Any sequence(Run&, Bound& bound) {
  return has_length(bound.self) && (!bound.self.is(Type::object) || bound.self.object().has_items());
}
Any same_as(Run&, Bound& bound) { return bound.self.same_as(bound[0]); }

template <bool upper>
Any cased(Run& run, Bound& bound) {
  Arguments none_given;
  static const auto methods = table_of({text_methods});
  return call(run, *find_function(methods, upper ? "isupper" : "islower"), str_of(run, bound.self), none_given);
}

template <Op op>
Any compares(Run& run, Bound& bound) {
  return compare(run, op, bound.self, bound[0]);
}

constexpr std::array test_table = {
    Function("!=", "other /", compares<Op::not_equal>),
    Function("<", "other /", compares<Op::less>),
    Function("<=", "other /", compares<Op::less_equal>),
    Function("==", "other /", compares<Op::equal>),
    Function(">", "other /", compares<Op::greater>),
    Function(">=", "other /", compares<Op::greater_equal>),
    Function("boolean", "", boolean),
    Function("callable", "", callable),
    Function("defined", "", defined),
    Function("divisibleby", "num", divisible_by),
    Function("eq", "other /", compares<Op::equal>),
    Function("equalto", "other /", compares<Op::equal>),
    Function("escaped", "", escaped),
    Function("even", "", even),
    Function("false", "", is_false),
    Function("filter", "", filter),
    Function("float", "", floating),
    Function("ge", "other /", compares<Op::greater_equal>),
    Function("greaterthan", "other /", compares<Op::greater>),
    Function("gt", "other /", compares<Op::greater>),
    Function("in", "seq", compares<Op::in>),
    Function("integer", "", integer),
    Function("iterable", "", iterable),
    Function("le", "other /", compares<Op::less_equal>),
    Function("lessthan", "other /", compares<Op::less>),
    Function("lower", "", cased<false>),
    Function("lt", "other /", compares<Op::less>),
    Function("mapping", "", mapping),
    Function("ne", "other /", compares<Op::not_equal>),
    Function("none", "", none),
    Function("number", "", number),
    Function("odd", "", odd),
    Function("sameas", "other", same_as),
    Function("sequence", "", sequence),
    Function("string", "", string),
    Function("test", "", test),
    Function("true", "", is_true),
    Function("undefined", "", undefined),
    Function("upper", "", cased<true>),
};

}  // namespace

const std::span<const Function> test_functions = test_table;

}  // namespace berth::jinja
