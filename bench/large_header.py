#!/usr/bin/env python3
"""Writes the header of a model with the shape of Llama 3.1 405B in Q4_K: 126 layers, no vocabulary, a hole for weights.

    bench/large_header.py large.gguf [LAYERS]
"""
import struct
import sys

WIDTH, FEED_FORWARD, HEADS, KV_HEADS, LAYERS, VOCABULARY = 16384, 53248, 128, 8, 126, 128256
F32, Q4_K = 0, 12
BLOCK = {F32: (1, 4), Q4_K: (256, 144)}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key, value):
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    return text(key) + struct.pack("<II", 4, value)


def tensors(layers):
    kv = WIDTH // HEADS * KV_HEADS
    yield "token_embd.weight", (WIDTH, VOCABULARY), Q4_K
    for i in range(layers):
        for name, shape in (("attn_q", (WIDTH, WIDTH)), ("attn_k", (WIDTH, kv)), ("attn_v", (WIDTH, kv)),
                            ("attn_output", (WIDTH, WIDTH)), ("ffn_gate", (WIDTH, FEED_FORWARD)),
                            ("ffn_up", (WIDTH, FEED_FORWARD)), ("ffn_down", (FEED_FORWARD, WIDTH))):
            yield f"blk.{i}.{name}.weight", shape, Q4_K
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{i}.{name}.weight", (WIDTH,), F32
    yield "output_norm.weight", (WIDTH,), F32
    yield "output.weight", (WIDTH, VOCABULARY), Q4_K


def main(path, layers=LAYERS):
    entries = {"general.architecture": "llama", "general.name": "large", "llama.block_count": layers,
               "llama.context_length": 131072, "llama.embedding_length": WIDTH,
               "llama.feed_forward_length": FEED_FORWARD, "llama.attention.head_count": HEADS,
               "llama.attention.head_count_kv": KV_HEADS, "llama.attention.layer_norm_rms_epsilon": 1e-5,
               "llama.rope.freq_base": 500000.0, "llama.rope.dimension_count": WIDTH // HEADS,
               "llama.vocab_size": VOCABULARY, "tokenizer.ggml.model": "none"}
    body, offset, count = b"", 0, 0
    for name, shape, kind in tensors(layers):
        elements = 1
        for extent in shape:
            elements *= extent
        body += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        body += struct.pack("<IQ", kind, offset)
        block, size = BLOCK[kind]
        offset += (elements // block * size + 31) // 32 * 32
        count += 1
    header = b"GGUF" + struct.pack("<IQQ", 3, count, len(entries))
    header += b"".join(entry(key, value) for key, value in entries.items()) + body
    header += bytes(-len(header) % 32)
    with open(path, "wb") as file:
        file.write(header)
        file.truncate(len(header) + offset)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1], *map(int, sys.argv[2:3]))
