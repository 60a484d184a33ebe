/// What the process does that serves one client of a worker.
#pragma once

#include <chrono>
#include <string_view>

#include "engine/host/worker.h"

namespace berth::host {

/// How often the front hears of a process that has a client, whatever that one computes.
inline constexpr std::chrono::milliseconds between_signs_of_life{500};

/// Offers the devices to one client, which comes over `front`, and ends the process afterwards, or when the other end of
/// `front` is closed. Throws EngineError where it cannot serve.
void serve_worker(const WorkerOptions& options, Descriptor front);

/// Whether serve_worker() was called: ggml's server is to be given next_client() then instead of what comes to a port.
bool is_worker_service();

/// Tells the front that all is ready and waits for the client, whose socket it answers. Ends the process when it is called
/// again: the client is gone.
int next_client();

/// To be called before the server waits for what the client sends.
void await_request();
/// Whether what the client has sent may be given to ggml's server, which makes room for whatever a request says that it will
/// bring. Says on standard error why not.
bool may_be_read(std::string_view bytes);
/// Whether `socket` is that of the client.
bool is_client(int socket);

}  // namespace berth::host
