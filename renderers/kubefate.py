"""Target `kubefate`: one cluster.yaml per site, as KubeFATE's service and CLI read it.

Key names and their meaning: reference cluster-yaml.md section 4, checked against the release's own key list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from planner.hosts import interface_hosts
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.plan import Plan, PlannedSite
from planner.references import is_reference, is_secret_key, placeholder
from planner.releases import FATE
from renderers.canonical import Block, KeyPath, block

CLUSTER_FILE: Final = "cluster.yaml"
STATEFUL: Final = ("mysql", "nodemanager", "python", "client")
"""Modules of an eggroll party that keep data in a volume."""
_INGRESS_CLASS: Final = "nginx"
"""Class that KubeFATE's samples and charts name (v1.7.2 and v1.8.0:k8s-deploy/examples/party-9999/cluster.yaml)."""


def render(plan: Plan, planned: PlannedSite) -> Mapping[str, str]:
    """The files of one site: relative name to text."""
    text = block(cluster_yaml(plan, planned), _comments(planned))
    return {CLUSTER_FILE: _head(planned, uses_secrets="${secret:" in text) + text}


def cluster_yaml(plan: Plan, planned: PlannedSite) -> dict[str, Any]:
    """The data of a site's cluster.yaml, in the order of KubeFATE's samples, overrides merged last."""
    table = plan.table(planned)
    data = dict(_exchange(plan, planned, table) if planned.site.kind == "exchange" else _party(plan, planned, table))
    return _overridden(data, planned.site.overrides)


def _common(planned: PlannedSite) -> Iterator[tuple[str, Any]]:
    site, release = planned.site, planned.release
    yield "name", site.name
    yield "namespace", site.namespace
    yield "chartName", planned.chart
    yield "chartVersion", planned.chart_version
    yield "partyId", planned.id
    yield "registry", site.registry or ""
    tag = site.image_tag or _own_image_tag(planned)
    if tag is not None:
        yield "imageTag", tag
    if site.pull_policy is not None:
        yield "pullPolicy", site.pull_policy
    if site.pull_secrets:
        yield "imagePullSecrets", [{"name": name} for name in site.pull_secrets]
    if release.reads(planned.chart, "persistence"):
        yield "persistence", site.persistence
    if release.reads(planned.chart, "istio.enabled"):
        yield "istio", {"enabled": site.istio}
    if release.reads(planned.chart, "podSecurityPolicy.enabled"):
        yield "podSecurityPolicy", {"enabled": site.pod_security_policy}


def _own_image_tag(planned: PlannedSite) -> str | None:
    """The release's image tag where the chart would take another one.

    That is fate-exchange v1.7.0 to v1.7.1-a, which fall back to 1.6.1-release (reference: cluster-yaml.md section 5).
    """
    tag = planned.release.images.tag
    if planned.site.kind == "exchange":
        for chart in planned.release.exchanges:
            if chart.chart == planned.chart and chart.default_tag not in {None, tag}:
                return tag
    return None


def _party(plan: Plan, planned: PlannedSite, table: RouteTable) -> Iterator[tuple[str, Any]]:
    site, release = planned.site, planned.release
    yield from _common(planned)
    if release.has_ingress_class:
        yield "ingressClassName", site.ingress.ingress_class or _INGRESS_CLASS
    yield "modules", list(planned.modules)
    if planned.engine is not None:
        yield from planned.engine.selector
    if release.algorithms:
        yield "algorithm", site.algorithm
        yield "device", site.device
    yield from _user_interfaces(planned)
    yield from _router(plan, planned, table)
    clustermanager = _component(planned, "clustermanager")
    if "clustermanager" in planned.modules and clustermanager:
        yield "clustermanager", clustermanager
    nodemanager = _nodemanager(planned)
    if "nodemanager" in planned.modules and nodemanager:
        yield "nodemanager", nodemanager
    if "python" in planned.modules:
        yield "python", _fateflow(planned)
    yield from _fateboard(planned)
    client = _component(planned, "client")
    if "notebook" in site.credentials:
        client["notebook_hashed_password"] = placeholder(site.credentials["notebook"])
    if "client" in planned.modules and client:
        yield "client", client
    yield from _mysql(planned)


def _exchange(plan: Plan, planned: PlannedSite, table: RouteTable) -> Iterator[tuple[str, Any]]:
    yield from _common(planned)
    yield "modules", list(planned.modules)
    yield from _router(plan, planned, table)


def _router(plan: Plan, planned: PlannedSite, table: RouteTable) -> Iterator[tuple[str, Any]]:
    """The block of rollsite, lbrollsite or osx: how peers reach this site, and how it reaches them."""
    site, release, module = planned.site, planned.release, planned.module
    service: dict[str, Any] = {"type": site.exposure.type}
    port = planned.ports.get("osx" if module == "osx" else "rollsite")
    if port is not None:
        service["nodePort"] = port
    if site.exposure.type == "LoadBalancer":
        service["loadBalancerIP"] = site.exposure.address
    routes: dict[str, Any] = {}
    if release.has_tls and (site.tls or site.kind == "exchange"):
        routes["enableTLS"] = site.tls
    if module != "lbrollsite" and len(table.default) == 1 and site.polling is None and module != "osx":
        routes["exchange"] = {"ip": table.default[0].host, "port": table.default[0].port}
    polling = _polling(planned, table)
    if polling:
        routes["polling"] = polling
    routes["partyList"] = _party_list(planned, table)
    if module == "lbrollsite":
        exchanges = plan.topology.hops(site).default
        yield (
            "lbrollsite",
            {
                **service,
                "exchangeList": [
                    {"id": plan.by_key[key].id, "ip": endpoint.host, "port": endpoint.port}
                    for key, endpoint in zip(exchanges, table.default, strict=True)
                ],
                **_component(planned, "lbrollsite"),
            },
        )
        yield "rollsite", routes
    else:
        yield module, {**service, **routes, **_component(planned, module)}


def _polling(planned: PlannedSite, table: RouteTable) -> dict[str, Any]:
    """The polling block of a client or a server; empty for everybody else (INV-EGG-11)."""
    site = planned.site
    if site.polling is not None:
        server = table.default[0]
        return {"enabled": True, "type": "client", "server": {"ip": server.host, "port": server.port}}
    clients = sorted(party for party, endpoint in table.entries.items() if endpoint == POLLED)
    if not clients:
        return {}
    return {"enabled": True, "type": "server", "clientList": [{"partID": party} for party in clients]}


def _party_list(planned: PlannedSite, table: RouteTable) -> Block:
    rows = [_row(party, endpoint) for party, endpoint in table.entries.items() if endpoint != POLLED]
    if planned.module == "osx" and table.default:
        rows.append("    # The default route: messages for everybody else go to the exchange.\n")
        rows.append(_row("default", table.default[0]))
    return Block("".join(rows))


@lru_cache(maxsize=65536)
def _row(party: int | str, endpoint: Endpoint) -> str:
    """One item of a partyList; the same peer is written into many files."""
    lines = block({"partyId": party, "partyIp": endpoint.host, "partyPort": endpoint.port}).splitlines()
    return "".join(f"    {'- ' if index == 0 else '  '}{line}\n" for index, line in enumerate(lines))


def _component(planned: PlannedSite, module: str) -> dict[str, Any]:
    """Placement, resources and volume of one module, in the words of the release's chart."""
    site, release = planned.site, planned.release
    settings = dict(site.components.get(module, {}))
    storage = dict(settings.pop("storage", {}))
    result: dict[str, Any] = {}
    if "replicas" in settings:
        replicas = settings.pop("replicas")
        scale = planned.engine.scale_key if planned.engine is not None else ""
        result[scale.rpartition(".")[2] if scale.startswith(f"{module}.") else "replicas"] = replicas
    result.update(settings)
    if site.persistence and module in STATEFUL:
        shared = dict(site.storage)
        if planned.cluster.storage_class is not None and "existingClaim" not in {**shared, **storage}:
            shared.setdefault("storageClass", planned.cluster.storage_class)
        shared.setdefault("subPath", module)
        paths = {key: f"{module}.{key}" for key in shared}
        readable = {
            key: shared[key]
            for key, path in paths.items()
            if release.reads(planned.chart, path) and not release.is_dead(planned.chart, path)
        }
        storage = {**readable, **storage}
    result.update(storage)
    return result


def _nodemanager(planned: PlannedSite) -> dict[str, Any]:
    """The block of the nodemanagers; empty, the chart's own two stay as they are.

    A block replaces them: charts before v1.9.0 make `count` nodemanagers, so none without that key, and no template
    has a default for sessionProcessorsPerNode (v1.5.3 and v1.9.0:helm-charts/FATE/values-template.yaml, values.yaml).
    """
    written = _component(planned, "nodemanager")
    if not written or planned.engine is None:
        return {}
    scale = planned.engine.scale_key.rpartition(".")[2]
    needed: dict[str, Any] = {scale: 2, "sessionProcessorsPerNode": 4 if planned.release.module == "osx" else 2}
    if scale == "count" and planned.site.persistence:
        needed.update({"accessMode": "ReadWriteOnce", "size": "1Gi"})
    return {**needed, **written}


def _fateflow(planned: PlannedSite) -> dict[str, Any]:
    keys = planned.release.fateflow
    result: dict[str, Any] = {keys.type_key.partition(".")[2]: planned.site.fateflow}
    if "fateflowHttp" in planned.ports:
        result[keys.http_key.partition(".")[2]] = planned.ports["fateflowHttp"]
    if keys.grpc_key is not None and "fateflowGrpc" in planned.ports:
        result[keys.grpc_key.partition(".")[2]] = planned.ports["fateflowGrpc"]
    if planned.release.reads(FATE, "python.logLevel"):
        result["logLevel"] = "INFO"  # the template of v1.8.0 has no default: left out, it would be null
    result.update(_component(planned, "python"))
    return result


def _user_interfaces(planned: PlannedSite) -> Iterator[tuple[str, Any]]:
    """Hosts of FATEBoard and notebook; left out, every party of a 1.6.1+ chart would get the same (INV-NS-4).

    Charts v1.5.1 to v1.6.0 have `host`, with one name each; up to v1.7.2 an annotation names the ingress class.
    """
    site, release = planned.site, planned.release
    hosts = interface_hosts(site, release, planned.modules)
    if release.hosts.dialect == "host" and hosts:
        yield "host", {name: host[0] for name, host in hosts.items()}
    if release.hosts.dialect != "ingress":
        return
    result: dict[str, Any] = {}
    for name, host in hosts.items():
        given = site.ingress.hosts.get(name, {})
        entry: dict[str, Any] = {}
        annotations = dict(given.get("annotations", {}))
        if not release.has_ingress_class:
            annotations.setdefault("kubernetes.io/ingress.class", _INGRESS_CLASS)
        if annotations:
            entry["annotations"] = annotations
        entry["hosts"] = [{"name": item} for item in host]
        if "tlsSecret" in given:
            entry["tls"] = [{"secretName": given["tlsSecret"], "hosts": list(host)}]
        result[name] = entry
    if result:
        yield "ingress", result


def _fateboard(planned: PlannedSite) -> Iterator[tuple[str, Any]]:
    site, release = planned.site, planned.release
    result = _component(planned, "fateboard")
    if "fateboard" in site.credentials and release.reads(FATE, "fateboard.password"):
        result = {"username": "admin", "password": placeholder(site.credentials["fateboard"]), **result}
    if "fateboard" in planned.modules and result:
        yield "fateboard", result


def _mysql(planned: PlannedSite) -> Iterator[tuple[str, Any]]:
    site = planned.site
    if site.mysql is not None:
        yield "externalMysqlIp", site.mysql.host
        yield "externalMysqlPort", site.mysql.port
        yield "externalMysqlDatabase", site.mysql.database
        yield "externalMysqlUser", site.mysql.user
        yield "externalMysqlPassword", placeholder(site.mysql.password)
        return
    result = _component(planned, "mysql")
    if "mysql" in site.credentials:
        result = {"user": "fate", "password": placeholder(site.credentials["mysql"]), **result}
    if "mysql" in planned.modules and result:
        yield "mysql", result


def _overridden(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """`overrides` merged over `data`, mapping by mapping; lists and scalars replace, references become places."""
    result = dict(data)
    for key, value in overrides.items():
        before = result.get(key)
        if isinstance(value, Mapping):
            result[key] = _overridden(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = placeholder(value) if is_secret_key(key) and is_reference(value) else value
    return result


def _head(planned: PlannedSite, *, uses_secrets: bool) -> str:
    reader = "KubeFATE" if planned.site.target == "kubefate" else "the values template of its chart, not for `helm -f`"
    lines = [f"# {planned.site.label} of the federation, for {reader}. Written by fedplan from federation.yaml."]
    if uses_secrets:
        lines.append(
            "# ${secret:...} is the place of a secret: whoever installs this file puts the value in, in memory."
        )
    if not planned.release.chart.published and planned.chart == FATE:
        lines.append(f"# Chart {planned.chart} {planned.chart_version} is in no public repository: upload it first.")
    return "\n".join(lines) + "\n"


def _comments(planned: PlannedSite) -> Mapping[KeyPath, str]:
    """What must agree with whom, above the keys that a person would be tempted to change."""
    is_exchange = planned.site.kind == "exchange"
    module = planned.module
    port_block = "lbrollsite" if module == "lbrollsite" else module
    routes = "rollsite" if module == "lbrollsite" else module
    return {
        ("partyId",): "An id that no party has."
        if is_exchange
        else "Unique in the federation; other sites' tables name it.",
        ("modules",): "",
        (port_block, "nodePort"): "Peers dial this port: it stands in the table of everyone who lists this site.",
        (port_block, "loadBalancerIP"): "Peers dial this address on port 9370.",
        (routes, "exchange"): "Default route: address and port of the exchange, which must list this site.",
        (routes, "partyList"): "Address and port of each party, as seen from here."
        if is_exchange
        else "Address and port of each peer, as seen from here; each peer lists this site in turn.",
        (routes, "enableTLS"): "The same at both ends of every route.",
        (routes, "polling"): "One side of each pair is server, the other client.",
        ("lbrollsite", "exchangeList"): "All of these exchanges hold the same partyList.",
        ("python",): "",
        ("host",): "Unique on the ingress controller.",
        ("ingress",): "Unique on the ingress controller.",
    }
