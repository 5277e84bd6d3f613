"""Who dials a site elsewhere than the others do: the entries under `routes`."""

from __future__ import annotations

from collections.abc import Mapping

from planner.channels import Channel
from planner.checks.address_of_its_own import own_address
from planner.doors import ROUTER_PORTS, SERVING_PROXY, SERVING_SERVER
from planner.releases import Release
from planner.source import quote
from renderers.importing.addresses import LOOPBACKS, balancer_of
from renderers.importing.drafts import Draft
from renderers.importing.exposure import named_ports
from renderers.importing.network import Claim, Network
from renderers.importing.sites import release_of
from renderers.importing.tables import Row, inside


def special_routes(network: Network, draft: Draft) -> None:
    """Entries under `routes` for those who dial a site at an address of their own."""
    usual = network.addresses[draft.key]
    told: dict[str, dict[str, object]] = {}
    for claim in network.claims.get(draft.key, ()):
        row, source = claim.row, claim.source
        if source is draft or not row.host or row.polled or not _is_used(network, source):
            continue
        own = None if _is_strange(network, draft, row) else _own_route(draft, claim, usual)
        if own is None:
            continue
        entry = told.get(source.key)
        if entry is None:
            entry = told[source.key] = {
                "from": source.id if source.is_party else source.name,
                "to": draft.id if draft.is_party else draft.name,
            }
            network.routes.append((entry, claim))
            if "address" in own and not inside(row.host) and not row.host.startswith(LOOPBACKS):
                elsewhere = next(iter(sorted(_balancers(draft))), usual) if balancer_of(draft, row) else usual
                message = (source.label, draft.label, quote(row.host)[1:-1], quote(elsewhere)[1:-1])
                network.findings.append(own_address(*message, claim.place))
        for key, value in own.items():
            if key == "ports" and isinstance(value, dict):
                ports = entry.setdefault("ports", {})
                assert isinstance(ports, dict)  # noqa: S101 - for the type checker
                ports.update({name: port for name, port in value.items() if name not in ports})
            else:
                entry.setdefault(key, value)


def _is_strange(network: Network, draft: Draft, row: Row) -> bool:
    """Whether a row leads to the address of somebody else: that is a mistake, and no way of its own (INV-EGG-2)."""
    others = {address for key, address in network.addresses.items() if key != draft.key}
    return row.host in others - {network.addresses[draft.key], *_balancers(draft)}


def _is_used(network: Network, source: Draft) -> bool:
    """Whether a site sends anything: every party, and an exchange that somebody goes through."""
    return source.is_party or any(claim.source is not source for claim in network.claims.get(source.key, ()))


def _own_route(draft: Draft, claim: Claim, usual: str) -> dict[str, object] | None:
    """What a row says that is not what everybody else is told; None where it is."""
    row, release = claim.row, release_of(draft)
    if release is None or row.host in _balancers(draft):
        return None
    where = inside(row.host)
    if where is not None and (_exposure(draft, row) == "ClusterIP" or draft.is_named_only):
        return _inside_route(draft, claim, where)
    is_usual = row.host == usual and balancer_of(draft, row) is None
    address: dict[str, object] = {} if is_usual else {"address": row.host}
    named = dict(named_ports(row, draft, release))
    if _is_direct(draft, row):
        if draft.words.get(("nginx",)) != "direct" and "port" not in row.ports:
            return {**address, "ports": {name: port for name, port in named.items() if name.startswith("nginx")}}
        named = {}
    usual_ports = _container_ports(release) if balancer_of(draft, row) else draft.words.get(("ports",)) or {}
    return {**address, **_ports(named, usual_ports)} if address else None


def _exposure(draft: Draft, row: Row) -> object:
    """How the door that a row dials is exposed: that of a party's serving cluster may differ from training."""
    serving = draft.words.get(("serving", "exposure")) if row.channel is Channel.SERVING else None
    return serving or draft.words.get(("exposure",))


def _balancers(draft: Draft) -> set[str]:
    """The addresses of a site's load balancers, which everybody dials on the container port."""
    found = {service.address for service in draft.services if service.type == "LoadBalancer" and service.address}
    for word in (("exposure",), ("serving", "exposure")):
        exposure = draft.words.get(word)
        if isinstance(exposure, dict):
            found |= {str(exposure.get("address")), *map(str, exposure.get("addresses", {}).values())}
    return found


def _is_direct(draft: Draft, row: Row) -> bool:
    """Whether a row of nginx leads to FATE-Flow's own ports."""
    python = draft.service("python")
    if row.channel is not Channel.NGINX_GRPC or python is None:
        return False
    return bool(set(row.ports.values()) & set(python.ports.values()))


def _container_ports(release: Release) -> Mapping[str, int]:
    """The ports at which a load balancer is dialled (INV-PORT-4)."""
    ports = release.ports
    return {
        release.module: ports.federation,
        "nginxHttp": ports.nginx_http,
        "nginxGrpc": ports.nginx_grpc,
        "rabbitmq": ports.rabbitmq,
        "pulsar": ports.pulsar,
        "pulsarTls": ports.pulsar_tls,
        "trafficServer": ports.traffic_server,
        "servingProxy": SERVING_PROXY.port,
        "servingServer": SERVING_SERVER.port,
    }


def _ports(named: Mapping[str, int], usual: Mapping[str, int]) -> dict[str, object]:
    """The ports of a row that are not the usual ones, in the words of an entry under `routes`."""
    different = {name: port for name, port in named.items() if usual.get(name) != port}
    router = {name: port for name, port in different.items() if name in ROUTER_PORTS}
    others = {name: port for name, port in different.items() if name not in router}
    result: dict[str, object] = {"port": next(iter(router.values()))} if router else {}
    return {**result, "ports": others} if others else result


def _inside_route(draft: Draft, claim: Claim, where: tuple[str, str]) -> dict[str, object] | None:
    """A name of the cluster is what a site with ClusterIP is dialled by; its namespace may be told only there."""
    if draft.is_named_only:
        if not draft.words.has(("exposure",)):
            draft.words.put(("exposure",), "ClusterIP", claim.origin)
        default = f"fate-{draft.id if draft.is_party else draft.name}"
        if where[1] != default and not draft.words.has(("namespace",)):
            draft.words.put(("namespace",), where[1], claim.origin)
    return None if claim.row.host == f"{where[0]}.{where[1]}" else {"address": claim.row.host}
