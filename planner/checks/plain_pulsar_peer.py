"""A party behind a Pulsar exchange dials a peer whose Pulsar has no TLS port.

With an exchange in its settings a party's Pulsar speaks TLS to everybody, on port 6651, also to peers that it dials
directly. A party without an exchange has the plain port 6650 only. So the one dials a port that the other never
opened, and its messages wait for ever; the other way works (reference: components.md section 5.4, INV-PUL-1,
INV-PUL-9).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: [9999, 10000], through: hub}
      - links:
          - [9999, 10001]  # error: FED226
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.doors import speaks_tls
from planner.mentions import link_paths
from planner.model import Links, Mesh, Site, party_key
from planner.spark import pulsar_parties
from planner.subject import Subject

FAULT = Fault("FED226", "plain_pulsar_peer")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every link, and one for every mesh, of a party with an exchange and one without."""
    tls = {party.key: speaks_tls(party, subject.topology) for party in pulsar_parties(subject)}
    if len(set(tls.values())) < 2:  # noqa: PLR2004 - all are alike
        return
    for shape in subject.topology.federation.shapes:
        if isinstance(shape, Mesh):
            found = _in_mesh([party_key(member) for member in shape.members], tls, subject)
            if found is not None:
                yield _finding(*found, Place(shape.path))
        elif isinstance(shape, Links):
            for (first, second), path in link_paths(shape, subject.federation):
                found = _in_mesh([party_key(first), party_key(second)], tls, subject)
                if found is not None:
                    yield _finding(*found, Place(path))


def _in_mesh(members: Sequence[str], tls: dict[str, bool], subject: Subject) -> tuple[Site, Site] | None:
    """Two parties that dial each other directly: one that speaks TLS, and one that does not."""
    secure = [key for key in members if tls.get(key) is True]
    plain = [key for key in members if tls.get(key) is False]
    sites = subject.topology.sites
    for key in secure:
        for other in plain:
            if subject.topology.must_talk(sites[key].id or 0, sites[other].id or 0):
                return sites[key], sites[other]
    return None


def _finding(secure: Site, plain: Site, place: Place) -> Diagnostic:
    return Diagnostic(
        FAULT,
        f"{secure.label} is behind an exchange and dials {plain.label} by TLS, "
        f"whose Pulsar speaks no TLS because it is behind none",
        place,
        f"put {plain.label} behind an exchange too, or link both directly and take {secure.label} out of its star",
        (Note(f"{plain.label} is declared here", Place(plain.path)),),
    )
