/// Whose the workers on this machine are that ggml's client connects to: the one that was greeted before may be gone, and a stranger have
/// its port.
#pragma once

namespace berth::host {

/// To be called after each connect() of this process; `done` where that succeeded. Berth's own connections are checked by RpcWorker.
void connecting(int socket, bool done);

/// Whether what has come from `socket` may be given to ggml: its first answer, to a greeting that tells nothing, is the time at which
/// the kernel knows who is at the other end. Says on standard error why not.
bool may_answer(int socket);

}  // namespace berth::host
