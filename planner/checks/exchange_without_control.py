"""Control messages have no way through a Pulsar exchange.

Jobs over Pulsar need two ways: data goes through trafficServer, control through nginx. In v1.6.0 the chart of the
exchange has no nginx, and that of the parties no key that names one; both came with v1.6.0-a (reference: INV-PUL-10,
INV-NGX-6). The parties would hand each other data for jobs that no one can start.

Bad:

    version: 1
    name: demo
    release: v1.6.0
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}  # error: FED623
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.6.0-a
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site, party_key
from planner.release_ranges import releases_with
from planner.releases import FATE, Release
from planner.subject import Subject, kind_of

FAULT = Fault("FED623", "exchange_without_control")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every Pulsar exchange that has no nginx, or a party that cannot name it."""
    for site in subject.federation.exchanges:
        release = subject.release(site)
        members = subject.topology.members_of.get(site.key, ())
        if release is None or not members or not _has_traffic_server(release):
            continue
        if kind_of(site, release, subject.topology) != "trafficServer":
            continue
        party = _unable(subject, members)
        if not any("nginx" in chart.modules for chart in release.exchanges if chart.kind == "trafficServer"):
            message = (
                f"{site.label} of {release.name} has no nginx, so party {members[0]} reaches no FATE-Flow through it"
            )
        elif party is not None:
            message = f"{party.label} of {party.release} cannot tell its nginx that {site.label} is there"
        else:
            continue
        able = releases_with(lambda other: _has_traffic_server(other) and other.reads(FATE, "nginx.exchange.ip"))
        member = party or subject.topology.sites.get(party_key(members[0]))
        notes = () if member is None else (Note(f"{member.label} is declared here", Place(member.path)),)
        hint = f"give the exchange and its parties a release that can ({able}), or link the parties directly"
        yield Diagnostic(FAULT, message, Place(site.path), hint, notes)


def _has_traffic_server(release: Release) -> bool:
    return any(chart.kind == "trafficServer" for chart in release.exchanges)


def _unable(subject: Subject, members: tuple[int, ...]) -> Site | None:
    """The first party whose chart has no key for an exchange of nginx."""
    for member in members:
        party = subject.topology.sites.get(party_key(member))
        release = None if party is None else subject.release(party)
        if party is not None and release is not None and not release.reads(FATE, "nginx.exchange.ip"):
            return party
    return None
