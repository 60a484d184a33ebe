#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <string_view>

#include "berth/value.h"
#include "value/python_text.h"

namespace berth {
namespace {

bool stands_for_itself(char c) {
  const auto code = static_cast<unsigned char>(c);
  return code >= 0x20 && code < 0x80 && c != '"' && c != '\\';
}

/// Separators and numbers are those of Python's json.dumps, which nlohmann/json does not have.
class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  void write(const Value& value) {
    if (value.is_null()) {
      out_ += "null";
    } else if (value.is_bool()) {
      out_ += value.as_bool() ? "true" : "false";
    } else if (value.is_int() || value.is_large_int()) {
      out_ += value.int_text();
    } else if (value.is_double()) {
      out_ += std::isfinite(value.as_double()) ? python_float(value.as_double()) : "null";
    } else if (value.is_string()) {
      write_string(value.as_string());
    } else if (value.is_array()) {
      write_all('[', value.as_array(), ']', [this](const Value& element) { write(element); });
    } else if (value.is_instance()) {
      write(value.as_instance().to_dict());
    } else {
      write_all('{', value.as_object(), '}', [this](const auto& entry) {
        write_string(entry.first);
        out_ += ": ";
        write(entry.second);
      });
    }
  }

  std::string take() { return std::move(out_); }

 private:
  template <class Elements, class F>
  void write_all(char open, const Elements& elements, char close, F write_element) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& element : elements) {
      if (!first) out_ += indent_ < 0 ? ", " : ",";
      new_line();
      write_element(element);
      first = false;
    }
    --depth_;
    if (!first) new_line();
    out_ += close;
  }

  void new_line() {
    if (indent_ >= 0) out_.append(1, '\n').append(static_cast<std::size_t>(indent_) * depth_, ' ');
  }

  void write_string(std::string_view text) {
    if (std::ranges::all_of(text, stands_for_itself))
      out_.append(1, '"').append(text).append(1, '"');
    else
      out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  int indent_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string Value::to_json(int indent) const {
  Writer writer(indent);
  writer.write(*this);
  return writer.take();
}

}  // namespace berth
