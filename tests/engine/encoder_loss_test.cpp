/// Encoders on workers that are killed and frozen: this process goes on, and so does the batch.
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <thread>

#include "berth/error.h"
#include "berth/text_encoder.h"
#include "engine/cut_answer.h"
#include "engine/host/encode_parts.h"
#include "real_worker.h"
#include "refusal.h"
#include "several_clients.h"
#include "test_model.h"
#include "tiny_encoders.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(EncodeParts, MakeTheResultThatWasSent) {
  const EncodeResult sent{.first_token = {0, 2, 3},
                          .hidden_states = {.shape = {3, 2}, .values = {1, 2, 3, 4, 5, 6}},
                          .embedding = {.shape = {0, 7}, .values = {}},
                          .logits = {.shape = {1, 1, 1}, .values = {7}}};
  host::EncodeParts parts;
  const auto rest = host::send_parts(sent, [&](std::string_view part) { parts.take(part); });
  EXPECT_EQ(std::move(parts).finish(rest), sent);
}

TEST(EncodeParts, ThatDoNotBelongTogetherAreRefused) {
  const EncodeResult sent{.first_token = {0, 1}, .hidden_states = {.shape = {1, 2}, .values = {1, 2}}};
  const auto rest = host::send_parts(sent, [](std::string_view) {});
  EXPECT_THROW(host::EncodeParts().finish(rest), std::invalid_argument);
  EXPECT_THROW(host::EncodeParts().finish(Value()), std::invalid_argument);
  for (const std::string_view wrong : {"", "\0\0\0", "\0\0\0\0abc", "\7\0\0\0abcd"})
    EXPECT_THROW(host::EncodeParts().take(wrong), std::invalid_argument);
}

#ifdef BERTH_TEST_RPC_WORKER

using loss_time = std::chrono::steady_clock;

const std::filesystem::path lost_encoders = BERTH_TEST_DATA_DIR "/encoders";

EncoderRequest encoder_at(const std::filesystem::path& model, const std::string& endpoint) {
  EncoderRequest request{.model = model, .device = Device::rpc(0)};
  request.keys.set("rpc:0", {.endpoint = endpoint});
  return request;
}

/// More tokens than a device is given at a time.
EncodeRequest many_sequences(std::size_t count = 500) {
  EncodeRequest request{.outputs = {EncoderOutput::embedding}};
  for (std::size_t i = 0; i < count; ++i) {
    request.token_ids.emplace_back();
    for (std::size_t at = 0; at < 11 + i % 20; ++at)
      request.token_ids.back().push_back(static_cast<std::int32_t>(3 + (7 * at + i) % 36));
  }
  return request;
}

void expect_same_rows(const EncodedTensor& found, const EncodedTensor& expected) {
  ASSERT_EQ(found.shape, expected.shape);
  double largest = 0;
  for (std::size_t i = 0; i < found.values.size(); ++i)
    largest = std::max<double>(largest, std::abs(found.values[i] - expected.values[i]));
  EXPECT_LE(largest, 1e-4);
}

/// A call that does something once, when a part of it is done.
struct LossyCall {
  std::vector<std::string> warnings = {};
  std::vector<float> progress = {};

  /// Without the warnings of an engine that loads.
  std::vector<std::string> losses() const {
    auto all = warnings;
    std::erase_if(all, [](const auto& each) { return each.find(" was lost: ") == each.npos; });
    return all;
  }

  EncodeContext context(std::function<void()> strike) {
    EncodeContext call;
    call.progress = [this, strike = std::move(strike)](float part) {
      progress.push_back(part);
      if (progress.size() == 1) strike();
      return true;
    };
    call.log = [this](LogLevel, std::string_view text) { warnings.emplace_back(text); };
    return call;
  }
};

class EncoderLoss : public testing::Test {
 protected:
  void SetUp() override { setenv("BERTH_PROBES", "cpu,rpc", 1); }
  void TearDown() override { unsetenv("BERTH_PROBES"); }

  std::filesystem::path bert_as_gguf() const {
    return test::BertAsGguf().write(lost_encoders / "st_dense", folder_.path() / "bert.gguf");
  }

  const test::TemporaryFolder folder_;
};

TEST_F(EncoderLoss, OfAWorkerThatIsKilledLosesNoRow) {
  for (const auto& path : {lost_encoders / "st_dense", bert_as_gguf()}) {
    SCOPED_TRACE(path);
    test::RealWorker worker(BERTH_TEST_RPC_WORKER);
    const auto model = load_encoder(encoder_at(path, worker.endpoint()));
    const auto request = many_sequences();
    LossyCall call;
    const auto result = model->encode(request, call.context([&] { worker.end(); }));
    expect_same_rows(result.embedding, load_encoder({.model = path})->encode(request).embedding);
    EXPECT_THAT(call.losses(), ElementsAre(AllOf(HasSubstr("rpc:0 (127.0.0.1:"), HasSubstr("going on on cpu"))));
    EXPECT_TRUE(std::ranges::is_sorted(call.progress));
    EXPECT_EQ(call.progress.back(), 1);
    for (const auto& [tensor, device] : model->placement()) EXPECT_EQ(device, Device::cpu()) << tensor;
  }
}

/// What is told where `worker` is frozen while it computes. No row is lost, and it does not take for ever, nor patience_s.
template <class Worker>
std::vector<std::string> losses_of_frozen(Worker& worker) {
  const auto path = lost_encoders / "st_dense";
  const auto model = load_encoder(encoder_at(path, worker.endpoint()));
  const auto request = many_sequences();
  loss_time::time_point start;
  LossyCall call;
  const auto result = model->encode(request, call.context([&] {
    worker.freeze();
    start = loss_time::now();
  }));
  EXPECT_LT(loss_time::now() - start, std::chrono::seconds(30));
  expect_same_rows(result.embedding, load_encoder({.model = path})->encode(request).embedding);
  return call.losses();
}

TEST_F(EncoderLoss, OfAFrozenWorkerIsNoticedWithinSeconds) {
  test::SeveralClients worker(BERTH_TEST_RPC_WORKER);
  EXPECT_THAT(losses_of_frozen(worker), ElementsAre(HasSubstr("greets nobody any more")));
}

TEST_F(EncoderLoss, OfAStoppedWorkerOfGgmlOnThisMachineIsNoticedWithinSeconds) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  EXPECT_THAT(losses_of_frozen(worker), ElementsAre(AllOf(HasSubstr("is stopped"), HasSubstr("going on on cpu"))));
}

TEST_F(EncoderLoss, GoesOnOnAnotherWorker) {
  const test::RealWorker other(BERTH_TEST_RPC_WORKER);
  setenv("BERTH_RPC", other.endpoint().c_str(), 1);
  const auto path = lost_encoders / "st_dense";
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto model = load_encoder(encoder_at(path, worker.endpoint()));
  const auto request = many_sequences();
  LossyCall call;
  const auto result = model->encode(request, call.context([&] { worker.end(); }));
  unsetenv("BERTH_RPC");
  expect_same_rows(result.embedding, load_encoder({.model = path})->encode(request).embedding);
  EXPECT_THAT(call.losses(), ElementsAre(HasSubstr("going on on rpc:0")));
  for (const auto& [tensor, device] : model->placement()) EXPECT_EQ(device, Device::rpc(0)) << tensor;
}

TEST_F(EncoderLoss, OfAFrozenWorkerLeavesTheCallToBeStopped) {
  test::SeveralClients worker(BERTH_TEST_RPC_WORKER);
  const auto model = load_encoder(encoder_at(lost_encoders / "st_dense", worker.endpoint()));
  std::stop_source stop;
  loss_time::time_point start;
  LossyCall call;
  auto context = call.context([&] {
    worker.freeze();
    start = loss_time::now();
    stop.request_stop();
  });
  context.stop = stop.get_token();
  EXPECT_THROW(model->encode(many_sequences(), context), Cancelled);
  EXPECT_LT(loss_time::now() - start, std::chrono::seconds(20));
}

TEST_F(EncoderLoss, BetweenTwoCallsIsToldByTheNextOne) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto model = load_encoder(encoder_at(bert_as_gguf(), worker.endpoint()));
  EXPECT_EQ(model->memory().size(), 2U);
  worker.end();
  EXPECT_EQ(model->memory().front().device, Device::cpu());
  LossyCall call;
  model->encode(many_sequences(1), call.context([] {}));
  EXPECT_THAT(call.losses(), ElementsAre(HasSubstr("going on on cpu")));
  LossyCall next;
  model->encode(many_sequences(1), next.context([] {}));
  EXPECT_THAT(next.losses(), ElementsAre()) << "told once";
}

TEST_F(EncoderLoss, DuringTheLoadIsOutlivedToo) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto request = encoder_at(lost_encoders / "st_dense", worker.endpoint());
  worker.end();
  std::vector<std::string> warnings;
  LoadContext context;
  context.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
  const auto model = load_encoder(request, context);
  EXPECT_EQ(model->encode(many_sequences(3)).embedding.rows(), 3U);
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("cannot be reached"), HasSubstr("going on on cpu"))));
}

TEST_F(EncoderLoss, OfAModelThatIsGoneTooTellsBoth) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto path = bert_as_gguf();
  const auto model = load_encoder(encoder_at(path, worker.endpoint()));
  LossyCall call;
  const auto why = test::refusal<EngineLost>([&] {
    model->encode(many_sequences(), call.context([&] {
      std::filesystem::remove(path);
      worker.end();
    }));
  });
  EXPECT_THAT(why, AllOf(HasSubstr("the process of the engine"), HasSubstr("loading anew failed"), HasSubstr(path)));
}

TEST_F(EncoderLoss, LeavesNothingBehind) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto request = encoder_at(bert_as_gguf(), worker.endpoint());
  const auto files = files_open();
  const auto children = children_of_this();
  {
    const auto model = load_encoder(request);
    EXPECT_EQ(children_of_this(), children + 1);
    LossyCall call;
    model->encode(many_sequences(), call.context([] {}));
    EXPECT_FALSE(memory_of(request).empty());
  }
  EXPECT_EQ(files_open(), files);
  EXPECT_EQ(children_of_this(), children);
}

TEST_F(EncoderLoss, AnEncoderOnAWorkerIsAskedAsOneHere) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto path = bert_as_gguf();
  const auto here = load_encoder({.model = path});
  const auto there = load_encoder(encoder_at(path, worker.endpoint()));
  auto info = there->info();
  info.load_ms = here->info().load_ms;
  EXPECT_EQ(info.labels, here->info().labels);
  EXPECT_EQ(info.max_sequence_tokens, here->info().max_sequence_tokens);
  EXPECT_EQ(info.embedding_size, here->info().embedding_size);
  for (const auto& input : {EncodeInput{"a b c"}, EncodeInput{"the quick", "brown fox"}, EncodeInput{""}})
    EXPECT_EQ(there->tokenize(input, {.max_length = 5}), here->tokenize(input, {.max_length = 5}));
  EXPECT_THROW((void)there->tokenize({"\xFF"}, {}), std::invalid_argument);

  EXPECT_EQ(there->encode({}).hidden_states.shape, here->encode({}).hidden_states.shape);
  auto wrong = many_sequences();
  wrong.token_ids[400].clear();
  EXPECT_THAT(test::refusal([&] { there->encode(wrong); }), HasSubstr("Sequence 400"));
  EncodeContext refuses;
  refuses.progress = [](float) { return false; };
  EXPECT_THROW(there->encode(many_sequences(), refuses), Cancelled);
  refuses.progress = [](float) -> bool { throw std::domain_error("enough"); };
  EXPECT_THROW(there->encode(many_sequences(), refuses), std::domain_error);
  EXPECT_EQ(there->encode(many_sequences(2)).embedding.rows(), 2U) << "and goes on";
}

TEST_F(EncoderLoss, MoreTokensThanAMessageHoldsAreComputedInParts) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto path = lost_encoders / "st_dense";
  const auto there = load_encoder(encoder_at(path, worker.endpoint()));
  const auto request = many_sequences(14'000);  // 287,000 tokens
  const auto result = there->encode(request);
  expect_same_rows(result.embedding, load_encoder({.model = path})->encode(request).embedding);
  EXPECT_EQ(result.first_token.size(), 14'001U);
  EXPECT_EQ(result.first_token.back(), 287'000U);
}

TEST_F(EncoderLoss, SeveralThreadsAskAtOnce) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto path = lost_encoders / "st_dense";
  const auto model = load_encoder(encoder_at(path, worker.endpoint()));
  const auto request = many_sequences();
  const auto expected = load_encoder({.model = path})->encode(request);
  std::vector<LossyCall> calls(3);
  {
    std::vector<std::jthread> threads;
    for (auto& call : calls)
      threads.emplace_back(
          [&] { expect_same_rows(model->encode(request, call.context([&] {})).embedding, expected.embedding); });
    worker.end();
  }
  for (const auto& call : calls) EXPECT_LE(call.losses().size(), 1U);
}

#endif

}  // namespace
}  // namespace berth
