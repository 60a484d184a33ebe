#!/usr/bin/env python3
"""The time of each token outside of llama_decode: `berth run` with a vocabulary of 151,936, greedy and drawn.

    bench/token_overhead.py [--berth build/bin/berth] [--tokens 256]

The kernel notes when llama_decode of libberth begins and ends (uprobes: root, and a tracefs). What a probe costs itself, some 2 us, is
in the figures. The model is made for it: one small layer with random weights.
"""
import argparse
import contextlib
import os
import pathlib
import random
import re
import statistics
import struct
import subprocess
import tempfile

from large_header import entry, text

TRACING = pathlib.Path("/sys/kernel/tracing")
VOCABULARY, WIDTH, HEADS = 151_936, 256, 4
NUMBERS = 1 << 20
F32, F16 = 0, 1


def texts(key, values):
    return text(key) + struct.pack("<IIQ", 9, 8, len(values)) + b"".join(text(value) for value in values)


def numbers(key, kind, letter, values):
    return text(key) + struct.pack("<IIQ", 9, kind, len(values)) + struct.pack(f"<{len(values)}{letter}", *values)


def write_model(path):
    generator = random.Random(1)
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += [f"\u2581word{i}" for i in range(VOCABULARY - len(tokens))]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (VOCABULARY - 259)
    plain = {"general.architecture": "llama", "llama.block_count": 1, "llama.context_length": 4096,
             "llama.embedding_length": WIDTH, "llama.feed_forward_length": WIDTH, "llama.attention.head_count": HEADS,
             "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.vocab_size": VOCABULARY,
             "tokenizer.ggml.model": "llama", "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2}
    entries = [entry(key, value) for key, value in plain.items()]
    entries += [texts("tokenizer.ggml.tokens", tokens), numbers("tokenizer.ggml.scores", 6, "f", [0.0] * VOCABULARY),
                numbers("tokenizer.ggml.token_type", 5, "i", kinds)]
    matrices = [("token_embd", VOCABULARY), ("output", VOCABULARY)]
    matrices += [(f"blk.0.{name}", WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")]
    tensors = [(f"{name}.weight", (WIDTH, rows), F16) for name, rows in matrices]
    tensors += [(f"{name}.weight", (WIDTH,), F32) for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm")]
    row = struct.pack(f"<{NUMBERS}e", *(generator.gauss(0, 0.05) for _ in range(NUMBERS)))
    header, data = b"", b""
    for name, shape, kind in tensors:
        header += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        header += struct.pack("<IQ", kind, len(data))
        if kind == F32:
            data += struct.pack(f"<{WIDTH}f", *[1.0] * WIDTH)
        else:  # each row begins elsewhere in the same random numbers, so that few scores are equal
            starts = (2 * generator.randrange(NUMBERS - WIDTH) for _ in range(shape[1]))
            data += b"".join(row[start:start + 2 * WIDTH] for start in starts)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries) + header
    path.write_bytes(header + bytes(-len(header) % 32) + data)


def offset_of(library, symbol):
    """Where the function stands in the file."""
    names = subprocess.run(["nm", library], check=True, capture_output=True, text=True).stdout
    address = int(re.search(rf"^([0-9a-f]+) [tT] {symbol}$", names, re.M)[1], 16)
    segments = subprocess.run(["readelf", "-lW", library], check=True, capture_output=True, text=True).stdout
    for at, virtual, size in re.findall(r"^ *LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)", segments, re.M):
        if int(virtual, 16) <= address < int(virtual, 16) + int(size, 16):
            return address - int(virtual, 16) + int(at, 16)
    raise SystemExit(f"{symbol} is in no segment of {library}")


def tell_kernel(line):
    file = os.open(TRACING / "uprobe_events", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


@contextlib.contextmanager
def probes(library):
    where = f"{library}:{offset_of(library, 'llama_decode'):#x}"
    tell_kernel(f"p:berth_bench/begins {where}")
    tell_kernel(f"r:berth_bench/ends {where}")
    switch = TRACING / "events/berth_bench/enable"
    switch.write_text("1")
    try:
        yield
    finally:
        switch.write_text("0")
        for name in ("begins", "ends"):
            tell_kernel(f"-:berth_bench/{name}")


def gaps():
    """Microseconds from the end of each llama_decode to the beginning of the next one."""
    found, ended = [], None
    for time, name in re.findall(r" (\d+\.\d+): (begins|ends): ", (TRACING / "trace").read_text()):
        if name == "begins" and ended is not None:
            found.append((float(time) - ended) * 1e6)
        ended = float(time) if name == "ends" else None
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--berth", default="build/bin/berth")
    options.add_argument("--tokens", type=int, default=256)
    options = options.parse_args()
    library = (pathlib.Path(options.berth).resolve().parent.parent / "lib/libberth.so").resolve()
    with tempfile.TemporaryDirectory() as folder, probes(library):
        model = pathlib.Path(folder) / "model.gguf"
        write_model(model)

        def run(tokens, *more):
            subprocess.run([options.berth, "run", model, "--raw", "-p", "word1 word2", "--max-new-tokens", str(tokens), "--json",
                            *more], check=True, capture_output=True)

        run(1)  # a file that has not answered before runs in a process of its own, which sends each token
        for name, more in (("greedy", []), ("top_k 50", ["--temperature", "1", "--seed", "1"])):
            (TRACING / "trace").write_text("")
            run(options.tokens, *more)
            outside = gaps()
            print(f"{name}: median {statistics.median(outside):.0f} us ({min(outside):.0f} to {max(outside):.0f}) outside of "
                  f"llama_decode, {len(outside)} tokens")


if __name__ == "__main__":
    main()
