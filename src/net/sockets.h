/// TCP on this machine: who listens, and who is at the other end.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "text/descriptor.h"

namespace berth::net {

/// Listens at a name or an address; port 0 is any that is free. Throws std::system_error.
Descriptor listen_at(const std::string& host, int port);

/// The port of a socket of this machine.
int port_of(int socket);

/// Whether only this machine reaches what listens there: "127.0.0.1", "::1", "localhost".
bool is_loopback(const std::string& host);

/// "10.0.0.5:4242", the other end of a connection.
std::string name_of_peer(int socket);

/// The user of this machine whose process has the other end of a connection within this machine. None where there is no such
/// process (any more). Linux tells it in /proc/net/tcp.
std::optional<uid_t> user_of_peer(int socket);

/// The processes of this machine that listen at a port, whatever the address; without those that this user may not look at.
std::vector<pid_t> listeners_at(int port);

/// "alice"; its number where it has no name.
std::string name_of_user(uid_t user);

/// Hands on what comes from one to the other, both ways, until either of them ends. `may_answer` is asked when the first bytes of
/// `far` have come; where it says no, they go nowhere.
void relay(int near, int far, const std::function<bool()>& may_answer);

/// Small messages are sent at once, and a connection whose other end vanished with its machine is noticed in some seconds.
void set_for_messages(int socket);

}  // namespace berth::net
