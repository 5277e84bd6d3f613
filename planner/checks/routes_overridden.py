"""Overrides replace what the plan itself decides.

`overrides` are merged last into what is rendered. Where they change who a site is, where it is reached or whom it
dials, the other sites' files no longer follow: they were planned for this site as federation.yaml describes it.
fedplan proves the routes with the file as overridden, so a mistake is found, but the next change of a port or an
address will not reach this file.

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
      - id: 10000
        cluster: shop
        overrides:  # warning: FED413
          rollsite: {type: NodePort}
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
      - {id: 10000, cluster: shop, exposure: NodePort}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.model import Site
from planner.overrides import Overridden, overridden
from planner.subject import Subject

FAULT = Fault("FED413", "routes_overridden", Severity.WARNING)
_IDENTITY: Final = ("name", "namespace", "chartName", "chartVersion", "partyId", "servingIp", "servingPort")
_ROUTER: Final = frozenset({"type", "nodePort", "loadBalancerIP", "partyList", "exchange", "polling", "exchangeList"})
_BROKER: Final = frozenset({"type", "nodePort", "loadBalancerIP", "route_table"})
_ROUTING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(("proxy", "rollsite", "lbrollsite", "osx", "servingProxy"), _ROUTER),
        **dict.fromkeys(("rabbitmq", "trafficServer"), _BROKER),
        "nginx": _BROKER | {"httpNodePort", "grpcNodePort", "exchange"},
        "pulsar": _BROKER | {"httpNodePort", "httpsNodePort", "exchange", "publicLB"},
        "servingServer": frozenset({"type", "nodePort", "loadBalancerIP", "fateflow"}),
    }
)
"""Blocks that say where a site is dialled and whom it dials, and their keys that do."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one warning for every file of a site whose overrides touch its identity or its routes."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for file in overridden(subject):
        touched = tuple(_touched(file))
        if touched:
            message = f"overrides replace what the plan decides: {', '.join(touched)}"
            hint = "remove these keys and say it in federation.yaml's own words: ports, exposure, routes, polling"
            yield file.site, Diagnostic(FAULT, message, Place((*file.site.path, *file.path), on_key=True), hint)


def _touched(file: Overridden) -> Iterator[str]:
    for key, value in file.overrides.items():
        if key in _IDENTITY:
            yield key
        elif key in _ROUTING and file.kind(key) == "keys":
            if not isinstance(value, Mapping):
                yield key
            else:
                yield from (f"{key}.{name}" for name in value if name in _ROUTING[key] and file.reads(f"{key}.{name}"))
