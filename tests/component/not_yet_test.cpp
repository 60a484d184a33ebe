/// Components that are read and written, and cannot run yet.
#include <gmock/gmock.h>

#include "berth/local_whisper_transcriber.h"
#include "berth/sentence_transformers_document_image_embedder.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::HasSubstr;

TEST(WhisperTranscriber, SaysThatItCannotRun) {
  LocalWhisperTranscriber transcriber({.model = "tiny", .device = ComponentDevice(Device::cpu())});
  EXPECT_EQ(transcriber.init_parameters().at("whisper_params"), Value(Value::Object{}));
  EXPECT_EQ(transcriber.device(), ComponentDevice(Device::cpu()));
  EXPECT_THAT(test::refusal([&] { transcriber.warm_up(); }), HasSubstr("no engine for Whisper"));
  EXPECT_THAT(test::refusal([&] {
                run_component(transcriber, {{"sources", Value::Array{"a.wav"}}});
              }),
              HasSubstr("no engine for Whisper"));
  EXPECT_THAT(test::refusal([] { LocalWhisperTranscriber({.model = "huge"}); }),
              HasSubstr("Model name 'huge' not recognized. Choose one among: "));
}

TEST(ImageEmbedder, SaysThatItCannotRun) {
  SentenceTransformersDocumentImageEmbedder embedder({.device = ComponentDevice(Device::cpu())});
  EXPECT_EQ(embedder.init_parameters().at("root_path"), Value(""));
  EXPECT_EQ(embedder.device(), ComponentDevice(Device::cpu()));
  EXPECT_THAT(test::refusal([&] { embedder.warm_up(); }), HasSubstr("no engine for models that see"));
  EXPECT_THAT(test::refusal([&] {
                run_component(embedder, {{"documents", Value::Array{}}});
              }),
              HasSubstr("no engine for models that see"));
}

}  // namespace
}  // namespace berth
