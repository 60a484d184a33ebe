"""What the benchmarks share that have Haystack beside Berth in the same run."""
import json
import os
import platform
import statistics
import subprocess
import sys

MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3}


def print_machine(*more):
    print("; ".join([f"{platform.machine()}, {os.cpu_count()} cores", " ".join(sys.argv), *more]))


def berth(program, environment=None):
    """Microseconds of processor time of the repetitions of each benchmark, by name, for one of its "component_runs"."""
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_repetitions=9",
                          "--benchmark_report_aggregates_only=false"],
                         check=True, capture_output=True, text=True, env={**os.environ, **(environment or {})}).stdout
    times = {}
    for run in json.loads(out)["benchmarks"]:
        if run.get("error_occurred"):
            sys.exit(f"{run['name']}: {run['error_message']}")
        if run["run_type"] == "iteration":
            time = run["cpu_time"] * MICROSECONDS[run["time_unit"]] / run.get("component_runs", 1)
            times.setdefault(run["run_name"].replace("/", " "), []).append(time)
    return times


def haystack(code, *arguments):
    """What `code` prints as JSON, {"times": {name: [microseconds]}, ...}; no times where Haystack is not installed."""
    python = os.environ.get("BERTH_PEER_PYTHON", "python3")
    has_haystack = [python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('haystack') is None)"]
    if subprocess.run(has_haystack, capture_output=True).returncode != 0:
        print(f"Haystack: not installed for {os.path.basename(python)}; name another interpreter in BERTH_PEER_PYTHON")
        return {"times": {}}
    code = "import sys\n" + code
    run = subprocess.run([python, "-c", code, *arguments], check=True, stdout=subprocess.PIPE, text=True,
                         env={**os.environ, "HAYSTACK_TELEMETRY_ENABLED": "False"})
    answer = json.loads(run.stdout)
    print(f"Haystack {answer['version']}, Python {answer['python']}")
    return answer


def line(times):
    unit, scale = ("ms", 1e-3) if statistics.median(times) >= 1e4 else ("us", 1)
    return (f"{statistics.median(times) * scale:10.3f} {unit}  "
            f"({min(times) * scale:.3f} to {max(times) * scale:.3f})")


def compare(own, others):
    for name, times in own.items():
        print(f"{name}\n  Berth    {line(times)}")
        if name in others:
            ratio = statistics.median(others[name]) / statistics.median(times)
            print(f"  Haystack {line(others[name])}\n  {ratio:.0f} times faster")
