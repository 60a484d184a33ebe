/// LocalWhisperTranscriber: read, checked and written; speech cannot be transcribed yet.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/document.h"

namespace berth {

struct LocalWhisperTranscriberParameters {
  std::string model = "large";                 ///< "tiny", "base", "small", "medium", ...
  std::optional<ComponentDevice> device = {};  ///< absent: the best of this machine
  std::optional<Value::Object> whisper_params = {};

  static auto fields() {
    using P = LocalWhisperTranscriberParameters;
    return std::tuple(field("model", &P::model), field("device", &P::device),
                      field("whisper_params", &P::whisper_params));
  }
};

/// Haystack's component of that name, without an engine: warm_up() and run() say so.
class LocalWhisperTranscriber final : public ComponentWith<LocalWhisperTranscriberParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.audio.whisper_local.LocalWhisperTranscriber";

  /// Throws std::invalid_argument for a model that Whisper does not have.
  explicit LocalWhisperTranscriber(Parameters parameters = {});

  void warm_up(const CallContext& context = {}) override;
  void run(Run& run) override;
  std::optional<std::string> known_problem() const override;
  std::optional<ComponentDevice> device() const override { return parameters().device; }

 private:
  Input<Value> sources_ = input("sources", Type("list[str | Path | ByteStream]"));
  Input<std::optional<Value::Object>> params_ = input<std::optional<Value::Object>>("whisper_params", std::nullopt);
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
