#include "discover/remote/rpc_worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <random>
#include <span>
#include <thread>

#include "discover/drivers/driver_report.h"
#include "discover/host/system_file.h"
#include "discover/remote/worker_link.h"
#include "net/sockets.h"
#include "text/descriptor.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = RpcError::Kind;

// ggml-rpc.h and ggml-rpc.cpp of the pinned llama.cpp. A request is a byte, 8 bytes of length and a body; an answer is
// 8 bytes of length and a body. All numbers are little-endian, as on every machine that ggml's RPC works on.
constexpr std::uint8_t protocol_major = 7;
constexpr std::uint8_t protocol_minor = 0;

enum class Command : std::uint8_t {
  alloc_buffer = 0,
  buffer_get_base = 3,
  free_buffer = 4,
  set_tensor = 6,
  get_device_memory = 11,
  hello = 14,
  device_count = 15,
};

// How a front of Berth's own answers a greeting where it lets nobody in, instead of a Hello.
constexpr std::string_view refusal_of_front = "berth: ";
constexpr std::size_t longest_refusal = 200;

// What stands in the capabilities of an answer to `question_to_front` before the two numbers.
constexpr std::string_view mark_of_identity = "berth id";

#pragma pack(push, 1)
struct Hello {
  std::uint8_t major, minor, patch, padding;
  std::array<std::byte, 24> capabilities;
};
struct AllocRequest {
  std::uint32_t device;
  std::uint64_t size;
};
struct AllocResponse {
  std::uint64_t buffer, size;
};
struct MemoryResponse {
  std::uint64_t free_bytes, total_bytes;
};
struct Tensor {
  std::uint64_t id;
  std::uint32_t type;
  std::uint64_t buffer;
  std::array<std::uint32_t, 4> ne;
  std::array<std::uint32_t, 4> nb;
  std::uint32_t op;
  std::array<std::int32_t, 16> op_params;
  std::int32_t flags;
  std::array<std::uint64_t, 10> src;
  std::uint64_t view_src, view_offset, data;
  std::array<char, 64> name;
  std::int32_t use_count;
};
struct SetTensor {
  Tensor tensor;
  std::uint8_t cache;
  std::uint64_t offset;
};
#pragma pack(pop)
static_assert(sizeof(Tensor) == 296 && sizeof(Hello) == 28);

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

struct RpcWorker::Connection {
  std::string endpoint;
  Clock::time_point deadline;
  WorkerLink link;
  Descriptor socket;  // where it is secured: the end of a pair whose other end is relayed
  std::thread relaying;
  std::string version;
  mutable Clock::duration shortest_answer = Clock::duration::max();

  Connection(const std::string& name, std::chrono::milliseconds time, std::chrono::milliseconds to_connect)
      : endpoint(name), deadline(Clock::now() + time), link(name, keys_of_client(name), time, to_connect) {
    if (!link.is_secured()) return;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
      fail(Kind::other, fmt::format("cannot be reached: {}", std::strerror(errno)));
    socket.reset(ends[0]);
    relaying = std::thread([this, far = Descriptor(ends[1])] {
      try {
        link.relay(far);
      } catch (const net::TlsError&) {  // the other end of the pair sees that it is closed
      }
    });
  }
  ~Connection() {
    if (!relaying.joinable()) return;
    shutdown(socket, SHUT_RDWR);
    link.shut_down();
    relaying.join();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int to_worker() const { return link.is_secured() ? socket : link.socket(); }

  [[noreturn]] void fail(Kind kind, const std::string& what) const {
    throw RpcError(kind, fmt::format("The RPC worker {} {}", endpoint, what));
  }

  /// ggml's server, once it comes to a greeting whose sender is gone, would answer it in two parts and be ended by the second
  /// (SIGPIPE). A connection that is reset fails at the first one.
  void leave_at_once() const {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(link.socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  void wait_for(short event) const {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd entry{to_worker(), event, 0};
      const int ready = left <= 0 ? 0 : poll(&entry, 1, static_cast<int>(std::min<long long>(left, 60'000)));
      if (ready > 0) return;
      if (ready == 0 && left <= 0) {
        if (version.empty()) leave_at_once();
        fail(Kind::silent,
             "does not answer in time. A worker serves one client at a time: another one may be using it; or what "
             "listens there is no worker.");
      }
      if (ready < 0 && errno != EINTR) fail(Kind::other, fmt::format("was lost: {}", std::strerror(errno)));
    }
  }

  void send(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(to_worker(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) closed();
      if (sent < 0)
        wait_for(POLLOUT);
      else
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }

  void receive(std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
      const auto got = ::recv(to_worker(), bytes.data(), bytes.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) closed();
      if (got < 0)
        wait_for(POLLIN);
      else
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }

  [[noreturn]] void closed() const {
    fail(Kind::other,
         version.empty()
             ? fmt::format("closed the connection when it was greeted: it is no worker, one of a llama.cpp that speaks "
                           "another protocol than {}.{}, one that is reached by TLS only (tls://{}), or one that lets "
                           "this user in no more",
                           protocol_major, protocol_minor, endpoint)
             : std::string("closed the connection"));
  }

  void request(Command command, std::span<const std::byte> body, std::span<const std::byte> more = {}) const {
    std::array<std::byte, 9> head{static_cast<std::byte>(command)};
    const std::uint64_t size = body.size() + more.size();
    std::memcpy(head.data() + 1, &size, sizeof size);
    std::vector<std::byte> message(head.begin(), head.end());
    message.insert(message.end(), body.begin(), body.end());
    send(message);
    send(more);
  }

  void check_for_refusal(std::uint64_t size) const {
    if (size == sizeof(Hello) || size < refusal_of_front.size() || size > longest_refusal) return;
    std::string text(static_cast<std::size_t>(size), '\0');
    receive(std::as_writable_bytes(std::span(text)));
    if (text.starts_with(refusal_of_front)) fail(Kind::other, printable(text.substr(refusal_of_front.size())));
  }

  template <class Response>
  Response ask(Command command, std::span<const std::byte> body = {}) const {
    const auto asked = Clock::now();
    request(command, body);
    std::uint64_t size = 0;
    receive(std::as_writable_bytes(std::span(&size, 1)));
    if (command == Command::hello) check_for_refusal(size);
    if (size != sizeof(Response))
      fail(Kind::other,
           fmt::format("answers with {} bytes where {} are due: it is no worker, or one of a llama.cpp that "
                       "speaks another protocol than {}.{}",
                       size, sizeof(Response), protocol_major, protocol_minor));
    Response response{};
    receive(std::as_writable_bytes(std::span(&response, 1)));
    if (command != Command::hello)  // which may wait for a process to start
      shortest_answer = std::min(shortest_answer, Clock::now() - asked);
    return response;
  }

  /// To be called once the other end has answered, and stays: the connection belongs to nobody before and afterwards.
  void check_whose_it_is() const {
    const auto& address = link.address();
    if (link.is_secured() || !net::is_loopback(address)) return;
    if (const auto stranger = stranger_at(link.socket()))
      fail(
          Kind::other,
          fmt::format("belongs to {} on this machine, who would see prompts and weights: reach it by TLS, or name that "
                      "user in BERTH_WORKER_USER",
                      *stranger));
  }

  Hello greet(std::span<const std::byte> capabilities) {
    const auto hello = ask<Hello>(Command::hello, capabilities);
    version = fmt::format("{}.{}.{}", hello.major, hello.minor, hello.patch);
    if (hello.major != protocol_major || hello.minor > protocol_minor)
      fail(hello.major < protocol_major ? Kind::too_old : Kind::other,
           fmt::format("speaks version {} of the protocol, and this program {}.{}: run a worker of the same llama.cpp "
                       "(\"berth --version\" names it)",
                       version, protocol_major, protocol_minor));
    return hello;
  }
};

std::string answer_of_refusal(std::string_view why) {
  const auto text = fmt::format("{}{}", refusal_of_front, why);
  const std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text;
}

WorkerIdentity new_identity() {
  std::random_device random;
  WorkerIdentity identity{.worker = (std::uint64_t{random()} << 32U | random()) | 1U};
  if (const auto boot = first_line("/proc/sys/kernel/random/boot_id"); !boot.empty()) {
    identity.host = 14695981039346656037U;  // FNV-1a
    for (const char byte : boot) identity.host = (identity.host ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  }
  return identity;
}

std::string answer_to_question(const WorkerIdentity& identity) {
  Hello hello{.major = protocol_major, .minor = protocol_minor, .patch = 0, .padding = 0, .capabilities = {}};
  std::memcpy(hello.capabilities.data(), mark_of_identity.data(), mark_of_identity.size());
  std::memcpy(hello.capabilities.data() + mark_of_identity.size(), &identity, sizeof identity);
  const std::uint64_t size = sizeof hello;
  std::string answer(reinterpret_cast<const char*>(&size), sizeof size);
  return answer.append(reinterpret_cast<const char*>(&hello), sizeof hello);
}

RpcWorker::RpcWorker(const std::string& endpoint, std::chrono::milliseconds deadline,
                     std::chrono::milliseconds to_connect)
    : connection_(std::make_unique<Connection>(endpoint, deadline, to_connect)) {
  // Without capabilities: the connection stays TCP.
  const std::array<std::byte, sizeof(Hello::capabilities)> none{};
  connection_->greet(none);
  connection_->check_whose_it_is();
}

WorkerIdentity RpcWorker::ask_front(const std::string& endpoint, std::chrono::milliseconds deadline,
                                    std::chrono::milliseconds to_connect) {
  static_assert(question_to_front.size() == sizeof(Hello::capabilities));
  static_assert(mark_of_identity.size() + sizeof(WorkerIdentity) == sizeof(Hello::capabilities));
  const auto hello = Connection(endpoint, deadline, to_connect).greet(std::as_bytes(std::span(question_to_front)));
  WorkerIdentity identity;
  if (std::memcmp(hello.capabilities.data(), mark_of_identity.data(), mark_of_identity.size()) == 0)
    std::memcpy(&identity, hello.capabilities.data() + mark_of_identity.size(), sizeof identity);
  return identity;
}

RpcWorker::~RpcWorker() = default;

const std::string& RpcWorker::version() const { return connection_->version; }
const std::string& RpcWorker::address() const { return connection_->link.address(); }
const std::string& RpcWorker::local_address() const { return connection_->link.local_address(); }

std::vector<RpcMemory> RpcWorker::devices() {
  const auto count = connection_->ask<std::uint32_t>(Command::device_count);
  if (count > most_devices)
    connection_->fail(Kind::other, fmt::format("says that it has {} devices, which cannot be", count));
  std::vector<RpcMemory> devices;
  for (std::uint32_t device = 0; device < count; ++device) {
    const auto memory = connection_->ask<MemoryResponse>(Command::get_device_memory, bytes_of(device));
    const std::uint64_t free_bytes = memory.free_bytes;
    const std::uint64_t total_bytes = memory.total_bytes;
    if (total_bytes > most_bytes || free_bytes > total_bytes)
      connection_->fail(Kind::other, fmt::format("says that {} of {} bytes of its device {} are free, which cannot be",
                                                 free_bytes, total_bytes, device));
    devices.push_back({free_bytes, total_bytes});
  }
  return devices;
}

double RpcWorker::round_trip_us() {
  constexpr int most = 3;
  constexpr auto far = std::chrono::milliseconds(10);  // from here on another question takes more time than it is worth
  auto& shortest = connection_->shortest_answer;
  for (int i = 0; i < most && (shortest < far || shortest == Clock::duration::max()); ++i)
    connection_->ask<std::uint32_t>(Command::device_count);
  return std::chrono::duration<double, std::micro>(shortest).count();
}

double RpcWorker::bytes_per_s(std::uint32_t device, std::uint64_t bytes) {
  if (bytes == 0 || bytes > std::uint64_t{1} << 30)
    throw std::invalid_argument("The bandwidth is measured with 1 byte to 1 GiB");
  const auto buffer = connection_->ask<AllocResponse>(Command::alloc_buffer, bytes_of(AllocRequest{device, bytes}));
  if (buffer.buffer == 0 || buffer.size < bytes)
    connection_->fail(Kind::other, fmt::format("has no {} bytes for a measurement", bytes));
  SetTensor header{};
  header.tensor.type = 24;  // GGML_TYPE_I8
  header.tensor.buffer = buffer.buffer;
  header.tensor.data =
      connection_->ask<std::uint64_t>(Command::buffer_get_base, bytes_of(std::uint64_t{buffer.buffer}));
  const auto size = static_cast<std::uint32_t>(bytes);
  header.tensor.ne = {size, 1, 1, 1};
  header.tensor.nb = {1, size, size, size};
  const std::vector<std::byte> data(bytes);
  const auto start = Clock::now();
  connection_->request(Command::set_tensor, bytes_of(header), data);
  connection_->ask<std::uint32_t>(Command::device_count);  // commands are served in turn: this one comes after the data
  const std::chrono::duration<double> taken = Clock::now() - start;
  connection_->request(Command::free_buffer, bytes_of(std::uint64_t{buffer.buffer}));
  return static_cast<double>(bytes) / taken.count();
}

}  // namespace berth::discovery
