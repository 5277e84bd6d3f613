"""Two clusters, or two exchanges, have the same name.

A site says by name on which cluster it is placed, and a star by name through which exchange it goes. Where two have
one name, nobody can tell which of them is meant, and an exchange's name is also the name of its folder under `out/`
(reference: INV-NS-1).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: bank, address: 192.168.10.1}  # error: FED121
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
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
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.slips import repeats
from planner.subject import Subject

FAULT = Fault("FED121", "duplicate_name")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every cluster and exchange whose name an earlier one has."""
    federation = subject.federation
    yield from _repeated("cluster", ((cluster.name, cluster.path) for cluster in federation.clusters))
    exchanges = ((exchange.key.removeprefix("exchange-"), exchange.path) for exchange in federation.exchanges)
    yield from _repeated("exchange", exchanges)


def _repeated(kind: str, named: Iterable[tuple[str, KeyPath]]) -> Iterator[Diagnostic]:
    for name, path, first in repeats(named):
        yield Diagnostic(
            FAULT,
            f"{kind} name {name} is taken",
            Place((*path, "name")),
            f"give this {kind} a name of its own",
            (Note(f"{kind} {name} is declared here first", Place((*first, "name"))),),
        )
