#include "engine/host/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace berth::host {
namespace {

struct Header {
  std::uint32_t size;
  Kind kind;
};

/// Room for one descriptor beside the bytes, aligned as the kernel wants it.
union Beside {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

std::string error_text(int error) { return std::generic_category().message(error); }

Descriptor taken_from(msghdr& message) {
  cmsghdr* found = CMSG_FIRSTHDR(&message);
  if (found == nullptr || found->cmsg_level != SOL_SOCKET || found->cmsg_type != SCM_RIGHTS) return Descriptor();
  int number = -1;
  std::memcpy(&number, CMSG_DATA(found), sizeof number);
  return Descriptor(number);
}

}  // namespace

Connection::Connection(Descriptor socket, std::optional<std::chrono::seconds> patience) : socket_(std::move(socket)) {
  if (!patience) return;
  const timeval limit{.tv_sec = patience->count(), .tv_usec = 0};
  for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO})
    if (setsockopt(socket_, SOL_SOCKET, direction, &limit, sizeof limit) != 0)
      throw std::system_error(errno, std::generic_category(), "a socket");
}

std::pair<Descriptor, Descriptor> Connection::pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "a pair of sockets");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void Connection::send(Kind kind, std::string_view body, int descriptor) {
  if (body.size() > longest_body)
    throw std::invalid_argument(
        fmt::format("{} bytes are too many for one message to an engine in a process of its own; "
                    "it takes {}",
                    body.size(), longest_body));
  Header header{static_cast<std::uint32_t>(body.size()), kind};
  std::array<iovec, 2> parts = {{{&header, sizeof header}, {const_cast<char*>(body.data()), body.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  Beside beside{};
  if (descriptor >= 0) {
    message.msg_control = beside.bytes.data();
    message.msg_controllen = beside.bytes.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  const std::lock_guard lock(sending_);
  while (message.msg_iovlen > 0) {
    const auto sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw ConnectionLost("sending failed: " + error_text(errno));
    message.msg_control = nullptr;  // it goes with the first byte
    message.msg_controllen = 0;
    auto left = static_cast<std::size_t>(sent);
    while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
      left -= message.msg_iov->iov_len;
      ++message.msg_iov;
      --message.msg_iovlen;
    }
    if (message.msg_iovlen == 0) break;
    message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + left;
    message.msg_iov->iov_len -= left;
  }
}

/// False where the other end is closed before the first byte.
bool Connection::read(void* bytes, std::size_t size, Descriptor* descriptor) {
  for (std::size_t had = 0; had < size;) {
    iovec part{static_cast<char*>(bytes) + had, size - had};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Beside beside{};
    message.msg_control = beside.bytes.data();
    message.msg_controllen = beside.bytes.size();
    const auto got = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) {
      auto came = taken_from(message);
      if (came >= 0 && descriptor != nullptr) *descriptor = std::move(came);
      had += static_cast<std::size_t>(got);
      continue;
    }
    if (had == 0 && (got == 0 || errno == ECONNRESET)) return false;
    throw ConnectionLost(got == 0 ? "a message was cut" : "receiving failed: " + error_text(errno));
  }
  return true;
}

std::optional<Message> Connection::receive() {
  Header header{};
  Message message;
  if (!read(&header, sizeof header, &message.descriptor)) return std::nullopt;
  if (header.kind < Kind::load || header.kind > Kind::failed || header.size > longest_body)
    throw ConnectionLost(fmt::format("what came is no message (kind {}, {} bytes)",
                                     static_cast<std::uint32_t>(header.kind), header.size));
  message.kind = header.kind;
  message.body.resize(header.size);
  if (header.size > 0 && !read(message.body.data(), header.size, nullptr)) throw ConnectionLost("a message was cut");
  return message;
}

void Connection::shut_down() const { shutdown(socket_, SHUT_RDWR); }

}  // namespace berth::host
