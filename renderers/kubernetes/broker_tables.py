"""Where FATE-Flow finds other parties' brokers: rabbitmq_route_table.yaml and pulsar_route_table.yaml.

Every task reads its table anew. Reference components.md section 4.4, cluster-yaml.md section 2.3; the own entry is
INV-RMQ-2 and INV-PUL-2. Keys are numbers, as FATE 1.x looks for them (INV-ID-5).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.channels import Channel
from planner.doors import PULSAR_TLS, dials_by_tls, doors
from planner.lookup import POLLED, RouteTable
from planner.plan import PlannedSite, dialled_at
from renderers.canonical import block
from renderers.kubernetes.installation import Installation


def broker_table(installation: Installation, broker: str) -> str:
    """The table of `rabbitmq` or `pulsar`."""
    rows = _rabbitmq(installation) if broker == "rabbitmq" else _pulsar(installation)
    return block(dict(rows))


def _rabbitmq(installation: Installation) -> Iterator[tuple[int | str, dict[str, Any]]]:
    planned = installation.planned
    yield planned.id, {"host": "rabbitmq", "port": planned.release.ports.rabbitmq}
    for party, entry in installation.plan.table(planned, Channel.RABBITMQ).entries.items():
        if entry != POLLED:
            yield party, {"host": entry.host, "port": entry.port}


def _pulsar(installation: Installation) -> Iterator[tuple[int | str, dict[str, Any]]]:
    """Own entry, those of brokers that are dialled, and the way to all others: by name, through the exchange."""
    planned = installation.planned
    table, ports = installation.plan.table(planned, Channel.PULSAR), planned.release.ports
    yield planned.id, _broker("pulsar", ports.pulsar, ports.pulsar_tls)
    yield from _others(installation, table)
    if table.default:
        yield (
            "default",
            {
                "proxy": str(table.default[0]),
                "domain": table.domain,
                "brokerPort": ports.pulsar,
                "brokerSslPort": ports.pulsar_tls,
            },
        )


def _others(installation: Installation, table: RouteTable) -> Iterator[tuple[int, dict[str, Any]]]:
    """Brokers with both ports, of which the table has the one that is dialled.

    A party behind another exchange than the default one is dialled by its name, through that exchange.
    """
    plan, planned = installation.plan, installation.planned
    by_tls = dials_by_tls(planned.site, plan.topology)
    redirected = {route.target for route in plan.federation.routes if route.source == planned.key}
    hops = plan.topology.hops(planned.site).entries
    for party, entry in table.entries.items():
        if entry == POLLED:
            continue
        target = plan.by_key[hops[party]]
        if target.site.kind == "exchange":
            ports = target.release.ports
            yield party, _broker(f"{party}.{target.site.domain}", ports.pulsar, ports.pulsar_tls, str(entry))
            continue
        door = _plain_door(installation, target) if by_tls else PULSAR_TLS
        other = plan.endpoint(planned, target, door) if target.key in redirected else dialled_at(target, door)
        plain, tls = (other.port, entry.port) if by_tls else (entry.port, other.port)
        yield party, _broker(entry.host, plain, tls)


def _plain_door(installation: Installation, target: PlannedSite) -> Any:
    return doors(target.site, target.release, installation.plan.topology, Channel.PULSAR)[0]


def _broker(host: str, port: int, tls_port: int, proxy: str = "") -> dict[str, Any]:
    """One broker; `proxy` is empty where it is dialled directly."""
    return {"host": host, "port": port, "sslPort": tls_port, "proxy": proxy}
