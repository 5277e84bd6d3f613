"""Probes of who answers for a party when it is asked for through the site's own nginx, with FATE 2.

FATE-Flow 2 tells its party's id to whoever asks, and every nginx on the way looks into its table: the question takes
the way of a job's control (fate-on-one-machine.md section 3). FATE 1 has nothing like it that was ever run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from planner.channels import Channel
from planner.checks.wrong_party_answers import wrong_party_answers
from planner.model import party_key
from planner.plan import PlannedSite
from planner.probes import BY_ID
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.probes.pods.in_words import parsed
from renderers.probes.pods.inside import HttpAnswer, Reached
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.sight import Sight

_PATH: Final = "/v2/site/info/query"
_FIRST: Final = (2, 0)
_OK, _NOT_FOUND = 200, 404
_SERVER: Final = 500
_MEANS: Final = {
    500: "a table on the way has no service `fateflow` for it, or routes lead round in a circle",
    502: "the next hop refuses, or its FATE-Flow is down",
    503: "the next hop is not ready",
    504: "the next hop says nothing",
}
_NGINX: Final = re.compile(r"nginx|openresty", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_ASKERS: Final = ("fateflow", "nginx")
"""From whose pod is asked: FATE-Flow's, as in operation, else nginx's own."""


def probes(sight: Sight) -> Iterator[Probe]:
    """A sentence for each party that a party of FATE 2 must talk with, where nginx carries the control."""
    own = sight.planned.site.id
    is_asked = Channel.NGINX_HTTP in sight.planned.channels and sight.planned.release.first_two >= _FIRST
    if own is None or not is_asked:
        return
    for party in sorted(sight.plan.topology.partners(own)):
        peer = sight.plan.by_key[party_key(party)]
        yield Probe(
            BY_ID["peer-answers"],
            sight.folder.key,
            f"{peer.site.label} itself answers when it is asked for through nginx of {sight.folder.label}",
            partial(_answers, sight, peer),
            peer.key,
        )


def _answers(sight: Sight, peer: PlannedSite, deadline: Deadline) -> Said:
    spot = next((found[0] for each in _ASKERS if (found := sight.inside.spots(each, deadline))), None)
    if spot is None:
        return Said(Truth.UNKNOWN, "neither FATE-Flow nor nginx has a container that is ready")
    url = f"http://nginx:{sight.planned.release.ports.nginx_http}{_PATH}"
    headers = {"dest-party-id": str(peer.id), "service": "fateflow"}
    answer = sight.inside.ask(spot, "GET", url, deadline, headers=headers)
    if answer.dialled.reached is not Reached.OPEN:
        return Said(Truth.UNKNOWN, f"the site's own nginx was not reached ({answer.dialled.words})")
    reason, hint = judged(answer, peer)
    if not reason:
        return Said()
    if not hint:
        return Said(Truth.UNKNOWN, reason)
    notes = (f"tried from pod {spot.namespace}/{spot.pod}",)
    finding = wrong_party_answers(sight.places.of_site(), sight.folder.label, reason, notes, hint)
    return Said(Truth.FALSE, reason, (finding,))


def judged(answer: HttpAnswer, peer: PlannedSite) -> tuple[str, str]:
    """What an answer tells, as a clause, and what is to be done; no clause where it is right, no hint in doubt."""
    label = peer.site.label
    if answer.status == _OK:
        found = _party(answer.body)
        if found == str(peer.id):
            return "", ""
        tables = "compare the route tables on the way with the plan: `invoke status` tells the live ones that differ"
        told = f"party {spoken(found)} answers" if found else "somebody answers who names no party,"
        return f"{told} for {label}", tables if found else ""
    way = f"mend the hops to {label}, the first one first: `invoke verify --live --pair` names them"
    if answer.status == 0:
        words = spoken(answer.body)
        return f"nginx has no answer for {label}" + (f": {words}" if words else " in time"), way
    told = f"nginx answers {answer.status} for {label}{_title(answer.body)}"
    means = _MEANS.get(answer.status, "a hop on the way fails" if answer.status >= _SERVER else "")
    if answer.status == _NOT_FOUND and _NGINX.search(answer.body):
        means = "a table on the way has no route to it"
    return f"{told}: {means or 'this tells nothing of the way'}", way if means else ""


def _party(body: str) -> str:
    """The id that FATE-Flow tells; empty for any other answer."""
    found = parsed(body)
    told = found.get("data", found) if isinstance(found, dict) else None
    return str(told.get("party_id") or "") if isinstance(told, dict) else ""


def _title(page: str) -> str:
    """What nginx's page says beside the number."""
    found = _TITLE.search(page)
    return f" ({spoken(found[1])})" if found else ""
