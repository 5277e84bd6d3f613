"""An exchange through which nobody goes.

No star names the exchange, and no other exchange has it as its upstream. It would be installed with an empty route
table and never be dialled.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}  # warning: FED213
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.mentions import stars, topology_known
from planner.subject import Subject

FAULT = Fault("FED213", "unused_exchange", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange that is in no star and nobody's upstream.

    One that is polled, expected on the way or named under `routes` is left to the checks of these.
    Of two with one name, only the first is looked at.
    """
    federation = subject.federation
    used: set[str | None] = {key for star in stars(federation) for key in star.exchanges}
    used |= {site.upstream for site in federation.exchanges if site.upstream not in (None, site.key)}
    used |= {site.polling for site in federation.parties if site.polling is not None}
    used |= {expectation.via for expectation in federation.expects}
    used |= {key for route in federation.routes for key in (route.source, route.target)}
    unused = [site for site in federation.exchanges if site.key not in used]
    if not unused or not topology_known(federation):
        return
    for site in unused:
        if subject.topology.sites[site.key] is site:
            name = site.key.removeprefix("exchange-")
            yield Diagnostic(
                FAULT,
                f"nobody goes through {site.label}",
                Place((*site.path, "name")),
                f"write a star with through: {name} under topology, or delete the exchange",
            )
