"""A model on a worker that is 10 ms away: Berth against llama.cpp's own RPC client, in alternating rounds.

    far_worker.py BUILD_BIN MODEL [ROUNDS] [DELAY_MS]

BUILD_BIN holds berth, rpc_test_worker (ggml's worker) and plain_rpc (llama.cpp's client, bench/plain_rpc.cpp). As root, the worker is in a
network namespace of its own behind a veth pair. Where the kernel has netem, that makes the delay; else a relay does, which hands on each piece
DELAY_MS / 2 after it came, in either direction. The relay, or the counters of the veth, count what crosses the link.
"""

import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

binaries, model = pathlib.Path(sys.argv[1]).absolute(), sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
delay_s = float(sys.argv[4]) / 1000 if len(sys.argv) > 4 else 0.010
prompt, most = "Once upon a time", 64


class Relay:
    """A TCP relay with a delay, which counts bytes."""

    def __init__(self, listen, target, one_way_s):
        self.listen, self.target, self.one_way_s, self.bytes = listen, target, one_way_s, 0
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(started)), daemon=True).start()
        started.wait()

    async def serve(self, started):
        server = await asyncio.start_server(self.connected, *self.listen)
        started.set()
        await server.serve_forever()

    async def connected(self, reader, writer):
        there_reader, there_writer = await asyncio.open_connection(*self.target)
        for each in (writer, there_writer):
            each.get_extra_info("socket").setsockopt(6, 1, 1)  # TCP_NODELAY
        await asyncio.gather(self.hand_on(reader, there_writer), self.hand_on(there_reader, writer))

    async def hand_on(self, reader, writer):
        pieces = asyncio.Queue()

        async def write():
            while (piece := await pieces.get()) is not None:
                due, data = piece
                await asyncio.sleep(max(0, due - time.monotonic()))
                writer.write(data)
                await writer.drain()
            writer.close()

        writing = asyncio.ensure_future(write())
        try:
            while data := await reader.read(1 << 20):
                self.bytes += len(data)
                pieces.put_nowait((time.monotonic() + self.one_way_s, data))
        except ConnectionError:
            pass
        pieces.put_nowait(None)
        try:
            await writing
        except ConnectionError:
            pass


def command(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


class Hosts:
    """Where worker and clients run."""

    def __init__(self):
        self.names = [f"berth{os.getpid()}{side}" for side in "ab"]
        here, there = self.names
        self.apart = os.geteuid() == 0 and command("ip", "netns", "add", here).returncode == 0
        self.netem = False
        self.worker_host = "127.0.0.1"
        if not self.apart:
            return
        command("ip", "netns", "add", there)
        command("ip", "link", "add", "veth0", "netns", here, "type", "veth", "peer", "name", "veth1", "netns", there)
        for name, link, address in ((here, "veth0", "10.97.0.1/24"), (there, "veth1", "10.97.0.2/24")):
            command("ip", "-n", name, "addr", "add", address, "dev", link)
            command("ip", "-n", name, "link", "set", link, "up")
            command("ip", "-n", name, "link", "set", "lo", "up")
        self.worker_host = "10.97.0.2"
        self.netem = all(command("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", link, "root", "netem", "delay",
                                 f"{delay_s * 500}ms").returncode == 0 for name, link in ((here, "veth0"), (there, "veth1")))

    def prefix(self, side):
        return ["ip", "netns", "exec", self.names[side]] if self.apart else []

    def link_bytes(self):
        text = command(*self.prefix(0), "cat", "/sys/class/net/veth0/statistics/rx_bytes",
                       "/sys/class/net/veth0/statistics/tx_bytes").stdout
        return sum(map(int, text.split()))

    def close(self):
        if self.apart:
            for name in self.names:
                command("ip", "netns", "del", name)


def surroundings(endpoint):
    return dict(os.environ, BERTH_RPC=endpoint, BERTH_PROBES="cpu,rpc", BERTH_PROBE_TIMEOUT="20000", BERTH_WORKERS="/dev/null")


def wait_for_worker(endpoint):
    for _ in range(30):
        if "rpc:0" in command(*hosts.prefix(0), str(binaries / "berth"), "devices", env=surroundings(endpoint)).stdout:
            return
        time.sleep(1)
    sys.exit("the worker does not answer")


def berth(endpoint, tokens):
    result = command(*hosts.prefix(0), str(binaries / "berth"), "run", model, "--raw", "-p", prompt, "--max-new-tokens", str(tokens), "--device",
                     "rpc:0", "--json", "--n-ctx", "512", env=surroundings(endpoint))
    if result.returncode != 0:
        sys.exit(result.stderr)
    answer = json.loads(result.stdout)
    return answer["replies"][0], answer["meta"]["tokens_per_second"]


def plain(endpoint, tokens):
    result = command(*hosts.prefix(0), str(binaries / "plain_rpc"), model, endpoint, prompt, str(tokens))
    if result.returncode != 0:
        sys.exit(result.stderr)
    answer = json.loads(result.stdout)
    return answer["text"], answer["tokens_per_second"]


def measured(client, endpoint, count):
    """Tokens/s of a long answer, and the bytes of one more token: a long answer less a short one."""
    before = count()
    client(endpoint, 8)
    between = count()
    text, speed = client(endpoint, most)
    return text, speed, ((count() - between) - (between - before)) / (most - 8)


if os.environ.get("BERTH_RELAY"):  # this script as the relay in the worker's namespace
    relay = Relay(("10.97.0.2", 50061), ("127.0.0.1", 50062), delay_s / 2)
    while True:
        time.sleep(1)

hosts = Hosts()
running = []
try:
    port = 50061 if hosts.netem else 50062
    address = hosts.worker_host if hosts.netem or not hosts.apart else "127.0.0.1"
    running.append(subprocess.Popen([*hosts.prefix(1), str(binaries / "rpc_test_worker"), f"{address}:{port}"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    time.sleep(1)
    if hosts.apart:
        if not hosts.netem:
            running.append(subprocess.Popen([*hosts.prefix(1), sys.executable, __file__, *sys.argv[1:3], "1", str(delay_s * 1000)],
                                            env=dict(os.environ, BERTH_RELAY="1")))
        count = hosts.link_bytes
    else:
        relay = Relay(("127.0.0.1", 50061), ("127.0.0.1", 50062), delay_s / 2)
        count = lambda: relay.bytes
    endpoint = f"{hosts.worker_host}:50061"
    wait_for_worker(endpoint)
    print(f"{'two network namespaces' if hosts.apart else 'loopback'}, {delay_s * 1000:.0f} ms there and back by {'netem' if hosts.netem else 'a relay'}")
    seen = {"berth": [], "llama.cpp": []}
    texts = set()
    for _ in range(rounds):
        for name, client in (("berth", berth), ("llama.cpp", plain)):
            text, speed, size = measured(client, endpoint, count)
            texts.add(text)
            seen[name].append((speed, size))
    for name, figures in seen.items():
        speeds, sizes = zip(*figures)
        print(f"{name:10} {statistics.median(speeds):6.2f} tokens/s ({min(speeds):.2f} to {max(speeds):.2f}), "
              f"{statistics.median(sizes):9.0f} bytes a token cross the link")
    ratio = statistics.median(s for s, _ in seen["berth"]) / statistics.median(s for s, _ in seen["llama.cpp"])
    print(f"{ratio:.3f} of llama.cpp's speed; the texts are {'the same' if len(texts) == 1 else 'NOT the same'}")
finally:
    for each in running:
        each.kill()
        each.wait()
    hosts.close()
