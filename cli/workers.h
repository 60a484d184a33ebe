/// What `berth workers check` learns and shows.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "berth/value.h"
#include "discover/remote/rpc_worker.h"
#include "engine/worker_list.h"

namespace berth::cli {

/// What a worker answered.
struct WorkerAnswer {
  KnownWorker worker = {};
  std::string problem = {};  ///< why it is of no use; empty: it answered
  std::string version = {};  ///< of its protocol
  std::string address = {};  ///< numeric
  std::vector<discovery::RpcMemory> devices = {};
  double latency_us = 0;
  std::optional<double> bytes_per_s = {};  ///< of the way there; none where it had no memory for a measurement
};

/// Greets all of them side by side, each for at most `patience`.
std::vector<WorkerAnswer> ask_workers(const std::vector<KnownWorker>& workers, std::chrono::milliseconds patience);

std::string answers_table(const std::vector<WorkerAnswer>& answers);
Value answers_value(const std::vector<WorkerAnswer>& answers);

}  // namespace berth::cli
