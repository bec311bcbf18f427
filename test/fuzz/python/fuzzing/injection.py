"""Puts ids that exist into generated requests: those of the own team, so that a request gets past the look-up, and those
of the other one, which must not. Without this nearly every request would end at an id that was never given out.
"""

import hashlib

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from . import bodies
from .choice import chooser
from .context import FOREIGN, KEEP_KEYS, OWN, operation_id

OTHERS = 0.35
EXISTING = 0.9
# What is left of 1 keeps the generated value.

# By the beginning of the path: parameter and kind of thing that it names.
KINDS = (
    ("/v1/jobs/{id}", "id", "jobs"),
    ("/v1/models/{id}", "id", "models"),
    ("/v1/datasets/{id}", "id", "datasets"),
    ("/v1/keys/{id}", "id", "keys"),
    ("/v1/webhooks/{id}", "id", "webhooks"),
    ("/v1/teams/{name}", "name", "teams"),
    ("/v1/workers/{id}", "id", "workers"),
    ("/v1/teachers/{key}", "key", "teachers"),
    ("/v1/blobs/{sha256}", "sha256", "blobs"),
)
# Operations that end what they are called with, or need it in one state: their ids are a kind of their own.
NARROWER = {
    "watchEvents": "ended",
    "claimJob": "dispatched",
    "report": "running",
    "saveCheckpoint": "running",
    "saveArtifacts": "running",
    "finish": "finishing",
    "revokeKey": "spareKeys",
    "rotateKey": "spareKeys",
    "removeWorker": "spareWorkers",
    "deleteWebhook": "spareWebhooks",
    "getArtifact": "succeeded",
    "headArtifact": "succeeded",
    "getJobModel": "succeeded",
}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None:
        return
    protect_own_key(case)
    bound_stream(case)
    # The steps of a stateful run hand ids on by themselves.
    if case.meta.phase.name is TestPhase.STATEFUL:
        return
    rng = chooser(case)
    if not case.meta.is_negative_at(ParameterLocation.PATH):
        inject_path(case, rng)
    if not case.meta.is_negative_at(ParameterLocation.QUERY):
        inject_query(case, rng)
    if not case.meta.is_negative_at(ParameterLocation.HEADER):
        inject_headers(case, rng)
    if not case.meta.is_negative_at(ParameterLocation.BODY):
        bodies.inject(case, kwargs, rng)


def pick(rng, kind):
    """An id of this kind, whose it is drawn at random; None to leave what is there."""
    draw = rng.random()
    foreign = FOREIGN["ids"].get(kind) if FOREIGN else None
    if foreign and draw < OTHERS:
        return rng.choice(foreign)
    own = OWN["ids"].get(kind)
    return rng.choice(own) if own and draw < EXISTING else None


def is_one_of(kind, value):
    return any(value in holding["ids"].get(kind, ()) for holding in (OWN, FOREIGN) if holding)


def inject_path(case, rng):
    parameters = case.path_parameters or {}
    for prefix, name, kind in KINDS:
        kind = NARROWER.get(operation_id(case), kind)
        # A request that is sent again, with another key or none, keeps its id.
        if not case.path.startswith(prefix) or is_one_of(kind, parameters.get(name)):
            continue
        value = pick(rng, kind)
        if value is not None:
            parameters[name] = value
            if "attempt" in parameters and rng.random() < EXISTING:
                parameters["attempt"] = 1
            if "delivery" in parameters and rng.random() < EXISTING:
                parameters["delivery"] = rng.choice(OWN["deliveries"])
            if "path" in parameters and rng.random() < EXISTING:
                parameters["path"] = OWN["artifact"]
    if operation_id(case) == "putBlob" and isinstance(case.body, bytes) and rng.random() < EXISTING:
        parameters["sha256"] = hashlib.sha256(case.body).hexdigest()


def inject_query(case, rng):
    query = case.query or {}
    declared = {parameter.name for parameter in case.operation.query}
    for name in ("team", "cursor", "target"):
        if name not in declared:
            continue
        value = pick(rng, cursors_of(case) if name == "cursor" else {"team": "teams", "target": "anything"}[name])
        if value is not None and rng.random() < 0.5:
            query[name] = value
        elif name == "team" and rng.random() < 0.8:
            query.pop(name, None)
    if "label" in declared and rng.random() < 0.5:
        query["label"] = [f"owner={rng.choice([OWN, FOREIGN or OWN])['mark']}"]
    if query:
        case.query = query


def cursors_of(case):
    return f"cursors of {operation_id(case)}"


def inject_headers(case, rng):
    if operation_id(case) == "submitJob" and rng.random() < 0.3:
        case.headers["idempotency-key"] = rng.choice(OWN["idempotencyKeys"])
    if operation_id(case) in ("getArtifact", "headArtifact") and rng.random() < 0.3:
        case.headers["if-none-match"] = rng.choice([f'"{one}"' for one in (FOREIGN or OWN)["ids"]["blobs"]])


def protect_own_key(case):
    parameters = case.path_parameters or {}
    if case.path.startswith("/v1/keys/{id}") and parameters.get("id") in KEEP_KEYS:
        parameters["id"] = OWN["ids"]["spareKeys"][0]


def bound_stream(case):
    """The stream of a job that still runs ends with the job. Read from its start it has an event to show at once."""
    if operation_id(case) != "watchEvents" or (case.path_parameters or {}).get("id") in OWN["ids"]["ended"]:
        return
    # What is faulty is refused before there is a stream.
    if not case.meta.is_negative_at(ParameterLocation.QUERY) and case.query:
        case.query.pop("after", None)
    if not case.meta.is_negative_at(ParameterLocation.HEADER) and case.headers:
        case.headers.pop("last-event-id", None)


