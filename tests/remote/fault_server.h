/// fault_server.py as a process, for one test.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "berth/value.h"
#include "cli/process.h"
#include "remote/http.h"

namespace berth::test {

class FaultServer {
 public:
  /// With TLS where a folder for its certificate, "cert.pem", is given.
  explicit FaultServer(const std::string& tls_folder = {})
      : scheme_(tls_folder.empty() ? "http" : "https"), process_(arguments(tls_folder), {.program = "python3"}) {
    if (!process_.wait_for("\n")) throw std::runtime_error("fault_server.py did not start: " + process_.wait().err);
    port_ = std::stoi(process_.output());
  }

  std::string url(const std::string& path) const { return fmt::format("{}://127.0.0.1:{}{}", scheme_, port_, path); }

  /// What it was asked so far.
  Value::Array log() const {
    const auto text = HttpClient({.verify = false, .proxy = ""}).post({.url = url("/log"), .body = "{}"});
    return Value::from_json(text).as_array();
  }

 private:
  static std::vector<std::string> arguments(const std::string& tls_folder) {
    std::vector<std::string> all = {BERTH_TEST_DATA_DIR "/../remote/fault_server.py"};
    if (!tls_folder.empty()) all.push_back(tls_folder);
    return all;
  }

  std::string scheme_;
  Process process_;
  int port_ = 0;
};

}  // namespace berth::test
