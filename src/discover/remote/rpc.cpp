#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <optional>

#include "discover/host/memory.h"
#include "discover/host/system_file.h"
#include "discover/probes.h"
#include "discover/remote/rpc_worker.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

struct Answer {
  std::string endpoint = {};
  std::string name = {};  // in the list of the user
  std::string version = {};
  std::string address = {};
  bool this_machine = false;
  double round_trip_us = 0;
  std::vector<RpcMemory> devices = {};
  std::optional<ProbeOutcome> failure = {};
  std::string why = {};
  std::string same_as = {};  // an endpoint before this one
  WorkerIdentity identity = {};
};

ProbeOutcome outcome_of(RpcError::Kind kind) {
  switch (kind) {
    case RpcError::Kind::unreachable:
    case RpcError::Kind::other:
      return ProbeOutcome::failed;
    case RpcError::Kind::silent:
      return ProbeOutcome::timed_out;
    case RpcError::Kind::too_old:
      return ProbeOutcome::driver_too_old;
  }
  return ProbeOutcome::failed;
}

Answer ask(const std::string& endpoint, const std::string& name, std::chrono::milliseconds deadline) {
  Answer answer{.endpoint = endpoint, .name = name};
  try {
    RpcWorker worker(endpoint, deadline);
    answer.version = worker.version();
    answer.address = worker.address();
    answer.this_machine =
        worker.address() == worker.local_address() || answer.address.starts_with("127.") || answer.address == "::1";
    answer.devices = worker.devices();
    answer.round_trip_us = worker.round_trip_us();
    if (answer.devices.empty()) {
      answer.failure = ProbeOutcome::nothing;
      answer.why = fmt::format("The RPC worker {} has no devices.", endpoint);
    }
  } catch (const RpcError& problem) {
    answer.failure = outcome_of(problem.kind);
    answer.why = problem.what();
    if (problem.kind == RpcError::Kind::silent)
      answer.why +=
          fmt::format(" It had {} ms; BERTH_PROBE_TIMEOUT sets the time of a probe, such as 8000.", deadline.count());
  } catch (const std::exception& problem) {
    answer.failure = ProbeOutcome::failed;
    answer.why = problem.what();
  }
  if (answer.failure && !name.empty()) answer.why = fmt::format("{}: {}", name, answer.why);
  return answer;
}

/// Of Berth's own workers, where there are several that may be one, or on one host. Others do not tell.
void ask_for_identities(std::vector<Answer>& answers, std::chrono::milliseconds deadline) {
  if (std::ranges::count_if(answers, [](const Answer& each) { return !each.failure; }) < 2) return;
  std::vector<std::future<void>> asked;
  for (auto& answer : answers) {
    if (answer.failure) continue;
    asked.push_back(std::async(std::launch::async, [&answer, deadline] {
      try {
        answer.identity = RpcWorker::ask_front(answer.endpoint, deadline);
      } catch (const std::exception&) {  // it was there a moment ago, and counts as it did
      }
    }));
  }
}

/// What a worker told of its host, else its address.
bool are_on_one_host(const Answer& one, const Answer& other) {
  if (one.identity.host != 0 && other.identity.host != 0) return one.identity.host == other.identity.host;
  return one.address == other.address || (one.this_machine && other.this_machine);
}

/// Two names, or two addresses, may lead to one worker.
bool is_one_worker(const Answer& one, const Answer& other) {
  if (one.failure || other.failure || one.devices.size() != other.devices.size()) return false;
  if (one.identity.worker != 0 && other.identity.worker != 0) return one.identity == other.identity;
  return are_on_one_host(one, other) &&
         RpcEndpoint::parse(one.endpoint).port == RpcEndpoint::parse(other.endpoint).port;
}

void name_each_once(std::vector<Answer>& answers) {
  for (auto each = answers.begin(); each != answers.end(); ++each) {
    const auto first = std::find_if(answers.begin(), each, [&](const Answer& other) {
      return other.same_as.empty() && is_one_worker(other, *each);
    });
    if (first == each) continue;
    each->same_as = first->endpoint;
    if (first->name.empty()) first->name = each->name;
  }
}

std::uint64_t memory_of_this_machine(const std::filesystem::path& root) {
  return meminfo(read_system_file(root / "proc/meminfo").value_or("")).total;
}

/// A size that somebody gave (berth worker --memory): the memory of a machine hardly ever is whole MiB or MB.
bool is_given(std::uint64_t bytes) { return bytes % (1U << 20) == 0 || bytes % 1'000'000 == 0; }

bool is_cpu(const RpcMemory& device) {
  return device.free_bytes == device.total_bytes && !is_given(device.total_bytes);
}

/// Workers of one host that offer its CPU share its memory. They are known by one size, all of which they call free,
/// which a GPU hardly ever has: two equal GPUs behind two workers are two. So are two devices of one worker, and two workers that
/// were given memory of their own.
class Pools {
 public:
  explicit Pools(std::uint64_t memory_here) : memory_here_(memory_here) {}

  std::string pool_of(const Answer& worker, const RpcMemory& device) {
    if (worker.this_machine && device.total_bytes == memory_here_) return "ram";
    auto shared = std::ranges::find_if(pools_, [&](const Pool& pool) {
      return are_on_one_host(*pool.first_worker, worker) && pool.total_bytes == device.total_bytes && pool.is_cpu &&
             is_cpu(device) && pool.last_worker != worker.endpoint;
    });
    if (shared == pools_.end()) {
      const auto others =
          std::ranges::count(pools_, worker.address, [](const Pool& pool) { return pool.first_worker->address; });
      const auto id = fmt::format("rpc host:{}{}", worker.address, others == 0 ? "" : fmt::format(" #{}", others + 1));
      shared = pools_.insert(pools_.end(), {&worker, device.total_bytes, id, {}, is_cpu(device)});
    }
    shared->last_worker = worker.endpoint;
    return shared->id;
  }

 private:
  struct Pool {
    const Answer* first_worker;
    std::uint64_t total_bytes;
    std::string id;
    std::string last_worker;
    bool is_cpu;
  };
  std::uint64_t memory_here_;
  std::vector<Pool> pools_;
};

DeviceInfo device_of(const Answer& answer, std::size_t number, int index, Pools& pools) {
  const auto& memory = answer.devices[number];
  DeviceInfo info;
  info.device = Device(DeviceType::rpc, index);
  info.name = fmt::format("RPC worker {}", answer.name.empty() ? answer.endpoint : answer.name);
  if (answer.devices.size() > 1) info.name += fmt::format(", device {}", number);
  info.pool = pools.pool_of(answer, memory);
  info.total_bytes = memory.total_bytes;
  info.free_bytes = memory.free_bytes;
  info.driver = fmt::format("ggml RPC {}", answer.version);
  info.apis = {{"rpc", fmt::format("{}/{}", answer.endpoint, number)}};
  info.remote = RemoteInfo{answer.endpoint, answer.version, static_cast<std::uint32_t>(number), answer.name};
  if (info.pool == "ram")
    info.note = "It runs on this machine and offers its memory";
  else if (is_cpu(memory))
    info.note = "It says that all its memory is free, as workers on a CPU do whatever is in use";
  return info;
}

/// With their pools and the way to them.
void add_devices(Findings& findings, const Answer& answer, Pools& pools) {
  for (std::size_t number = 0; number < answer.devices.size(); ++number) {
    auto info = device_of(answer, number, static_cast<int>(findings.devices.size()), pools);
    const auto known = std::ranges::find(findings.pools, info.pool, &MemoryPool::id);
    if (known != findings.pools.end())
      known->free_bytes = std::min(known->free_bytes, info.free_bytes);
    else if (info.pool != "ram")
      findings.pools.push_back({info.pool, PoolKind::remote, info.total_bytes, info.free_bytes});
    findings.links.push_back({.from = "cpu",
                              .to = info.device.str(),
                              .kind = LinkKind::network,
                              .latency_us = answer.round_trip_us,
                              .measured = true,
                              .detail = answer.address});
    findings.devices.push_back(std::move(info));
  }
}

}  // namespace

Findings probe_rpc(const Machine& machine) {
  Findings findings;
  auto& report = findings.report;
  report.probe = "rpc";
  std::vector<std::string> endpoints;
  for (const auto& endpoint : machine.rpc_endpoints)
    if (std::ranges::find(endpoints, endpoint) == endpoints.end()) endpoints.push_back(endpoint);
  if (endpoints.empty()) {
    report.message =
        "No RPC workers are named. BERTH_RPC=host:port,host:port names some, and 'berth workers add' keeps a list.";
    return findings;
  }
  // Side by side: what one does not answer takes no time from the others.
  std::vector<std::future<Answer>> asked;
  for (const auto& endpoint : endpoints) {
    const auto* name = machine.rpc_names.find(endpoint);
    asked.push_back(std::async(std::launch::async, ask, endpoint, name == nullptr ? std::string() : *name,
                               machine.probe_timeout * 3 / 4));
  }

  std::vector<Answer> answers;
  for (auto& future : asked) answers.push_back(future.get());
  ask_for_identities(answers, machine.probe_timeout / 8);
  name_each_once(answers);
  Pools pools(memory_of_this_machine(machine.root));
  for (const auto& answer : answers) {
    if (!answer.same_as.empty()) {
      report.notes.push_back(
          fmt::format("{} is the same worker as {}, which counts once.", answer.endpoint, answer.same_as));
      continue;
    }
    if (answer.failure) {
      report.notes.push_back(answer.why);
      if (report.message.empty()) {
        report.outcome = *answer.failure;
        report.message = answer.why;
      }
      continue;
    }
    report.library_version = answer.version;
    add_devices(findings, answer, pools);
  }
  if (findings.devices.empty()) {
    report.notes.erase(report.notes.begin());  // it is the message
  } else {
    report.outcome = ProbeOutcome::found;
    report.message.clear();
  }
  return findings;
}

}  // namespace berth::discovery
