"""RabbitMQ and Pulsar, which carry the data of the Spark families.

The tables in a cluster.yaml are FATE-Flow's, which tells its own broker where the others are.
Sources: reference cluster-yaml.md section 2.3, INV-ID-5, INV-RMQ-*, INV-PUL-*; components.md section 5.4;
FATE@v1.11.2:python/fate_arch/federation/{rabbitmq,pulsar}/_federation.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.releases import Release, release_order
from renderers.charts.nginx import NOWHERE
from renderers.charts.services import Port, exposed
from renderers.charts.spec import Spec
from renderers.reading import Exposed, Gate
from renderers.values import endpoint, endpoint_of_text, mapping, number

_FATE_2: Final = release_order("v2.0.0")
_OWN_LEFT_OUT: Final = (release_order("v1.6.1"), release_order("v1.11.2"))
"""Releases whose chart leaves the own entry out of a table that has others, and whose FATE may look it up: from the
first to before the second (cluster-yaml.md section 2.3; components.md "Corrections to earlier notes")."""
_DOMAIN: Final = "fate.org"
"""The domain of parties' names where the file gives none, and in charts without a key for it (INV-PUL-5)."""


def rabbitmq(spec: Spec, release: Release) -> Gate:
    """RabbitMQ's routes, which have no default, and its Service."""
    entries = _entries(spec, release, "rabbitmq", lambda row: endpoint(row, "host", "port"), (), default=False)
    door = exposed(spec, "rabbitmq", Port("rabbitmq", release.ports.rabbitmq, "nodePort"))
    return Gate(Channel.RABBITMQ, RouteTable(spec.party, entries), (door,), ("rabbitmq", "route_table"))


def pulsar(spec: Spec, release: Release) -> Gate:
    """Pulsar's routes and Services: plain without an exchange, over TLS with one (components.md section 5.4)."""
    exchange = spec.block("pulsar", "exchange")
    default = endpoint(exchange, "ip", "port")
    if exchange and default is None:
        spec.remark(("pulsar", "exchange"), "without ip and port unknown parties have no route")
    dial = _dial_by_tls if exchange else _dial_plainly
    entries = _entries(
        spec, release, "pulsar", dial, ("host", "sslPort" if exchange else "port"), default=bool(default)
    )
    table = RouteTable(
        spec.party,
        entries,
        () if default is None else (default,),
        domain=_domain(spec) if exchange else "",
    )
    return Gate(
        Channel.PULSAR, table, _pulsar_doors(spec, release, has_exchange=bool(exchange)), ("pulsar", "route_table")
    )


def _dial_plainly(row: Mapping[Any, Any]) -> Endpoint | None:
    return endpoint(row if "port" in row else {**row, "port": 6650}, "host", "port")


def _dial_by_tls(row: Mapping[Any, Any]) -> Endpoint | None:
    """The endpoint that is dialled over TLS: the row's proxy where it names one, which then finds the host by name."""
    proxy = row.get("proxy")
    if proxy:
        return endpoint_of_text(proxy)
    return endpoint(row if "sslPort" in row else {**row, "sslPort": 6651}, "host", "sslPort")


def _domain(spec: Spec) -> str:
    return str(spec.value("pulsar", "exchange", "domain") or _DOMAIN)


def _pulsar_doors(spec: Spec, release: Release, *, has_exchange: bool) -> tuple[Exposed, ...]:
    """The plain port, and the TLS ports, on which the broker listens only where it has an exchange."""
    ports = release.ports
    plain = exposed(spec, "pulsar", Port("pulsar", ports.pulsar, "httpNodePort", needed=not has_exchange))
    public = mapping(spec.value("pulsar", "publicLB")).get("enabled") is True
    path = ("pulsar", "publicLB", "enabled")
    if not has_exchange:
        if public:
            spec.remark(path, f"Pulsar listens on {ports.pulsar_tls} only where it has an exchange")
        return (plain,)
    tls = exposed(spec, "pulsar", Port("pulsar", ports.pulsar_tls, "httpsNodePort"))
    if not public:
        return (plain, tls)
    return (plain, tls, Exposed("pulsar-public-tls", "LoadBalancer", ports.pulsar_tls, None, None, path))


def _entries(
    spec: Spec,
    release: Release,
    module: str,
    dial: Callable[[Mapping[Any, Any]], Endpoint | None],
    needed: tuple[str, ...],
    *,
    default: bool,
) -> dict[int, Endpoint]:
    """The entries of a table, without the party's own."""
    entries: dict[int, Endpoint] = {}
    written = mapping(spec.value(module, "route_table"))
    _check_own(spec, release, module, written)
    words = " and ".join(needed or ("host", "port"))
    finds_text = release.order >= _FATE_2
    for key, row in written.items():
        party = number(key)
        if party is None:
            spec.remark((module, "route_table", key), f"{key!r} is no party's id")
        elif party != spec.party:
            if type(key) is not int and not finds_text:
                # The template prints the key without its quotes; who mounts a table of their own finds no such entry.
                message = (
                    f"FATE looks for the number {party}; it finds it here only because the template drops the quotes"
                )
                spec.remark((module, "route_table", key), message)
            found = dial(mapping(row))
            if found is not None:
                entries[party] = found
                continue
            spec.remark((module, "route_table", key), f"the entry has no usable {words}")
            if default:
                entries[party] = NOWHERE
    return entries


def _check_own(spec: Spec, release: Release, module: str, written: Mapping[Any, Any]) -> None:
    """Remarks on the party's own entry (INV-RMQ-2, INV-PUL-2)."""
    path = (module, "route_table")
    first, last = _OWN_LEFT_OUT
    if spec.party in written and release.order < first:
        spec.remark((*path, spec.party), "the site lists itself, a key the chart already writes")
    elif written and spec.party not in written and first <= release.order < last:
        spec.remark(path, f"the table has no entry for party {spec.party} itself, and then the chart writes none")
