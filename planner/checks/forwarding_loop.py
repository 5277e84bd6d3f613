"""Messages run in a circle through default routes.

An exchange passes messages for parties that it does not know on to its `upstream`. Where the default routes of
several exchanges form a circle, a message for an unknown party is passed on for ever, until the sender gives up
after minutes (reference: INV-EGG-15).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: [9999, 10000], through: hub-a}
      - {star: [10000, 10001], through: hub-b}
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub-a, cluster: bank, upstream: hub-b}  # error: FED204
      - {name: hub-b, cluster: bank, upstream: hub-a}
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
      - {star: [9999, 10000], through: hub-a}
      - {star: [10000, 10001], through: hub-b}
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub-a, cluster: bank, upstream: hub-b}
      - {name: hub-b, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.subject import Subject
from planner.wording import also

FAULT = Fault("FED204", "forwarding_loop")

_MOST_NAMES = 5


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every circle of default routes, at the exchange whose name comes first."""
    topology = subject.topology
    if not any(exchange.upstream is not None for exchange in subject.federation.exchanges):
        return
    for cycle in topology.default_cycles():
        sites = [topology.sites[key] for key in cycle if key in topology.sites]
        if len(cycle) == 1 or len(sites) < len(cycle):
            continue
        labels = [site.label for site in sites[:_MOST_NAMES]]
        if len(sites) > _MOST_NAMES:
            labels.append(f"{len(sites) - _MOST_NAMES} more")
        paths = [(*site.path, "upstream") for site in sites]
        yield Diagnostic(
            FAULT,
            f"default routes run in a circle: {' -> '.join([*labels, sites[0].label])}",
            Place(paths[0]),
            "remove upstream from one of these exchanges",
            also("the circle goes on here", paths[1:]),
        )


def loops(source: str, destination: str, place: Place, detail: str) -> Diagnostic:
    """Say that a message from `source` to `destination` (labels) runs in a circle; `detail` is its way."""
    return Diagnostic(
        FAULT,
        f"messages from {source} to {destination} run in a circle: {detail}",
        place,
        "remove the default route that leads back, under upstream or overrides",
    )
