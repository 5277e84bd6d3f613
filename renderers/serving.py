"""FATE-Serving: a party's serving.yaml, and the cluster.yaml of a serving exchange (chart fate-serving).

Key names and their meaning: reference cluster-yaml.md sections 3.7 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.channels import Channel
from planner.chart_keys import ADAPTERS
from planner.dialled_endpoints import service_type
from planner.doors import SERVING_PROXY, SERVING_SERVER, exposure_of, fateflow_http
from planner.hosts import serving_hosts
from planner.plan import Plan, PlannedServing, PlannedSite
from planner.secret_references import placeholder
from renderers.canonical import KeyPath
from renderers.components import Wanted, of_serving
from renderers.party_list import party_list

INGRESS_CLASS: Final = "nginx"
"""Class that KubeFATE's samples and charts name (v1.7.2 and v1.8.0:k8s-deploy/examples/party-9999/cluster.yaml)."""


def serving_yaml(plan: Plan, planned: PlannedSite, serving: PlannedServing) -> Iterator[tuple[str, Any]]:
    """The keys of a serving cluster's file, in the order of KubeFATE's samples."""
    settings, chart = serving.settings, serving.release
    wanted = of_serving(planned, serving)
    yield "name", settings.name
    yield "namespace", settings.namespace
    yield "chartName", chart.chart
    yield "chartVersion", chart.version
    yield "partyId", planned.id
    yield from _images(planned, serving)
    if chart.reads("persistence"):
        yield "persistence", settings.persistence
    if chart.reads("istio.enabled"):
        yield "istio", {"enabled": planned.site.istio}
    if chart.reads("podSecurityPolicy.enabled"):
        yield "podSecurityPolicy", {"enabled": planned.site.pod_security_policy}
    if chart.has_ingress_class:
        yield "ingressClassName", settings.ingress.ingress_class or INGRESS_CLASS
    yield "modules", list(serving.modules)
    hosts = serving_hosts(planned.site, chart, serving.modules)
    if chart.hosts.dialect == "ingress" and hosts:
        yield (
            "ingress",
            {name: ingress_entry(host, settings.ingress.hosts.get(name, {})) for name, host in hosts.items()},
        )
        hosts = {}
    named = {name: {chart.hosts.dialect: host[0]} for name, host in hosts.items()}
    blocks = {
        "servingAdmin": {**_admin(serving), **named.get("servingAdmin", {})},
        "servingProxy": _proxy(plan, planned, serving, named.get("servingProxy", {})),
        "servingServer": _server(plan, planned, serving),
        "servingRedis": _redis(serving),
        "servingZookeeper": {},
    }
    for module, data in blocks.items():
        full = {**data, **wanted.component(module)} if module in serving.modules else data
        if full:
            yield module, full
    if settings.redis is not None:
        yield "externalRedisIp", settings.redis.host
        yield "externalRedisPort", settings.redis.port
        yield "externalRedisPassword", placeholder(settings.redis.password)


def addresses_of_serving(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """In the training cluster's file: where FATE-Flow finds its own serving-server (INV-SRV-2, INV-SRV-6)."""
    serving = planned.serving
    if serving is None or "servingServer" not in serving.modules or not wanted.reads("servingIp"):
        return
    endpoint = plan.endpoint(planned, planned, SERVING_SERVER)
    yield "servingIp", endpoint.literal
    yield "servingPort", endpoint.port
    if serving.settings.use_registry and wanted.reads("serving.useRegistry"):
        host = f"serving-zookeeper.{serving.settings.namespace}:{serving.release.ports.zookeeper}"
        yield "serving", {"useRegistry": True, "zookeeper": {"hosts": [host]}}


def ingress_entry(hosts: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """One interface below `ingress`: annotations, hosts and certificate."""
    entry: dict[str, Any] = {}
    if given.get("annotations"):
        entry["annotations"] = dict(given["annotations"])
    entry["hosts"] = [{"name": host} for host in hosts]
    if "tlsSecret" in given:
        entry["tls"] = [{"secretName": given["tlsSecret"], "hosts": list(hosts)}]
    return entry


def comments(planned: PlannedSite) -> Mapping[KeyPath, str]:
    """What must agree with whom, above the keys of a serving cluster that a person would be tempted to change."""
    is_exchange = planned.site.kind == "exchange"
    return {
        ("partyId",): "An id that no party has." if is_exchange else "The id of the party that trains beside it.",
        ("modules",): "",
        ("servingProxy",): "",
        ("servingServer",): "",
        ("ingress",): "Unique on the ingress controller. The proxy's host is for inference clients, not for peers.",
        ("servingProxy", "nodePort"): "Peers dial this port: it stands in the table of everyone who lists this site.",
        ("servingProxy", "loadBalancerIP"): "Peers dial this address on port 8869.",
        (
            "servingProxy",
            "exchange",
        ): "Default route: address and port of the serving exchange, which must list this site.",
        ("servingProxy", "partyList"): "Address and port of each party's serving proxy, as seen from here."
        if is_exchange
        else "Address and port of each peer's serving proxy; each peer lists this site in turn.",
        ("servingServer", "nodePort"): "This party's FATE-Flow loads models here: servingPort in its cluster.yaml.",
        ("servingServer", "fateflow"): "This party's own FATE-Flow (HTTP), which models are fetched from.",
    }


def _images(planned: PlannedSite, serving: PlannedServing) -> Iterator[tuple[str, Any]]:
    site, chart = planned.site, serving.release
    if chart.reads("registry"):
        yield "registry", registry(planned)
    if site.kind == "exchange" and site.image_tag is not None and chart.reads("imageTag"):
        yield "imageTag", site.image_tag  # a party's is FATE's
    if site.pull_policy is not None and chart.reads("pullPolicy"):
        yield "pullPolicy", site.pull_policy
    if site.pull_secrets and chart.reads("imagePullSecrets"):
        yield "imagePullSecrets", [{"name": name} for name in site.pull_secrets]


def registry(planned: PlannedSite) -> str:
    """The registry as charts before FATE's v2.0.0 take it: in the place of `federatedai`, without a slash."""
    written = planned.site.registry or ""
    if not written or not planned.release.registry_must_end_with_slash:
        return written
    return f"{written.rstrip('/')}/federatedai"


def _proxy(plan: Plan, planned: PlannedSite, serving: PlannedServing, host: Mapping[str, str]) -> dict[str, Any]:
    """The block of the serving proxy: how peers reach this site, and how it reaches them.

    Charts before v2.0.4 have no key for the type and always make a NodePort (INV-SRV-8).
    """
    if "servingProxy" not in serving.modules:
        return {}
    chart = serving.release
    exposure = exposure_of(planned.site, SERVING_PROXY)
    table = plan.table(planned, Channel.SERVING)
    result: dict[str, Any] = {"type": exposure.type} if chart.has_type else {}
    if "servingProxy" in planned.ports:
        result["nodePort"] = planned.ports["servingProxy"]
    if exposure.type == "LoadBalancer" and chart.has_load_balancer_ip:
        result["loadBalancerIP"] = exposure.address_of("servingProxy")
    result.update(host)
    if table.default:
        result["exchange"] = {"ip": table.default[0].host, "port": table.default[0].port}
    result["partyList"] = party_list(table)
    return result


def _server(plan: Plan, planned: PlannedSite, serving: PlannedServing) -> dict[str, Any]:
    """The block of serving-server.

    Without the block, charts before v2.0.4 deploy one whatever `modules` says, so it stands there for nothing else
    (helm-charts/FATE-Serving/values-template.yaml before v2.0.4; the first one's template fails without it).
    """
    chart, settings = serving.release, serving.settings
    typed = chart.reads("servingServer.type")
    if "servingServer" not in serving.modules:
        if chart.has_type:
            return {}
        return {"type": "ClusterIP"} if typed else {"fateflow": {}}
    result: dict[str, Any] = {}
    if typed:
        result["type"] = service_type(planned.site, SERVING_SERVER)
    if "servingServer" in planned.ports and chart.reads("servingServer.nodePort"):
        result["nodePort"] = planned.ports["servingServer"]
    if Channel.TRANSFER in planned.listeners:
        endpoint = plan.endpoint(planned, planned, fateflow_http(planned.release))
        result["fateflow"] = {"ip": endpoint.literal, "port": endpoint.port}
    if settings.cache is not None and chart.reads("servingServer.cacheType"):
        result["cacheType"] = settings.cache
    for word, key in ADAPTERS.items():
        if word in settings.adapters and chart.reads(key):
            result[key.partition(".")[2]] = settings.adapters[word]
    return result


def _redis(serving: PlannedServing) -> dict[str, Any]:
    reference = serving.settings.credentials.get("redis")
    if reference is None or "servingRedis" not in serving.modules or not serving.release.reads("servingRedis.password"):
        return {}
    return {"password": placeholder(reference)}


def _admin(serving: PlannedServing) -> dict[str, Any]:
    reference = serving.settings.credentials.get("admin")
    if reference is None or "servingAdmin" not in serving.modules or not serving.release.reads("servingAdmin.password"):
        return {}
    return {"username": "admin", "password": placeholder(reference)}
