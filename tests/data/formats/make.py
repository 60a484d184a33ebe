"""Writes the files here with the formats' own libraries, and expected.json with what these say of them.

python3 make.py    (safetensors, onnx, numpy)
"""

import json
import os

import numpy as np

out = os.path.dirname(os.path.abspath(__file__))
from safetensors.numpy import save_file
from safetensors import safe_open
import onnx
from onnx import helper, numpy_helper, TensorProto

rng = np.random.default_rng(1)
t = {
    "model.embed_tokens.weight": rng.random((6, 4), dtype=np.float32),
    "model.layers.0.mlp.up_proj.weight": rng.random((8, 4)).astype(np.float16),
    "ids": np.arange(5, dtype=np.int64),
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 3), np.uint8),
    "mask": np.array([True, False]),
    'ünïcode "quoted"': np.ones((2, 2), np.int16),
    "deep": np.ones((1, 1, 1, 1, 1, 3), np.uint32),
}
save_file(t, f"{out}/numpy.safetensors", metadata={"format": "np", "note": "line\nbreak"})


def st(path):
    raw = open(path, "rb").read()
    n = int.from_bytes(raw[:8], "little")
    h = json.loads(raw[8 : 8 + n])
    r = []
    with safe_open(path, "np") as f:
        for k in f.keys():
            s = f.get_slice(k)
            e = h[k]
            r.append(
                {
                    "name": k,
                    "type": str(s.get_dtype()),
                    "shape": list(s.get_shape()),
                    "offset": 8 + n + e["data_offsets"][0],
                    "bytes": e["data_offsets"][1] - e["data_offsets"][0],
                }
            )
    return r


def model(ir_extra=None):
    inits = [
        numpy_helper.from_array(t["model.embed_tokens.weight"], "w"),
        helper.make_tensor("f16", TensorProto.FLOAT16, [3], [1.0, 2.0, 3.0]),
        helper.make_tensor("bf16", TensorProto.BFLOAT16, [2], [1.0, 2.0]),
        helper.make_tensor("i4", TensorProto.INT4, [5], [1, 2, 3, -4, 5]),
        helper.make_tensor("f8", TensorProto.FLOAT8E4M3FN, [3], [1.0, 2.0, 3.0]),
        helper.make_tensor("f4", TensorProto.FLOAT4E2M1, [3], [1.0, 2.0, 3.0]),
        helper.make_tensor("i64", TensorProto.INT64, [2, 2], [1, -2, 3, 1 << 60]),
        helper.make_tensor("u64", TensorProto.UINT64, [2], [1, (1 << 64) - 1]),
        helper.make_tensor("u32", TensorProto.UINT32, [2], [1, (1 << 32) - 1]),
        helper.make_tensor("f64", TensorProto.DOUBLE, [2], [1.0, 2.0]),
        helper.make_tensor("c64", TensorProto.COMPLEX64, [2], [1 + 2j, 3j]),
        helper.make_tensor("bool", TensorProto.BOOL, [3], [True, False, True]),
        helper.make_tensor("i8raw", TensorProto.INT8, [3], b"\1\2\3", raw=True),
        helper.make_tensor("text", TensorProto.STRING, [2], [b"one", b"three"]),
        helper.make_tensor("empty", TensorProto.FLOAT, [0, 3], []),
    ]
    node = helper.make_node("Identity", ["w"], ["y"])
    const = helper.make_node("Constant", [], ["axes"], value=helper.make_tensor("v", TensorProto.INT64, [1], [7]))
    g = helper.make_graph(
        [const, node], "peer", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6, 4])], inits
    )
    m = helper.make_model(
        g, producer_name="onnx-helper", producer_version="1", opset_imports=[helper.make_opsetid("", 23)]
    )
    helper.set_model_props(m, {"a": "b"})
    return m


m = model()
onnx.save(m, f"{out}/inside.onnx")
m2 = helper.make_model(
    helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        "outside",
        [],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6, 4])],
        [
            numpy_helper.from_array(rng.random((6, 4), dtype=np.float32), "a"),
            numpy_helper.from_array(rng.random((6, 4), dtype=np.float32), "b"),
            numpy_helper.from_array(np.array(2.0, np.float32), "c"),
        ],
    )
)
onnx.save(
    m2,
    f"{out}/outside.onnx",
    save_as_external_data=True,
    all_tensors_to_one_file=True,
    location="outside.data",
    size_threshold=64,
)
T = {v: k for k, v in onnx.TensorProto.DataType.items()}


def ox(path):
    m = onnx.load(path, load_external_data=False)
    r = []
    for i in m.graph.initializer:
        d = {"name": i.name, "type": T[i.data_type], "shape": list(i.dims)}
        if i.external_data:
            e = {x.key: x.value for x in i.external_data}
            d["offset"] = int(e["offset"])
            d["bytes"] = int(e["length"])
            d["file"] = e["location"]
        elif i.data_type != 8:
            d["bytes"] = (
                len(onnx.numpy_helper.to_array(i).tobytes())
                if T[i.data_type] not in ("INT4", "FLOAT4E2M1")
                else (int(np.prod(i.dims)) + 1) // 2
            )
        else:
            d["bytes"] = sum(map(len, i.string_data))
        r.append(d)
    return {"producer": m.producer_name, "graph": m.graph.name, "tensors": r}


res = {
    "made by": f'safetensors {__import__("safetensors").__version__}, onnx {onnx.__version__}',
    "numpy.safetensors": {"tensors": st(f"{out}/numpy.safetensors")},
    "inside.onnx": ox(f"{out}/inside.onnx"),
    "outside.onnx": ox(f"{out}/outside.onnx"),
}
json.dump(res, open(f"{out}/expected.json", "w"), indent=1, ensure_ascii=False)
