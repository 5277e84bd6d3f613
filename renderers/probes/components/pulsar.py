"""Probes of Pulsar: the addresses of peers that a party's broker holds.

FATE writes a peer's address into the broker as a cluster that is called by the party's id, once: `brokerServiceUrl` and
`brokerServiceUrlTls`, and `proxyServiceUrl` where it is reached through an exchange (components.md section 0, fact 10;
FATE v1.11.2, federation/pulsar). The first releases wrote them without a scheme. Where there is a proxy, it is dialled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from planner.channels import Channel
from planner.checks.stale_pulsar_peer import stale_pulsar_peer
from planner.lookup import Endpoint
from planner.model import party_key
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.probes.components.answering import PULSAR_ADMINISTRATION
from renderers.probes.components.asking import place, python
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_PEERS: Final = r"""
import json, sys
try:
    from urllib.request import ProxyHandler, build_opener
    ask = build_opener(ProxyHandler({})).open
    def get(path):
        answer = ask(sys.argv[1] + path, timeout=8)
        try:
            return json.loads(answer.read().decode())
        finally:
            answer.close()
    known = [name for name in get("/admin/v2/clusters") if name.isdigit()]
    print(json.dumps({"peers": dict((name, get("/admin/v2/clusters/" + name)) for name in known)}))
except Exception as error:
    print(json.dumps({"failure": str(error)}))
"""
"""Tells every cluster that is called by a number, in one go: a broker may know a thousand."""


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of a party's Pulsar."""
    if "pulsar" in sight.planned.modules:
        sentence = f"every cluster that Pulsar of {sight.folder.label} knows has the planned address"
        yield probe(sight, "pulsar-peers", sentence, partial(_are_planned, sight))


def _are_planned(sight: Sight, deadline: Deadline) -> Said:
    found = python(sight, _PEERS, (f"http://pulsar:{PULSAR_ADMINISTRATION}",), deadline)
    if isinstance(found, str):
        return unknown(found)
    peers = found.get("peers")
    if not isinstance(peers, dict):
        return unknown(f"Pulsar does not tell its clusters: {spoken(str(found.get('failure')))}")
    wrong = [
        (int(name), dialled, wanted)
        for name, row in peers.items()
        if isinstance(row, dict) and (wanted := _planned(sight, name)) and (dialled := _dialled(row, wanted))
    ]
    where, label = place(sight, "pulsar"), sight.folder.label
    namespace = sight.folder.namespaces["training"]
    forget = f"kubectl --namespace {namespace} exec {_pod(sight, deadline)} -- bin/pulsar-admin clusters delete"
    said = judged(
        tuple(
            stale_pulsar_peer(where, label, peer, str(dialled), " or ".join(map(str, wanted)), f"{forget} {peer}")
            for peer, dialled, wanted in sorted(wrong)
        )
    )
    return replace(said, peers=tuple(party_key(peer) for peer, _, _ in sorted(wrong)))


def _pod(sight: Sight, deadline: Deadline) -> str:
    return next((spot.pod for spot in sight.inside.spots("pulsar", deadline)), "pulsar-0")


def _planned(sight: Sight, party: str) -> Sequence[Endpoint]:
    """Where the site should dial a party: at its own endpoint, else at that of any exchange; nowhere if it is unknown.

    A party that has left the federation is no longer dialled, so what the broker knows of it does no harm.
    """
    if f"party-{party}" not in sight.plan.by_key or party == str(sight.planned.id):
        return ()
    dials = [
        (dial.peer, Endpoint(dial.host.lower(), dial.port))
        for dial in sight.folder.dials
        if dial.channel is Channel.PULSAR
    ]
    own = [endpoint for peer, endpoint in dials if peer == f"party-{party}"]
    return own or [endpoint for peer, endpoint in dials if peer.startswith("exchange-")]


def _dialled(row: Mapping[str, Any], planned: Sequence[Endpoint]) -> Endpoint | None:
    """Where the broker dials a peer, if that is not where it should."""
    proxy = _endpoint(row.get("proxyServiceUrl"))
    plain, tls = _endpoint(row.get("brokerServiceUrl")), _endpoint(row.get("brokerServiceUrlTls"))
    known = [proxy] if proxy else [each for each in (plain, tls) if each]
    return known[0] if known and not set(known) & set(planned) else None


def _endpoint(text: Any) -> Endpoint | None:
    """`pulsar+ssl://10.0.2.2:30097`, or the same without a scheme; a name in small letters."""
    if not isinstance(text, str) or not text:
        return None
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        return Endpoint(parts.hostname, parts.port) if parts.hostname and parts.port else None
    except ValueError:
        return None
