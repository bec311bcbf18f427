"""Choices that depend on the seed and on the case alone: the same seed gives the same requests, also when shrinking."""

import hashlib
import random

from .context import ROLE, SEED


def chooser(case) -> random.Random:
    parts = (SEED, ROLE, case.method, case.path, case.path_parameters, case.query, case.headers, case.body)
    return random.Random(hashlib.sha256(repr(parts).encode("utf-8", "replace")).digest())
