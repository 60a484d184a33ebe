/// What goes between a process and its engine's: messages, chunks and exceptions.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <new>
#include <thread>

#include "berth/error.h"
#include "engine/host/chunk.h"
#include "engine/host/connection.h"
#include "engine/host/failure.h"

namespace berth::host {
namespace {

using testing::HasSubstr;

struct Ends {
  std::pair<Descriptor, Descriptor> sockets = Connection::pair();
  Connection here{std::move(sockets.first)};
  Connection there{std::move(sockets.second)};
};

TEST(HostConnection, BringsWhatWasSentInItsOrder) {
  Ends ends;
  const std::string large(3 << 20, 'x');  // more than a socket holds
  std::thread sender([&] {
    ends.here.send(Kind::generate, "first");
    ends.here.send(Kind::cancel);
    ends.here.send(Kind::chunk, large);
  });
  const auto first = ends.there.receive();
  EXPECT_EQ(first->kind, Kind::generate);
  EXPECT_EQ(first->body, "first");
  EXPECT_EQ(ends.there.receive()->kind, Kind::cancel);
  EXPECT_EQ(ends.there.receive()->body, large);
  sender.join();
}

TEST(HostConnection, BringsADescriptorAlong) {
  Ends ends;
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const Descriptor reading(pipe_ends[0]);
  ends.here.send(Kind::open_session, {}, Descriptor(pipe_ends[1]));
  const auto came = ends.there.receive();
  ASSERT_GE(came->descriptor, 0);
  ASSERT_EQ(write(came->descriptor, "y", 1), 1);
  char read_back = 0;
  EXPECT_EQ(read(reading, &read_back, 1), 1);
  EXPECT_EQ(read_back, 'y');
}

TEST(HostConnection, TellsAnEndFromACut) {
  Ends orderly;
  orderly.here.shut_down();
  EXPECT_FALSE(orderly.there.receive());
  for (const std::size_t bytes : {3U, 8U, 9U}) {
    auto [here, there] = Connection::pair();
    Connection receiver(std::move(there));
    const std::uint32_t cut[] = {5, static_cast<std::uint32_t>(Kind::done), 0};  // says five bytes
    ASSERT_EQ(write(here, cut, bytes), static_cast<ssize_t>(bytes));
    here.reset();
    EXPECT_THROW(receiver.receive(), ConnectionLost) << bytes;
  }
}

TEST(HostConnection, RefusesWhatIsNoMessage) {
  for (const auto& [size, kind] : {std::pair<std::uint32_t, std::uint32_t>{0xffffffff, 1}, {4, 0}, {4, 9999}}) {
    auto [here, there] = Connection::pair();
    Connection receiver(std::move(there));
    const std::uint32_t header[] = {size, kind};
    ASSERT_EQ(write(here, header, sizeof header), static_cast<ssize_t>(sizeof header));
    EXPECT_THROW(receiver.receive(), ConnectionLost) << size << ' ' << kind;
  }
  Ends ends;
  EXPECT_THROW(ends.here.send(Kind::generate, std::string(longest_body + 1, ' ')), std::invalid_argument);
}

TEST(HostConnection, DoesNotWaitForEverForWhatWasBegun) {
  auto [here, there] = Connection::pair();
  Connection receiver(std::move(there), std::chrono::seconds(1));
  const std::uint32_t header[] = {5, static_cast<std::uint32_t>(Kind::done)};
  ASSERT_EQ(write(here, header, sizeof header), static_cast<ssize_t>(sizeof header));
  EXPECT_THROW(receiver.receive(), ConnectionLost);
}

TEST(HostChunk, ComesBackAsItWas) {
  for (const auto& chunk :
       {Chunk{0, {}, ""}, Chunk{3, {1, 2, 99999}, "h\xc3\xa9"}, Chunk{1, {7}, std::string(1, '\0')}})
    EXPECT_EQ(Chunk::from_bytes(chunk.bytes()), chunk);
}

TEST(HostChunk, ThatIsCutIsRefused) {
  const auto bytes = Chunk{1, {1, 2, 3}, ""}.bytes();
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_THROW(Chunk::from_bytes(std::string_view(bytes).substr(0, n)), std::invalid_argument) << n;
  EXPECT_THROW(Chunk::from_bytes(std::string(8, '\xff')), std::invalid_argument);
}

/// What throw_failure() makes of what `thrown` became.
template <class Problem>
Problem sent(const Problem& thrown) {
  std::string json;
  try {
    throw thrown;
  } catch (...) {
    json = failure_json();
  }
  try {
    throw_failure(json);
  } catch (const Problem& came) {
    return came;
  }
}

TEST(HostFailure, IsTheSameExceptionOnTheOtherSide) {
  const auto engine = sent(EngineError("llama.cpp", "rpc:0", "out of memory"));
  EXPECT_EQ(engine.device(), "rpc:0");
  EXPECT_EQ(engine.cause(), "out of memory");
  for (const auto& format : {FormatError("a.gguf", 17, "x", "y"), FormatError("a.gguf", "x is there", "y")}) {
    const auto came = sent(format);
    EXPECT_STREQ(came.what(), format.what());
    EXPECT_EQ(came.offset(), format.offset());
  }
  EXPECT_STREQ(sent(ModelNotFound("no model")).what(), "no model");
  EXPECT_STREQ(sent(Cancelled("stop")).what(), "stop");
  EXPECT_STREQ(sent(std::invalid_argument("bad")).what(), "bad");
  EXPECT_STREQ(sent(std::runtime_error("other")).what(), "other");
  (void)sent(std::bad_alloc());
}

TEST(HostFailure, ThatMakesNoSenseIsRefused) {
  for (const auto* text : {"{}", R"({"type": "EngineError"})", R"({"type": 3})", R"({"type": "odd"})"})
    EXPECT_ANY_THROW(throw_failure(text)) << text;
}

}  // namespace
}  // namespace berth::host
