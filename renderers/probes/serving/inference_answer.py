"""What serving-proxy answers to an inference request, judged.

Sources: verify.md section 4; FATE-Serving's StatusCode and InferenceRetCode, in which a code of four digits begins with
1 where the guest is at fault, and with 2 or 3 where the host is (`transformRemoteErrorCode`, `partyInferenceRetcode`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from planner.wording import spoken
from renderers.probes.pods.inside import HttpAnswer
from renderers.probes.serving.inference import Inference
from renderers.values import mapping, number

_NOT_FOUND: Final = 404
_THOUSAND: Final = 1000
_MOST_JUDGED: Final = 2000
"""Characters of FATE-Serving's words that are looked at."""
_LONG: Final = 4
_ALONE: Final = (r"(?<!\w)(?<!\d\.)", r"(?!\w|\.\d)")
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?".join(_ALONE))
_WHOSE: Final[Mapping[int, str]] = MappingProxyType({1: " from the guest", 2: " from the host", 3: " from the host"})
_REQUEST: Final = "mend the request: its head and features are not as the model wants them"
_FEATURES: Final = (
    "ask for a row that each party has: the guest takes featureData, the host looks its own up by "
    "sendToRemoteFeatureData"
)
_LOAD: Final = "load and bind the model again at each of its parties (`flow model load`, `flow model bind`)"
_BIND: Final = "bind the model to the service again (`flow model bind`): a serving-server may forget it with a restart"
_ROUTE: Final = "see what `invoke verify --live --only serving` tells of the serving proxies of both parties"
_LOGIN: Final = "let the request have what serving-proxy's auth file asks for"
_LOGS: Final = "read the logs of serving-server and serving-proxy of both parties"
_WAYS_OUT: Final[Mapping[int, str]] = MappingProxyType(
    {
        100: _REQUEST,
        102: _FEATURES,
        103: _FEATURES,
        104: _LOAD,
        105: _ROUTE,
        106: _ROUTE,
        107: _LOAD,
        108: _ROUTE,
        109: _BIND,
        112: _FEATURES,
        113: _FEATURES,
        116: _FEATURES,
        120: _REQUEST,
        122: _BIND,
        123: _LOAD,
        127: _LOGIN,
        128: _ROUTE,
        129: _LOGIN,
    }
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why an answer is not a good one, in a clause, and the way out."""

    reason: str
    hint: str


def judge(answered: HttpAnswer, request: Inference) -> Flaw | None:
    """What is wrong with an answer; None for a federated one: retcode 0 (or "0"), flag 0 or none, and data."""
    answer = _answer(answered)
    if isinstance(answer, Flaw):
        return answer
    code, flag = number(answer["retcode"]), answer.get("flag")
    if code:
        words = spoken(_without_features(str(answer.get("retmsg") or ""), request))
        said = f"{code}{_WHOSE.get(code // _THOUSAND, '')}" + (f": {words}" if words else "")
        return Flaw(said, _WAYS_OUT.get(code % _THOUSAND, _LOGS))
    if flag is not None and number(flag) != 0:
        return Flaw(f"its flag is {number(flag) or 'no number'}, so the host had no part in it", _ROUTE)
    return None if mapping(answer.get("data")) else Flaw("it succeeds without data, so no model has answered", _LOAD)


def _answer(answered: HttpAnswer) -> Mapping[str, Any] | Flaw:
    """An answer of serving-proxy, which has a code."""
    if not answered.status:
        return Flaw("serving-proxy does not answer", _LOGS)
    if answered.status == _NOT_FOUND:
        return Flaw("it is not found (404)", _BIND)
    try:
        found = mapping(json.loads(answered.body))
    except (ValueError, RecursionError):
        found = {}
    return (
        found
        if number(found.get("retcode")) is not None
        else Flaw(f"what answers with {answered.status} is no serving-proxy", _LOGS)
    )


def _without_features(words: str, request: Inference) -> str:
    """FATE-Serving's words without anything that the request holds: it may repeat what it was sent.

    A long value is taken out wherever it stands, a short one where it stands by itself: it may be one letter. Numbers
    are known in whatever way they are written. Very long words are not told at all: searching them would take long.
    """
    if len(words) > _MOST_JUDGED:
        return ""
    document = json.loads(request.body)
    head = {name: value for name, value in document["head"].items() if name != "serviceId"}
    known = set(_values([head, document["body"]]))
    for value in sorted(known, key=lambda each: (-len(each), each)):
        if value.casefold() in words.casefold():
            around = ("", "") if len(value) >= _LONG else _ALONE
            words = re.sub(re.escape(value).join(around), "...", words, flags=re.IGNORECASE)
    numbers = {float(each) for each in known if _NUMBER.fullmatch(each)}
    return _NUMBER.sub(lambda found: "..." if float(found[0]) in numbers else found[0], words)


def _values(node: Any) -> Iterator[str]:
    """Every value below a node, as a text."""
    nodes = [node]
    while nodes:
        each = nodes.pop()
        if isinstance(each, dict | list):
            nodes += each.values() if isinstance(each, dict) else each
        elif each is not None and str(each):
            yield str(each)
