"""Probes of a site's FATE-Serving: its proxy and the others', its server and FATE-Flow, and an inference.

Facts: verify.md section 4, components.md section 6. All of it is tried from inside the pods that will do it later, so
NetworkPolicies count. The proxies speak gRPC, without TLS: no release's charts can set it up, and neither can a plan.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from planner.channels import Channel
from planner.checks.inference_failed import inference_failed
from planner.checks.serving_peer_silent import serving_peer_elsewhere, serving_peer_silent
from planner.checks.serving_without_fateflow import serving_without_fateflow
from planner.contacts import dialled
from planner.diagnostics import Place
from planner.lookup import Endpoint
from planner.model import party_key
from planner.plan import PlannedServing
from planner.probes import BY_ID
from planner.wording import label, spoken
from renderers.cluster.api import Ran
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.probes.pods.in_words import NO_ANSWER, parsed, words
from renderers.probes.pods.inside import Dialled, Reached, Spot
from renderers.probes.pods.talk import Talked, talk
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.serving.files import found_serving, serving_properties, serving_table
from renderers.probes.serving.inference import Inference
from renderers.probes.serving.inference_answer import judge
from renderers.probes.serving.inference_post import post
from renderers.probes.sight import Sight
from renderers.values import endpoint_of_text

_PROXY, _SERVER, _FATEFLOW = "serving-proxy", "serving-server", "python"
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""What a client of HTTP/2 says first: the preface, and a SETTINGS frame that sets nothing (RFC 9113, section 3.4)."""
_SETTINGS: Final = re.compile(rb".{3}\x04\x00\x00{4}", re.DOTALL)
"""The head of the frame that a server of HTTP/2 says first: SETTINGS, of no stream."""
_LISTEN: Final = 3
"""Seconds in which a server must say something: one that speaks first does it at once."""
_VERSION: Final = "/v1/version/get"
_VERSION_OF_2: Final = "/v2/server/fateflow"
"""What every FATE-Flow of its generation answers, with JSON (renderers/probes/components/fateflow.py)."""
_MODULE: Final = json.dumps({"module": "FATE"})
_JSON: Final = {"Content-Type": "application/json"}
_TLS: Final = b"\x15\x03"
"""An alert, with which a server of TLS may answer to what is none."""


def probes(sight: Sight, inference: Inference | None = None) -> Iterator[Probe]:
    """What is asked of a site's serving, in order; of a party at which an inference is posted, that as well."""
    planned = sight.planned
    if Channel.SERVING in planned.channels:
        yield from _peers(sight)
    serving = planned.serving
    if serving is None or planned.site.kind != "party":
        return
    if "servingServer" in serving.modules and "python" in planned.modules:
        yield from _training(sight)
    if "servingZookeeper" in serving.modules:
        yield from _registry(sight, serving)
    if inference is not None and planned.key == party_key(inference.guest):
        sentence = f"service {spoken(inference.service)} gives a federated answer at {label(planned.key)}"
        port = serving.release.ports.proxy_http
        yield Probe(BY_ID["inference-answers"], planned.key, sentence, partial(_ask_for, sight, inference, port))


# ---------------------------------------------------------------------------------------------------------------------
# Other sites' serving proxies


def _peers(sight: Sight) -> Iterator[Probe]:
    planned = sight.planned
    for peer, endpoint in dialled(sight.plan, planned)[Channel.SERVING].items():
        sentence = f"the serving proxy of {label(peer)} answers that of {label(planned.key)} at {endpoint}"
        ask = partial(_ask_peer, sight, peer, endpoint)
        yield Probe(BY_ID["serving-peers"], planned.key, sentence, ask, peer, endpoint)


def _ask_peer(sight: Sight, peer: str, endpoint: Endpoint, deadline: Deadline) -> Said:
    """The table in the proxy's pod leads to the peer, and a server of HTTP/2 answers there."""
    spot = _spot(sight, _PROXY, deadline)
    if spot is None:
        return _no_spot(_PROXY)
    place = _place(sight, _PROXY)
    table = serving_table(sight.inside, spot, deadline)
    for row in _rows(sight, peer) if table is not None else ():
        live = table.get(row, table.get("default", ())) if table is not None else ()
        if endpoint not in live:
            leads = _listed(live)
            found = serving_peer_elsewhere(place, sight.planned.key, peer, leads, str(endpoint))
            return Said(Truth.FALSE, f"the table in the proxy's pod leads to {leads or 'nobody'}", (found,))
    reason = _why_not(sight.inside.dial(spot, endpoint, deadline)) or _greeting(sight, spot, endpoint, deadline)
    if isinstance(reason, Said) or not reason:
        return reason or Said()
    return Said(Truth.FALSE, reason, (serving_peer_silent(place, peer, str(endpoint), reason),))


def _rows(sight: Sight, peer: str) -> Iterator[str]:
    """The entries of the site's table that lead to a peer: parties' ids, or `default`."""
    hops = sight.plan.topology_of(Channel.SERVING).hops(sight.planned.site)
    yield from (str(party) for party, key in hops.entries.items() if key == peer)
    if peer in hops.default:
        yield "default"


def _greeting(sight: Sight, spot: Spot, endpoint: Endpoint, deadline: Deadline) -> str | Said:
    """What is wrong with what a port says first, which was open a moment ago; empty where that is HTTP/2."""
    heard = _heard(sight, spot, endpoint, _PREFACE, deadline)
    if heard.dialled.reached is not Reached.OPEN:
        return Said(Truth.UNKNOWN, words(heard.dialled))
    if _SETTINGS.match(heard.reply):
        return ""
    if heard.reply.startswith(_TLS):
        return "it speaks TLS, and the plan has none for serving"
    return "what listens there is no serving proxy" if heard.reply else "it takes the connection, and says nothing"


# ---------------------------------------------------------------------------------------------------------------------
# The party's own training


def _training(sight: Sight) -> Iterator[Probe]:
    """FATE-Flow loads models into serving-server, which fetches them from it (INV-SRV-2, INV-SRV-3)."""
    planned, sort = sight.planned, BY_ID["serving-finds-fateflow"]
    site = label(planned.key)
    for channel, sentence, ask in (
        (Channel.TRANSFER, f"the serving server of {site} reaches its FATE-Flow", _ask_server),
        (Channel.LOAD, f"FATE-Flow of {site} reaches its serving server", _ask_fateflow),
    ):
        if channel in planned.listeners:
            yield Probe(sort, planned.key, sentence, partial(ask, sight))


def _ask_server(sight: Sight, deadline: Deadline) -> Said:
    """FATE-Flow answers where serving-server fetches models."""
    spot = _spot(sight, _SERVER, deadline)
    if spot is None:
        return _no_spot(_SERVER)
    source = serving_properties(sight.inside, spot, deadline).source
    planned = _known(sight, Channel.TRANSFER)
    if source and endpoint_of_text(source) not in planned:
        return _not_found(sight, _SERVER, f"serving-server fetches models at {source}, not at {_listed(planned)}")
    at = source or str(planned[0])
    is_two = sight.planned.release.module == "osx"
    method, path, body = ("GET", _VERSION_OF_2, "") if is_two else ("POST", _VERSION, _MODULE)
    answer = sight.inside.ask(spot, method, f"http://{at}{path}", deadline, body=body, headers=_JSON)
    is_fateflow = answer.status > 0 and isinstance(parsed(answer.body), dict)
    other = "what answers there is no FATE-Flow" if answer.status or answer.body else NO_ANSWER
    reason = _why_not(answer.dialled) or ("" if is_fateflow else other)
    return _told(sight, _SERVER, f"serving-server does not reach FATE-Flow at {at}", reason)


def _ask_fateflow(sight: Sight, deadline: Deadline) -> Said:
    """serving-server takes connections where FATE-Flow loads models, or ZooKeeper where it looks for serving-server."""
    spot = _spot(sight, _FATEFLOW, deadline)
    if spot is None:
        return _no_spot("FATE-Flow")
    found = found_serving(sight.inside, spot, deadline)
    known = _known(sight, Channel.LOAD)
    wrong = [each for each in found.endpoints if each not in known] if found is not None else []
    if found is not None and not found.endpoints:
        who = "the registry" if found.by_registry else "serving-server"
        return _not_found(sight, _FATEFLOW, f"FATE-Flow is told no address of {who}")
    if wrong:
        what = "looks for serving-server" if found is not None and found.by_registry else "loads models"
        return _not_found(sight, _FATEFLOW, f"FATE-Flow {what} at {wrong[0]}, not at {_listed(known)}")
    for at in known[:1] if found is None else found.endpoints:
        who = "ZooKeeper" if found is not None and found.by_registry else "serving-server"
        reason = _why_not(sight.inside.dial(spot, at, deadline))
        if reason:
            return _told(sight, _FATEFLOW, f"FATE-Flow does not reach {who} at {at}", reason)
    return Said()


def _known(sight: Sight, channel: Channel) -> tuple[Endpoint, ...]:
    """Where a channel inside the party is dialled, the way that others dial it first."""
    listener = sight.planned.listeners[channel]
    return (*listener.outside, *listener.inside)


def _listed(endpoints: Sequence[Endpoint]) -> str:
    """Endpoints of which any will do."""
    return " or ".join(map(str, endpoints))


def _registry(sight: Sight, serving: PlannedServing) -> Iterator[Probe]:
    """Where a serving cluster has ZooKeeper, its proxy and its server find each other there (INV-SRV-5)."""
    planned = sight.planned
    for component, module in ((_PROXY, "servingProxy"), (_SERVER, "servingServer")):
        if module in serving.modules:
            sentence = f"{component} of {label(planned.key)} reaches its registry"
            ask = partial(_ask_registry, sight, component)
            yield Probe(BY_ID["serving-finds-fateflow"], planned.key, sentence, ask)


def _ask_registry(sight: Sight, component: str, deadline: Deadline) -> Said:
    """ZooKeeper says something where a component looks for it; to `ruok` it says something in any case."""
    spot = _spot(sight, component, deadline)
    if spot is None:
        return _no_spot(component)
    at = serving_properties(sight.inside, spot, deadline).registry
    if at is None:
        return Said()
    heard = _heard(sight, spot, at, b"ruok", deadline)
    reason = _why_not(heard.dialled) or ("" if heard.reply else "it takes the connection, and says nothing")
    return _told(sight, component, f"{component} does not reach ZooKeeper at {at}", reason)


# ---------------------------------------------------------------------------------------------------------------------
# An inference


def _ask_for(sight: Sight, inference: Inference, port: int, deadline: Deadline) -> Said:
    """The request is posted in the proxy's own pod, as a client's would reach it."""
    spot = _spot(sight, _PROXY, deadline)
    if spot is None:
        return _no_spot(_PROXY)
    answer = post(sight.api, spot, Endpoint("127.0.0.1", port), inference.body, deadline)
    if answer is None:
        return Said(Truth.UNKNOWN, f"the image of {_PROXY} has no nc to post the request with")
    flaw = judge(answer, inference)
    if flaw is None:
        return Said()
    found = inference_failed(_place(sight, _PROXY), inference.service, flaw.reason, flaw.hint)
    return Said(Truth.FALSE, flaw.reason, (found,))


# ---------------------------------------------------------------------------------------------------------------------
# What all of them need


def _spot(sight: Sight, component: str, deadline: Deadline) -> Spot | None:
    """A container of a component that is ready."""
    found = sight.inside.spots(component, deadline, serving=component != _FATEFLOW)
    return found[0] if found else None


def _no_spot(component: str) -> Said:
    return Said(Truth.UNKNOWN, f"no container of {component} is ready")


def _heard(sight: Sight, spot: Spot, endpoint: Endpoint, said: bytes, deadline: Deadline) -> Talked:
    """What comes back when something is said to a port."""

    def run(command: Sequence[str]) -> Ran:
        return sight.inside.run(spot, command, deadline)

    (talked,) = talk(run, (endpoint,), _LISTEN, said)
    return talked


def _why_not(dialled: Dialled) -> str | Said:
    """Why nobody was reached, as a clause; empty where somebody was, and unknown where nobody could try."""
    if dialled.tells_nothing:
        return Said(Truth.UNKNOWN, dialled.words)
    return "" if dialled.reached is Reached.OPEN else words(dialled)


def _told(sight: Sight, component: str, what: str, reason: str | Said) -> Said:
    """What is said of a site that may not reach its own: it does when there is no reason why not."""
    if isinstance(reason, Said):
        return reason
    return _not_found(sight, component, f"{what}: {reason}") if reason else Said()


def _not_found(sight: Sight, component: str, reason: str) -> Said:
    place = _place(sight, component)
    return Said(Truth.FALSE, reason, (serving_without_fateflow(place, sight.planned.key, reason),))


def _place(sight: Sight, component: str) -> Place:
    """What federation.yaml says of a component, else of its site."""
    namespaces = sight.folder.namespaces
    namespace = namespaces.get("training" if component == _FATEFLOW else "serving", sight.folder.home)
    kind = "StatefulSet" if component == _FATEFLOW else "Deployment"
    return sight.places.of_object(Reference("apps/v1", kind, namespace, component))
