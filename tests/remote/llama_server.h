/// llama-server with the default model: a real service that speaks OpenAI's protocol.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/process.h"
#include "test_model.h"

namespace berth::test {

class LlamaServer {
 public:
  static constexpr const char* key = "sk-of-this-server";
  static constexpr const char* deployment = "smollm2";

  /// Under the paths of Azure, below which those of OpenAI are too. With the model's own chat template where no file of
  /// another one is given.
  explicit LlamaServer(const std::string& template_file = {})
      : process_(arguments(template_file), {.program = "/bin/sh"}) {
    const std::string before = "listening on http://127.0.0.1:";
    if (!process_.wait_for(before) || !process_.wait_for("\n"))
      throw std::runtime_error("llama-server did not start: " + process_.wait().out);
    port_ = std::stoi(process_.output().substr(process_.output().find(before) + before.size()));
  }

  std::string azure_url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::string openai_url() const { return fmt::format("{}/openai/deployments/{}/v1", azure_url(), deployment); }

 private:
  static std::vector<std::string> arguments(const std::string& template_file) {
    std::vector<std::string> all = {"-c", R"(exec "$0" "$@" 2>&1)", BERTH_TEST_LLAMA_SERVER};
    const auto add = [&](const std::string& name, const std::string& value) { all.insert(all.end(), {name, value}); };
    add("--model", model_path().string());
    add("--alias", deployment);
    add("--host", "127.0.0.1");
    add("--port", "0");
    add("--api-key", key);
    add("--api-prefix", std::string("/openai/deployments/") + deployment);
    add("--ctx-size", "1024");
    add("--parallel", "2");
    add("--threads", "1");
    all.emplace_back("--jinja");
    if (!template_file.empty()) add("--chat-template-file", template_file);
    return all;
  }

  Process process_;
  int port_ = 0;
};

}  // namespace berth::test

/// Skips a test where llama-server was not built (tests/remote/llama_server/build.sh).
#define BERTH_NEEDS_LLAMA_SERVER()                       \
  BERTH_NEEDS_MODEL();                                   \
  if (!std::filesystem::exists(BERTH_TEST_LLAMA_SERVER)) \
  GTEST_SKIP() << BERTH_TEST_LLAMA_SERVER << " is not here; build it by tests/remote/llama_server/build.sh"
