"""What is worth a remark though the federation can be planned: in single files, and about the routes as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from planner.channels import Channel
from planner.checks.direct_beside_exchange import direct
from planner.checks.foreign_exchange_chart import foreign_chart
from planner.checks.inside_name import inside as inside_name
from planner.checks.live_default import live
from planner.checks.mixed_releases import FAULT as MIXED_RELEASES
from planner.checks.wrong_own_entry import wrong_own_entry
from planner.diagnostics import Diagnostic, Note
from planner.releases import load
from renderers.importing.drafts import Draft
from renderers.importing.network import Network
from renderers.importing.sites import place_of, release_of
from renderers.importing.specs import is_blank
from renderers.importing.tables import inside


def live_defaults(draft: Draft) -> Iterator[Diagnostic]:
    """Keys that a party leaves out, so that an address or a host of KubeFATE's samples goes live.

    INV-NGX-6, INV-NS-4.
    """
    spec, release = draft.training, release_of(draft)
    if spec is None or release is None:
        return
    if not draft.is_party:
        for chart in release.exchanges:
            own = chart.chart == spec.chart and chart.kind == draft.kind and is_blank(spec.get("imageTag"))
            if own and chart.default_tag not in {None, release.images.tag}:
                yield live(draft.label, "imageTag", str(chart.default_tag), place_of(spec, (spec.version_key,)))
        return
    hosts: list[tuple[str, str]] = []
    for default in release.defaults:
        path = tuple(default.key.split("."))
        if "service" not in default.through or not spec.deploys(path) or not is_blank(spec.get(*path)):
            continue
        if default.module and default.module not in spec.modules:
            continue
        if path[-1] == "hosts" and path[1] in spec.modules:
            hosts.append((default.key, default.value))
        elif default.key == "nginx.exchange" and default.value[:1].isdecimal():
            yield live(draft.label, default.key, default.value, place_of(spec, ("nginx",), on_key=True))
    if hosts:
        key, value = hosts[0]
        place = place_of(spec, ("ingress",) if "ingress" in spec.data else ("modules",), on_key=True)
        others = tuple(Note(f"and {other} of {each.split('.')[1]}") for each, other in hosts[1:])
        yield replace(live(draft.label, key, value, place), notes=others)


def own_entries(draft: Draft) -> Iterator[Diagnostic]:
    """Own entries of broker tables that do not lead to the party's own broker (INV-RMQ-2, INV-PUL-2)."""
    for spec, dialled in draft.tables():
        for channel, name, port in ((Channel.RABBITMQ, "rabbitmq", 5672), (Channel.PULSAR, "pulsar", 6650)):
            row = None if draft.id is None or not draft.is_party else dialled.entries(channel).get(draft.id)
            if row is not None and (row.host.partition(".")[0] != name or row.ports.get(name) != port):
                found = f"{row.host}:{row.ports.get(name, '')}"
                yield wrong_own_entry(draft.label, found, f"{name}:{port}", place_of(spec, row.path))


def route_remarks(network: Network) -> Iterator[Diagnostic]:
    """Names that only one cluster knows, rows past an exchange, and exchanges of another release's chart."""
    drafts = network.gathered.drafts
    for key, claims in network.claims.items():
        for claim in claims:
            if inside(claim.row.host) and claim.source.key != key:
                yield inside_name(claim.source.label, drafts[key].label, claim.row.host, claim.place)
    for draft in network.gathered.parties:
        exchanges = [
            exchange
            for channel, keys in network.defaults.get(draft.key, {}).items()
            if channel is not Channel.SERVING
            for exchange in keys
        ]
        if exchanges:
            for party, claim in network.direct.get(draft.key, {}).items():
                yield direct(draft.label, f"party {party}", drafts[exchanges[0]].label, claim.place)
    for draft in network.gathered.exchanges:
        yield from _foreign_chart(network, draft)


def _foreign_chart(network: Network, draft: Draft) -> Iterator[Diagnostic]:
    """An exchange whose chart is another release's than that of the parties it lists."""
    spec = draft.training
    own = None if spec is None or draft.kind == "servingProxy" else load(spec.version)
    if spec is None or own is None:
        return
    place = place_of(spec, (spec.version_key,))
    for party in network.direct.get(draft.key, {}):
        release = release_of(network.gathered.drafts[f"party-{party}"])
        if release is None or release.first_two == own.first_two:
            continue
        if draft.kind == "trafficServer":
            yield foreign_chart(draft.label, f"{spec.chart} {spec.version}", release.name, place)
        else:
            message = f"{draft.label} runs {own.name} and lists party {party}, which runs {release.name}"
            hint = f"install an exchange of a release of {'.'.join(map(str, release.first_two))}"
            yield Diagnostic(MIXED_RELEASES, message, place, hint)
        return
