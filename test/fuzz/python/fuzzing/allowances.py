"""Refusals of requests that the document allows, each by a decision of ours. Everything else that is refused although it
is as documented is a failure.
"""

import json

import schemathesis

from .context import operation_id

# Paths of faults (a path covers what lies below it) that a request as documented may be refused for, with the reason.
FAULTS = {
    "listJobs": {
        "/cursor": "cursors are opaque: only pages give them",
        "/query/label": "a label has one value; that two pairs contradict each other is not for a schema to say",
    },
    "listDatasets": {"/cursor": "cursors are opaque"},
    "listKeys": {"/cursor": "cursors are opaque"},
    "listAudit": {"/cursor": "cursors are opaque"},
    "listMends": {"/cursor": "cursors are opaque"},
    "reconcile": {"/cursor": "cursors are opaque"},
    "listWebhooks": {"/cursor": "cursors are opaque"},
    "listDeliveries": {"/cursor": "cursors are opaque"},
    "createWebhook": {
        "/url": "what is a URL, and leads to an address outside, is not for a schema to say",
    },
    "createKey": {
        "/expiresAt": "a key that has expired already is refused",
        "/scopes": "which scopes go together depends on the team",
        "/team": "which team may be named depends on the calling key",
    },
    "changeJobs": {"": "a call names its jobs by ids or by labels, and the fields that belong to its action"},
    "saveTeacher": {"/key": "the key in the body is the one in the path"},
    # Forms of files: names and content are checked as they arrive; a schema of a form says neither.
    "uploadDataset": {"": "the files of the form"},
    "uploadModel": {"": "the files of the form"},
}
# Keys that poison prototypes are refused wherever names are free, and a schema cannot forbid them there.
POISON = ("/__proto__", "/constructor", "/prototype")
# Codes of answers that judge what a schema does not describe.
CODES = {
    "spec.invalid": "the schema of a job leaves out what is on the shelves, so that the document does not change with it",
    "model.invalid": "what makes a model loadable is in its topology and its weights",
    "blob.digest_mismatch": "content has to have the sha256 of its path",
    "artifact.range_not_satisfiable": "which ranges there are depends on the size of the artifact",
    "idempotency.mismatch": "a key that was used with another body",
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    allowed = ALLOWED.get(type(failure).__name__)
    return allowed is None or not allowed(case, response)


def may_refuse(case, response):
    problem = json_of(response)
    if problem.get("code") in CODES:
        return True
    paths = FAULTS.get(operation_id(case), {})
    faults = [fault["path"] for fault in problem.get("faults", [])]
    if "" in paths:
        return True
    return bool(faults) and all(at.endswith(POISON) or any(is_below(at, path) for path in paths) for at in faults)


def is_below(path, top):
    return path == top or path.startswith(f"{top}/")


def tells_faults(case, response):
    """Judging jobs is what these calls are for: they succeed, and their answers tell the faults."""
    return operation_id(case) in ("validateJob", "validateJobGraph") and json_of(response).get("valid") is False


def is_stream(case, response):
    """OpenAPI 3.1 describes a stream of events as text and has no words for a single event."""
    return operation_id(case) == "watchEvents" and response.status_code == 200


def json_of(response):
    try:
        value = json.loads(response.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


# What may be forgiven, by the kind of failure.
ALLOWED = {
    "RejectedPositiveData": may_refuse,
    "AcceptedNegativeData": tells_faults,
    "JsonSchemaError": is_stream,
}
