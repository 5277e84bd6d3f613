"""An exchange is to pass unknown parties on, and its kind cannot.

`upstream` is a default route. A Pulsar exchange has none: trafficServer knows the names in its list and closes the
connection for any other, and the chart's nginx has no exchange of its own (reference: cluster-yaml.md section 4.2).
Name the parties behind the other exchange in the same star instead, then both exchanges list them.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - star: {hub: [9999], far: [10000]}
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
      - {name: far, cluster: shop, upstream: hub}  # error: FED624
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - star: {hub: [9999], far: [10000]}
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
      - {name: far, cluster: shop}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.subject import Subject, kind_of

FAULT = Fault("FED624", "upstream_without_router")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange that has no default route, or whose upstream carries another channel."""
    for site, release in subject.known_sites():
        above = subject.topology.sites.get(site.upstream or "")
        if site.kind != "exchange" or above is None or site.upstream == site.key:
            continue
        kind = kind_of(site, release, subject.topology)
        its = subject.release(above)
        other = kind if its is None else kind_of(above, its, subject.topology)
        if kind == "trafficServer" or (kind != other and "servingProxy" in {kind, other}):
            what = "trafficServer has no default route" if kind == "trafficServer" else f"that one is of kind {other}"
            yield Diagnostic(
                FAULT,
                f"{site.label} cannot pass anything on to {above.label}: {what}",
                Place((*site.path, "upstream")),
                "remove `upstream`, and list the parties of both exchanges in one star: `star: {A: [...], B: [...]}`",
                (Note(f"{above.label} is declared here", Place(above.path)),),
            )
