"""trafficServer, which passes Pulsar's data on at an exchange, by the name that TLS asks for.

Sources: reference cluster-yaml.md INV-PUL-3 to 7, components.md section 7;
v1.11.2:helm-charts/FATE-Exchange/templates/traffic-server-module.yaml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.releases import Release
from renderers.charts.services import Port, exposed
from renderers.charts.spec import Spec
from renderers.reading import Gate
from renderers.values import endpoint_of_text, items, mapping

_ROWS: Final = ("trafficServer", "route_table", "sni")
_PORTS: Final = (range(443, 444), range(6650, 6701), range(30000, 33001))
"""The ports that the chart allows trafficServer to connect to (INV-PUL-7)."""
_PORTS_IN_WORDS: Final = "443, 6650 to 6700 and 30000 to 33000"


def gate(spec: Spec, release: Release) -> Gate:
    """The parties that trafficServer knows by name, and its Service, which Kubernetes refuses as ClusterIP."""
    table = _table(spec)
    port = Port("traffic-server", release.ports.traffic_server, "nodePort")
    return Gate(Channel.PULSAR, table, (exposed(spec, "trafficServer", port, checks_type=False),), _ROWS)


def _table(spec: Spec) -> RouteTable:
    rows = [mapping(row) for row in items(spec.value(*_ROWS))]
    names = [_name(row.get("fqdn")) for row in rows]
    domain = _usual_domain(names)
    entries: dict[int, Endpoint] = {}
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        found = endpoint_of_text(row.get("tunnelRoute"))
        fault = _fault(row, name, found, domain, entries)
        if fault:
            spec.remark((*_ROWS, index), fault)
        elif name is not None and found is not None:
            entries[name[0]] = found
    return RouteTable(spec.party, entries, domain=domain)


@lru_cache(maxsize=65536)
def _name(fqdn: object) -> tuple[int, str] | None:
    """The party and the domain in a name like `9999.fate.org`; None for any other."""
    match = re.fullmatch(r"([0-9]{1,18})\.(.+)", fqdn) if isinstance(fqdn, str) else None
    return None if match is None else (int(match[1]), match[2])


def _usual_domain(names: list[tuple[int, str] | None]) -> str:
    """The domain of most rows, of equally many the first; empty without rows."""
    counts = Counter(name[1] for name in names if name is not None)
    return counts.most_common(1)[0][0] if counts else ""


def _fault(
    row: Mapping[Any, Any],
    name: tuple[int, str] | None,
    found: Endpoint | None,
    domain: str,
    entries: Mapping[int, Endpoint],
) -> str:
    """What keeps a row from working; empty for one that does."""
    if name is None:
        return f"fqdn {row.get('fqdn')!r} is no party's name, <party id>.{domain or '<domain>'}"
    if name[1] != domain:
        return f"the other rows' domain is {domain}: parties ask for {name[0]}.{domain}"
    if found is None:
        return f"tunnelRoute {row.get('tunnelRoute')!r} is no host:port"
    if not any(found.port in ports for ports in _PORTS):
        return f"trafficServer connects to ports {_PORTS_IN_WORDS} only, not to {found.port}"
    return f"party {name[0]} is listed twice; only the first row counts" if name[0] in entries else ""
