"""Counts what was sent and checked, by operation, and keeps what was found, for the report of the command."""

import json
from collections import Counter, defaultdict

from schemathesis import cli
from schemathesis.checks import CHECKS
from schemathesis.engine import Status, events

from .context import RECORD, operation_id

MOST = 2000
"""Characters of a finding's texts."""


@cli.handler()
class Record(cli.EventHandler):
    def __init__(self, *args, **kwargs):
        self.statuses = defaultdict(Counter)
        self.checks = defaultdict(Counter)
        self.phases = Counter()
        self.allowed = Counter()
        self.failures = {}
        self.errors = []

    def handle_event(self, ctx, event):
        if isinstance(event, events.ScenarioFinished):
            self.take_in(event)
        if isinstance(event, (events.NonFatalError, events.FatalError)):
            self.errors.append(f"{getattr(event, 'label', '')}: {getattr(event, 'value', event)!r}"[:MOST])

    def take_in(self, event):
        recorder = event.recorder
        for case_id, interaction in recorder.interactions.items():
            node = recorder.cases.get(case_id)
            if node is None or interaction.response is None:
                continue
            name = operation_id(node.value)
            self.statuses[name][interaction.response.status_code] += 1
            self.phases[event.phase.value.lower()] += 1
            self.allowed[name] += recorder.filtered_failures.get(case_id, 0)
            for check in recorder.checks.get(case_id, []):
                self.checks[name][check.name] += 1
                if check.status is Status.FAILURE:
                    self.keep(name, check, interaction)

    def keep(self, name, check, interaction):
        """One of each sort: a fault in one place fails hundreds of cases."""
        failure = check.failure_info.failure
        response = interaction.response
        key = (name, check.name, response.status_code, failure.title, code_of(response))
        found = self.failures.setdefault(key, {**described(name, check, interaction), "times": 0})
        found["times"] += 1

    def shutdown(self, ctx):
        counted = {name: getattr(self, name) for name in ("statuses", "checks", "phases", "allowed", "errors")}
        result = {**counted, "failures": list(self.failures.values()), "allChecks": sorted(CHECKS.get_all_names())}
        with open(RECORD, "w", encoding="utf-8") as file:
            json.dump(result, file)


def described(name, check, interaction):
    request, response = interaction.request, interaction.response
    failure = check.failure_info.failure
    return {
        "operation": name,
        "check": check.name,
        "status": response.status_code,
        "message": f"{failure.title}: {failure.message}"[:MOST],
        "request": f"{request.method} {request.uri}"[:MOST],
        "sent": text_of(request.body),
        "answer": text_of(response.content),
    }


def text_of(body):
    return (body or b"")[:MOST].decode("utf-8", "replace")


def code_of(response):
    try:
        return json.loads(response.content).get("code")
    except (ValueError, AttributeError):
        return None
