"""The exchange is of a kind that is not planned, or that its release does not have.

Up to v1.11.2 an exchange for Eggroll parties is rollsite, in v2.0.0 it is OSX (reference: INV-EGG-7). The kinds
trafficServer (for Pulsar) and servingProxy (for FATE-Serving) are words of the format that this version of fedplan
does not plan. Without `kind`, an exchange is what its release has.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank, kind: osx}  # error: FED606
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank, kind: rollsite}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.subject import Subject

FAULT = Fault("FED606", "unplanned_exchange")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange whose kind fedplan or its release does not have."""
    for site in subject.federation.exchanges:
        release = subject.release(site)
        place = Place((*site.path, "kind"))
        if site.exchange_kind in {"trafficServer", "servingProxy"}:
            message = f"this version of fedplan does not plan exchanges of kind {site.exchange_kind}"
            yield Diagnostic(
                FAULT, message, place, "remove this exchange, or write `kind: rollsite` (v2.0.0: `kind: osx`)"
            )
        elif release is not None and site.exchange_kind not in {None, release.module}:
            message = f"release {release.name} has no exchange of kind {site.exchange_kind}"
            on_our_own = " and `target: kubernetes`" if release.module == "osx" and site.target != "kubernetes" else ""
            yield Diagnostic(FAULT, message, place, f"write `kind: {release.module}`{on_our_own}")
