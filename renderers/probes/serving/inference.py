"""The inference request that `verify --live --inference FILE` posts: read from the user's file, and who posts it.

The file holds what a client would post to a serving-proxy (verify.md section 4):

    {"head": {"serviceId": "credit"}, "body": {"featureData": {"x0": 0.1}, "sendToRemoteFeatureData": {"phone": "1"}}}

Features may be about people. They are in no finding, no report and no command line: only `body` has them, which no
representation of a request shows.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from planner.diagnostics import Diagnostic
from planner.plan import Plan, PlannedSite
from planner.source import quote
from planner.wording import some_parties
from renderers.files import read_bounded

OPTION: Final = "--inference"
_MOST_BYTES: Final = 2**18
"""A request is one row of features; a thousand of them take less than a tenth of this."""


@dataclass(frozen=True, slots=True)
class Inference:
    """A request for the service that models were bound to, as JSON, and the party at which it is posted."""

    service: str
    guest: int
    body: bytes = field(repr=False)


def read(path: Path, plan: Plan, parties: Collection[int]) -> Inference | str:
    """The request in a file, or in one clause why it cannot be posted.

    `parties` are those the user has named, or none. A service is bound at its guest alone, so a request is posted at
    one party: the user has to say at which where several have FATE-Serving.
    """
    data = read_bounded(path, _MOST_BYTES)
    if isinstance(data, Diagnostic):
        return f"{OPTION}: {data.message}"
    found = _request(data)
    if isinstance(found, str):
        return f"{OPTION}: {quote(path.name)} is {found}"
    service, body = found
    guest = _guest(plan, parties)
    return f"{OPTION}: {guest}" if isinstance(guest, str) else Inference(service, guest, body)


def _request(data: bytes) -> tuple[str, bytes] | str:
    """The service that is asked for and what is posted, or what the file is instead."""
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_once)
        body = json.dumps(document, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        return f"no JSON (line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError):
        return "no JSON"
    except KeyError:
        return "no inference request: something stands twice in one object"
    wrong = _wrong(document)
    return f"no inference request: {wrong}" if wrong else (document["head"]["serviceId"], body)


def _refuse(constant: str) -> NoReturn:
    """NaN and its like are Python's, not JSON's; a number that is too large becomes one when it is read."""
    raise ValueError(constant)


def _once(rows: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of a feature that stands there twice nobody knows which value is meant."""
    found = dict(rows)
    if len(found) < len(rows):
        raise KeyError
    return found


def _wrong(document: Any) -> str:
    """Why this is no request, as a clause; empty where it is one."""
    if not isinstance(document, dict):
        return "it is no JSON object with head and body"
    head, body = document.get("head"), document.get("body")
    if not isinstance(head, dict) or not isinstance(head.get("serviceId"), str) or not head["serviceId"].strip():
        return "head.serviceId must name the service that the model is bound to"
    if not isinstance(body, dict) or not isinstance(body.get("featureData"), dict):
        return "body.featureData must be an object, the guest's features by name"
    if not isinstance(body.get("sendToRemoteFeatureData", {}), dict):
        return "body.sendToRemoteFeatureData must be an object, by which the host finds its features"
    return ""


def _guest(plan: Plan, parties: Collection[int]) -> int | str:
    """The party at which the request is posted, or a clause that says why there is not one."""
    able = [each.id for each in plan.sites if _answers(each)]
    if not able:
        return "no party has a serving-proxy and a serving-server to answer a request"
    meant = sorted(set(able).intersection(parties)) if parties else able
    if not meant:
        named = sorted(parties)
        return f"{some_parties(named, len(named))} cannot answer: that takes a serving-proxy and a serving-server"
    if len(meant) > 1:
        return f"name the guest of the model, and no other, with --party: {some_parties(meant, len(meant))} could be it"
    return meant[0]


def _answers(planned: PlannedSite) -> bool:
    """Whether clients can ask this site for an inference: the proxy takes requests, the server has the models."""
    if planned.site.kind != "party" or planned.serving is None:
        return False
    return {"servingProxy", "servingServer"} <= set(planned.serving.modules)
