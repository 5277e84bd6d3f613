"""`routes` has two entries for one direction.

Each entry says at which address and port one site reaches another. With two entries for the same pair and
direction, one of them has no effect, and nothing says which.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    routes:
      - {from: 9999, to: 10000, address: 10.8.0.2}
      - {from: 9999, to: 10000, port: 19370}  # error: FED221
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    routes:
      - {from: 9999, to: 10000, address: 10.8.0.2, port: 19370}
      - {from: 10000, to: 9999, address: 10.8.0.1}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place, Remove
from planner.slips import repeats
from planner.subject import Subject

FAULT = Fault("FED221", "duplicate_route", mended="the second entry is removed where it says the same")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every entry whose direction between two declared sites an earlier entry has."""
    sites = subject.topology.sites
    directions = (((route.source, route.target), route) for route in subject.federation.routes)
    for _, route, first in repeats(directions):
        if route.source == route.target or not {route.source, route.target} <= sites.keys():
            continue
        source, target = sites[route.source].label, sites[route.target].label
        yield Diagnostic(
            FAULT,
            f"the route from {source} to {target} has an entry already",
            Place(route.path),
            "put address and port into one entry, or correct from or to",
            (Note("the first entry is here", Place(first.path)),),
            (Remove(route.path),) if route == first else (),
        )
