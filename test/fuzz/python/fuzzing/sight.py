"""Nothing of one team exists for the other: no answer names it, and its ids are answered like ids that were never given
out.
"""

import json
import re
import uuid
from urllib.parse import unquote

import requests
import schemathesis
from schemathesis.core.failures import Failure

from .context import FOREIGN, OWN

# What says nothing about the id: the request was refused for what it is, or for who sent it.
REFUSED = {400, 401, 403, 404, 405, 413, 415}
TIMEOUT = 10


class SightOfOtherTeam(Failure):
    """An answer tells a team of what belongs to another."""

    def __init__(self, *, operation: str, message: str, case_id: str | None = None) -> None:
        self.operation = operation
        self.message = message
        self.title = "A team sees what belongs to another"
        self.case_id = case_id


def tokens():
    """Words that tell of the other team, longest first: its mark, its ids, its secrets."""
    own = {one for ids in OWN["ids"].values() for one in ids}
    words = {FOREIGN["mark"], *FOREIGN["keys"].values()}
    for kind, ids in FOREIGN["ids"].items():
        words.update(ids if kind != "workers" else [])
    return sorted(words - own, key=len, reverse=True)


TOKENS = tokens() if FOREIGN else []


@schemathesis.check
def no_sight_of_the_other_team(ctx, response, case):
    if not FOREIGN:
        return True
    request = response.request
    sent = unquote(request.url) + text_of(request.body) + str(dict(request.headers))
    answered = text_of(response.content) + unquote(str(dict(response.headers)))
    told = [token for token in TOKENS if token in answered and token not in sent]
    if told:
        fail(case, f"The answer names {told[0]}, which belongs to the other team and was not asked for.")
    named = [token for token in TOKENS if token in without_filters(request.url) and token != FOREIGN["mark"]]
    if named and response.status_code not in REFUSED:
        fail(case, f"The other team's {named[0]} was answered with {response.status_code}.")
    if named and response.status_code == 404:
        compare_with_unknown(case, response, named[0])
    return None


def without_filters(url):
    """A filter that matches nothing is no sight: these narrow down what is the team's own."""
    return re.sub(r"(?<=[?&])(target|cursor|label)=[^&]*", "", unquote(url))


def compare_with_unknown(case, response, token):
    """The same request with an id that does not exist has to get the same answer, word for word."""
    unknown = unknown_like(token)
    request = response.request
    answer = requests.request(
        request.method,
        request.url.replace(token, unknown),
        headers={name: value for name, value in request.headers.items() if name.lower() != "content-length"},
        data=request.body,
        timeout=TIMEOUT,
    )
    known = (response.status_code, neutral(response.content, token))
    nobody = (answer.status_code, neutral(answer.content, unknown))
    if known != nobody:
        fail(case, f"The other team's {token} is told from one that does not exist:\n{known}\n{nobody}")


def unknown_like(token):
    if re.fullmatch(r"[0-9a-f]{64}", token):
        return token[::-1] if token[::-1] != token else "0" * 64
    if re.fullmatch(r"[0-9a-f-]{36}", token):
        return str(uuid.uuid5(uuid.NAMESPACE_URL, token))
    return "nobody-" + token[::-1].strip("-")


def neutral(content, token):
    try:
        body = json.loads(content)
    except ValueError:
        return content
    if isinstance(body, dict):
        body.pop("requestId", None)
    return json.dumps(body).replace(token, "…")


def text_of(body):
    if body is None:
        return ""
    return body.decode("latin-1") if isinstance(body, bytes) else str(body)


def fail(case, message):
    raise SightOfOtherTeam(operation=case.operation.label, message=message, case_id=case.id)
