"""Runs our step's graph under TensorFlow's tracer and adds up the time of each kind of kernel.

Usage: profile_graph.py <folder with saved_model.pb> <steps>. Values do not matter for time, so variables and inputs are
filled with small numbers of the right shapes.
"""

import os
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import tensorflow as tf
from answer import answer
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

folder, steps = Path(sys.argv[1]), int(sys.argv[2])
SHOWN = 14
WARM_UP = 5
threads = int(os.environ["OMP_NUM_THREADS"])
random = np.random.default_rng(1)

model = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
definition = model.meta_graphs[0].graph_def
nodes = {node.name: node for node in definition.node}


def step_outputs() -> list[str]:
    """Results that wait for the step's assignments: identities behind a NoOp."""
    return [
        node.name
        for node in nodes.values()
        if node.op == "Identity" and any(name[0] == "^" and nodes[name[1:]].op == "NoOp" for name in node.input)
    ]


def reachable(names: list[str]) -> set[str]:
    seen, open_names = set(), list(names)
    while open_names:
        name = open_names.pop()
        if name not in seen:
            seen.add(name)
            open_names += [source.lstrip("^").split(":")[0] for source in nodes[name].input]
    return seen


def filling(dtype: int, shape: list[int]) -> np.ndarray:
    if dtype == tf.int32.as_datatype_enum:
        return random.integers(0, 10, shape, dtype=np.int32)
    return random.uniform(0.01, 0.1, shape).astype(np.float32)


def sizes(node) -> list[int]:
    return [axis.size for axis in node.attr["shape"].shape.dim]


outputs = step_outputs()
feeds = {
    f"{name}:0": filling(nodes[name].attr["dtype"].type, sizes(nodes[name]))
    for name in reachable(outputs)
    if nodes[name].op == "Placeholder"
}
totals: dict[str, float] = defaultdict(float)
counts: dict[str, int] = defaultdict(int)
with tf.Graph().as_default() as graph:
    tf.import_graph_def(definition, name="")
    fills = [
        tf.raw_ops.AssignVariableOp(
            resource=graph.get_tensor_by_name(f"{node.name}:0"),
            value=tf.constant(filling(node.attr["dtype"].type, sizes(node))),
        )
        for node in nodes.values()
        if node.op == "VarHandleOp"
    ]
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    with tf.compat.v1.Session(config=config) as session:
        session.run(fills)
        trace = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
        fetches = [f"{name}:0" for name in outputs]
        for i in range(WARM_UP + steps):
            metadata = tf.compat.v1.RunMetadata()
            session.run(fetches, feeds, options=trace, run_metadata=metadata)
            if i < WARM_UP:
                continue
            for device in metadata.step_stats.dev_stats:
                for kernel in device.node_stats:
                    found = re.search(r" = (\w+)\(", kernel.timeline_label)
                    op = found[1] if found else "other"
                    totals[op] += (kernel.op_end_rel_micros - kernel.op_start_rel_micros) / 1000
                    counts[op] += 1

ranked = sorted(totals, key=lambda op: -totals[op])
rows = [{"op": op, "count": round(counts[op] / steps), "ms": totals[op] / steps} for op in ranked]
rest = rows[SHOWN:]
if rest:
    rows = rows[:SHOWN] + [{"op": "others", "count": sum(r["count"] for r in rest), "ms": sum(r["ms"] for r in rest)}]
answer({"ops": rows})
