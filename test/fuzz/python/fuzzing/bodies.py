"""Bodies that mean something. The schema of a job does not name what is on the shelves, and a report is about an attempt
that runs: generated bodies are kept in shape and given the names and ids that exist.
"""

import hashlib

from schemathesis.core import NotSet

from .context import FOREIGN, OWN, operation_id

RAW = 0.3
"""Share of bodies that are sent as they were generated."""


def inject(case, kwargs, rng):
    change = CHANGES.get(operation_id(case))
    if change is not None and not isinstance(case.body, NotSet) and rng.random() > RAW:
        change(case, kwargs, rng)


def holdings(rng):
    return FOREIGN if FOREIGN and rng.random() < 0.4 else OWN


def job(case, _kwargs, rng):
    if not isinstance(case.body, dict):
        return
    body = dict(case.body)
    for name in ("teacher", "teachers", "peers", "sources", "stages", "methods", "export", "evaluate", "gates"):
        body.pop(name, None)
    body.update(data={"name": "optdigits"}, student={"model": "mlp"}, method={"name": "none"}, train={"epochs": 1})
    draw = rng.random()
    whose = holdings(rng)["ids"]
    if draw < 0.25:
        body["data"] = {
            "name": "csv",
            "params": {"path": "train.csv", "shape": [8, 8, 1], "classes": 10},
            "from": {"upload": rng.choice(whose["datasets"])},
        }
    elif draw < 0.7:
        source = {"job": rng.choice(whose["succeeded"])} if draw < 0.5 else {"upload": rng.choice(whose["models"])}
        body.update(teacher={"from": source}, method={"name": "kd"})
    case.body = body


def claim(case, _kwargs, rng):
    case.body = {"workerId": rng.choice(OWN["ids"]["workers"]), "attempt": rng.choice([1, 1, 2])}


def heartbeat(case, _kwargs, rng):
    if isinstance(case.body, dict) and isinstance(case.body.get("jobs"), list):
        jobs = [{**one, "jobId": rng.choice(OWN["ids"]["running"])} for one in case.body["jobs"] if isinstance(one, dict)]
        case.body = {**case.body, "jobs": jobs}


def files(case, _kwargs, rng):
    if isinstance(case.body, dict) and isinstance(case.body.get("files"), list):
        blobs = OWN["ids"]["blobs"]
        stored = [{**one, "sha256": rng.choice(blobs)} for one in case.body["files"] if isinstance(one, dict)]
        case.body = {**case.body, "files": stored}


def teacher(case, kwargs, rng):
    files(case, kwargs, rng)
    if isinstance(case.body, dict):
        case.body = {**case.body, "key": case.path_parameters["key"]}


def key(case, _kwargs, rng):
    if not isinstance(case.body, dict):
        return
    body = {**case.body, "scopes": rng.choice([["admin"], ["jobs:read"], ["jobs:read", "jobs:write"]])}
    body["expiresAt"] = rng.choice([None, "2099-01-01T00:00:00Z"])
    body["team"] = holdings(rng)["team"]
    case.body = body


def model(case, kwargs, rng):
    parts = {name: bytes.fromhex(hexadecimal) for name, hexadecimal in OWN["modelFiles"].items()}
    draw = rng.random()
    if draw < 0.3:
        # Weights of its own: another model.
        parts["model.weights.bin"] = hashlib.sha256(repr(case.body).encode()).digest() + parts["model.weights.bin"][32:]
    elif draw < 0.5:
        name = rng.choice(list(parts))
        at = rng.randrange(len(parts[name]))
        parts[name] = parts[name][:at] + bytes([rng.randrange(256)]) + parts[name][at + 1 :]
    send_form(kwargs, parts)


def dataset(case, kwargs, rng):
    names = ["train.csv", "test/a.bin", f"{OWN['mark']}.csv", "a/../b", "/absolute", "a" * 300]
    count = rng.randrange(1, 4)
    send_form(kwargs, {rng.choice(names): repr(case.body).encode()[:64] * rng.randrange(3) for _ in range(count)})


def send_form(kwargs, parts):
    """Sent in place of the generated body, as a form of files."""
    kwargs["files"] = [(name, (name.rsplit("/")[-1], content, "application/octet-stream")) for name, content in parts.items()]


CHANGES = {
    "submitJob": job,
    "validateJob": job,
    "claimJob": claim,
    "heartbeat": heartbeat,
    "saveCheckpoint": files,
    "saveArtifacts": files,
    "saveTeacher": teacher,
    "createKey": key,
    "uploadModel": model,
    "uploadDataset": dataset,
}
