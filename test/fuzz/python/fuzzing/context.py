"""What the command hands over: the role of this run, what its team holds, and what the other one does."""

import json
import os

with open(os.environ["FUZZ_CONTEXT"], encoding="utf-8") as file:
    CONTEXT = json.load(file)

ROLE = CONTEXT["role"]
# What the key of this run may see; all there is for keys of the cluster.
OWN = CONTEXT["own"]
# What it may not. None for keys of the cluster.
FOREIGN = CONTEXT["foreign"]
# The key that the run itself uses must not be rotated or revoked by it.
KEEP_KEYS = set(CONTEXT["keepKeys"])
SEED = CONTEXT["seed"]
RECORD = CONTEXT["record"]


def operation_id(case) -> str:
    return case.operation.definition.raw.get("operationId", case.operation.label)
