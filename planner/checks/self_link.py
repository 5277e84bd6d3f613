"""A site has a link, a route or a default route to itself.

A party reaches itself without any route, and a router does not follow a route that leads back to it (reference:
components.md, fact 6). Where both ends of a pair are the same, one of the two is a typing mistake.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10001, 10001]  # error: FED205
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10000, 10001]
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.checks.unknown_party import pair_path
from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.model import Links, party_key
from planner.subject import Subject

FAULT = Fault("FED205", "self_link")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every link, pair, route and default route of a declared site to itself."""
    federation, sites = subject.federation, subject.topology.sites
    for place, key, message, hint in _selves(subject):
        if key in sites or not federation.complete:
            yield Diagnostic(FAULT, message, place, hint)


def _selves(subject: Subject) -> Iterator[tuple[Place, str, str, str]]:
    federation = subject.federation
    for party, path, what in _pairs(subject):
        message = f"{what} of party {party} with itself"
        yield Place(path), party_key(party), message, "name another party, or delete the pair"
    for route in federation.routes:
        if route.source == route.target:
            message = f"a route of {route.source.replace('-', ' ', 1)} to itself"
            yield (
                Place((*route.path, "to")),
                route.source,
                message,
                "name the site that is dialled, or delete the entry",
            )
    for site in federation.sites:
        if site.polling == site.key:
            hint = "name the site that it polls for its messages, or delete polling"
            yield Place((*site.path, "polling")), site.key, f"{site.label} polls itself", hint
        if site.upstream == site.key:
            message = f"the default route of {site.label} leads back to it"
            yield Place((*site.path, "upstream")), site.key, message, "name another exchange, or delete upstream"


def _pairs(subject: Subject) -> Iterator[tuple[int, KeyPath, str]]:
    """Pairs of one party: the party, the place of its second mention, and what the pair is."""
    federation = subject.federation
    for shape in federation.shapes:
        if isinstance(shape, Links):
            for index, (first, second) in enumerate(shape.pairs):
                if first == second:
                    path = pair_path(shape, index, federation)
                    yield first, (*path, 1) if federation.complete else path, "a link"
    for pair in federation.never:
        if pair.first == pair.second:
            yield pair.first, (*pair.path, 1), "a forbidden pair"
    for expectation in federation.expects:
        if expectation.first == expectation.second:
            yield expectation.first, (*expectation.path, "pair", 1), "an expected pair"
