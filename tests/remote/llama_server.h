/// llama-server with the default model: a real service that speaks OpenAI's protocol.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "cli/process.h"
#include "test_model.h"

namespace berth::test {

class LlamaServer {
 public:
  static constexpr const char* key = "sk-of-this-server";
  static constexpr const char* deployment = "smollm2";

  /// Under the paths of Azure, below which those of OpenAI are too.
  LlamaServer()
      : process_({"-c",
                  R"(exec "$0" "$@" 2>&1)",
                  BERTH_TEST_LLAMA_SERVER,
                  "--model",
                  model_path().string(),
                  "--alias",
                  deployment,
                  "--host",
                  "127.0.0.1",
                  "--port",
                  "0",
                  "--api-key",
                  key,
                  "--api-prefix",
                  std::string("/openai/deployments/") + deployment,
                  "--ctx-size",
                  "1024",
                  "--parallel",
                  "2",
                  "--jinja",
                  "--threads",
                  "1"},
                 {.program = "/bin/sh"}) {
    const std::string before = "listening on http://127.0.0.1:";
    if (!process_.wait_for(before) || !process_.wait_for("\n"))
      throw std::runtime_error("llama-server did not start: " + process_.wait().out);
    port_ = std::stoi(process_.output().substr(process_.output().find(before) + before.size()));
  }

  std::string azure_url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::string openai_url() const { return fmt::format("{}/openai/deployments/{}/v1", azure_url(), deployment); }

 private:
  Process process_;
  int port_ = 0;
};

}  // namespace berth::test

/// Skips a test where llama-server was not built (tests/remote/llama_server/build.sh).
#define BERTH_NEEDS_LLAMA_SERVER()                       \
  BERTH_NEEDS_MODEL();                                   \
  if (!std::filesystem::exists(BERTH_TEST_LLAMA_SERVER)) \
  GTEST_SKIP() << BERTH_TEST_LLAMA_SERVER << " is not here; build it by tests/remote/llama_server/build.sh"
