#include "engine/host/worker.h"

#include <fmt/format.h>

#include <stdexcept>

#include "discover/remote/rpc_endpoint.h"
#include "engine/host/tensor_cache.h"
#include "engine/host/worker_front.h"
#include "inventory/device_key_fields.h"
#include "net/sockets.h"
#include "text/printable.h"

namespace berth::structs {

template <>
struct FieldsOf<host::WorkerOptions> {
  using O = host::WorkerOptions;
  static constexpr std::tuple all = {required("devices", &O::devices),        field("keys", &O::keys),
                                     field("n_threads", &O::n_threads),       field("cache", &O::cache),
                                     field("memory_bytes", &O::memory_bytes), field("idle_s", &O::idle_s),
                                     field("cache_bytes", &O::cache_bytes)};
};

}  // namespace berth::structs

namespace berth::host {
namespace {

void check_door(const WorkerDoor& door) {
  const auto endpoint = discovery::RpcEndpoint::parse(door.listen);
  if (endpoint.tls)
    throw std::invalid_argument(
        fmt::format("{} is how others name a worker; listen at ADDRESS:PORT, with --tls", in_quotes(door.listen)));
  if (door.who == WorkerDoor::Who::key_holders) return net::check_worker_keys(door.tls);
  if (door.who != WorkerDoor::Who::everybody && !net::is_loopback(endpoint.host))
    throw std::invalid_argument(fmt::format(
        "{} can be reached by other machines, and ggml's protocol asks nobody who he is: make keys (berth worker "
        "keys init), or listen at 127.0.0.1",
        in_quotes(door.listen)));
}

}  // namespace

Value WorkerOptions::to_dict() const { return structs::write(*this); }
WorkerOptions WorkerOptions::from_dict(const Value& dict) { return structs::read<WorkerOptions>(dict, {}); }

void run_worker(const WorkerOptions& options, const WorkerDoor& door, const CallContext& context,
                const std::function<void()>& on_ready) {
  check_door(door);
  if (!options.cache.empty()) TensorCache::prepare(options.cache, options.cache_bytes);
  WorkerFront(options, door, context.log).run(context.stop, on_ready);
}

}  // namespace berth::host
