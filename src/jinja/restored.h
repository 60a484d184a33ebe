/// A value that a variable has for a while.
#pragma once

#include <utility>

namespace berth::jinja {

/// Puts a value into a variable for as long as it lives.
template <class T>
class Restored {
 public:
  Restored(T& variable, T value) : variable_(variable), before_(std::exchange(variable, value)) {}
  ~Restored() { variable_ = before_; }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  T& variable_;
  T before_;
};

}  // namespace berth::jinja
