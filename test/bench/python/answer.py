"""The worker's end of the line to the benchmark: one JSON message per line, marked, since libraries print too."""

import json
import sys
import time
from collections.abc import Callable


def answer(message: dict) -> None:
    print("@bench " + json.dumps(message), flush=True)


def serve_steps(versions: dict, losses: Callable[[int], dict], step: Callable[[], None]) -> None:
    """Answers `losses` (which must come first) and `steps` until standard input ends."""
    answer({"ready": True, "versions": versions})
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "losses":
            answer(losses(request["count"]))
            continue
        times = []
        for _ in range(request["count"]):
            start = time.perf_counter()
            step()
            times.append((time.perf_counter() - start) * 1000)
        answer({"ms": times})
