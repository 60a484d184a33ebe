/// What a fake driver library answers and how it misbehaves, by the JSON file that BERTH_FAKE_DRIVERS names.
///
/// The file describes a machine in the terms of its drivers ("nvidia": {"gpus": [...]}), and under "faults" what a
/// function does instead of its work:
///     "cuInit": 100                        returns this error; [0, 0, 999]: one for each call, the last for the rest
///     "cuInit": "hang"                     never returns; also "crash", "abort", "exit"
///     "cuInit": "print"                    writes to both outputs, then works
///     "cuDeviceGetName": "garbage"         succeeds with all bits set; a text has no end
///     "cuDeviceGetCount": {"values": [2, 1000000000]}   succeeds with these numbers, the last for the rest
#pragma once

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <type_traits>

#include <nlohmann/json.hpp>

/// Before each function that the library exports.
#define BERTH_FAKE extern "C" [[gnu::visibility("default")]]

namespace berth::fakes {

using Json = nlohmann::json;

/// All of the file; an empty object where there is none.
inline const Json& machine() {
  static const Json description = [] {
    const char* path = std::getenv("BERTH_FAKE_DRIVERS");
    std::ifstream file(path == nullptr ? "" : path);
    return file ? Json::parse(file) : Json::object();
  }();
  return description;
}

/// One call of a function: its fault, if it has one.
class Call {
 public:
  /// Hangs, crashes or prints here.
  explicit Call(const std::string& function) {
    static std::map<std::string, std::size_t> calls;
    const auto nth = [call = calls[function]++](const Json& list) { return list.at(std::min(call, list.size() - 1)); };
    const auto faults = machine().find("faults");
    if (faults == machine().end() || !faults->contains(function)) return;
    const Json& fault = faults->at(function);
    if (fault.is_number()) error_ = fault.get<int>();
    if (fault.is_array()) error_ = nth(fault).get<int>();
    if (fault.is_object()) value_ = nth(fault.at("values"));
    if (fault == "hang")
      for (;;) pause();
    if (fault == "crash") raise(SIGSEGV);
    if (fault == "abort") std::abort();
    if (fault == "exit") _exit(0);
    garbage_ = fault == "garbage";
    if (fault == "print") {
      std::printf("{\"a driver\": \"prints\"}\n");
      std::fprintf(stderr, "a driver complains\n");
      std::fflush(stdout);
    }
  }

  int error() const { return error_; }

  /// Hands over a number or a struct, or what the fault makes of it.
  template <class T>
  void put(T* out, const std::type_identity_t<T>& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    *out = value;
    if (garbage_) std::memset(static_cast<void*>(out), 0xff, sizeof(T));
    if constexpr (std::is_arithmetic_v<T>)
      if (!value_.is_null()) *out = value_.get<T>();
  }

  /// Hands over a text into `size` bytes.
  template <class Size>
  void put_text(char* out, Size size, const std::string& text) const {
    const auto room = static_cast<std::size_t>(size);
    if (garbage_) std::memset(out, 0xff, room);
    if (garbage_ || room == 0) return;
    const auto length = std::min(text.size(), room - 1);
    std::memcpy(out, text.data(), length);
    out[length] = '\0';
  }

 private:
  int error_ = 0;
  bool garbage_ = false;
  Json value_;
};

}  // namespace berth::fakes
