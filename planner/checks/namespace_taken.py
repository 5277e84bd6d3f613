"""Two sites are in one namespace of one cluster.

The charts give their objects fixed names (`rollsite`, `python`, `mysql`, `nginx`), so a namespace has room for one
training site. A second party fails to install, and so does an exchange beside a party: both have a rollsite (reference:
INV-NS-1). Left out, the namespace is `fate-` and the party's id or the exchange's name.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, namespace: fate}
      - {id: 10000, cluster: bank, namespace: fate}  # error: FED309
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, namespace: fate}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED309", "namespace_taken")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site in a namespace where an earlier one is; parties come before exchanges."""
    first: dict[tuple[str, str], Site] = {}
    for site in subject.namespaced_sites():
        earlier = first.setdefault((site.cluster, site.namespace), site)
        if earlier.key == site.key:
            continue
        place = Place((*site.path, "namespace"))
        hint = "give this site a namespace of its own"
        if "namespace" in site.given and site.namespace != (default := _default(site)):
            hint = f"drop the namespace (it is then {default}), or give this site one of its own"
        yield Diagnostic(
            FAULT,
            f"{site.label} is in namespace {site.namespace} of cluster {site.cluster}, where {earlier.label} is",
            place,
            hint,
            (Note(f"{earlier.label} is placed there here", Place((*earlier.path, "namespace"))),),
        )


def _default(site: Site) -> str:
    return f"fate-{site.key.partition('-')[2]}"
