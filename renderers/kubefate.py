"""Targets `kubefate` and `helm`: one cluster.yaml per site, and a party's serving.yaml, beside their site.json.

Key names and their meaning: reference cluster-yaml.md section 4, checked against the release's own key list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner import site_json
from planner.channels import Channel
from planner.chart_keys import ITEMS
from planner.dialled_endpoints import service_type
from planner.doors import fateflow_http
from planner.hosts import interface_hosts, serving_hosts
from planner.lookup import POLLED, RouteTable
from planner.plan import Plan, PlannedSite
from planner.releases import FATE
from planner.secret_references import is_reference, is_secret_key, placeholder
from planner.site_json import Installation, Interface
from renderers import serving, spark
from renderers.canonical import Block, KeyPath, block
from renderers.components import Wanted, of_training
from renderers.party_list import party_list, row
from renderers.site_document import site_document

CLUSTER_FILE: Final = "cluster.yaml"
SERVING_FILE: Final = "serving.yaml"
_EGGS: Final = 1
"""Eggs of a party of v1.3.0 that names no number: its template makes none without one."""


def render(plan: Plan, planned: PlannedSite) -> Mapping[str, str]:
    """The files of one site: relative name to text."""
    data = {CLUSTER_FILE: cluster_yaml(plan, planned)}
    is_serving = planned.site.kind == "exchange" and planned.serving is not None
    comments = serving.comments(planned) if is_serving else _comments(plan, planned)
    files = {CLUSTER_FILE: _text(planned, data[CLUSTER_FILE], comments)}
    if planned.serving is not None and not is_serving:
        data[SERVING_FILE] = _overridden(
            dict(serving.serving_yaml(plan, planned, planned.serving)), planned.serving.settings.overrides
        )
        files[SERVING_FILE] = _text(planned, data[SERVING_FILE], serving.comments(planned), "FATE-Serving of ")
    files[site_json.NAME] = site_json.dump(
        site_document(
            plan,
            planned,
            files,
            interfaces=_interfaces(planned),
            installations=[_installation(planned, name, found) for name, found in data.items()],
        )
    )
    return files


def _installation(planned: PlannedSite, file: str, data: Mapping[str, Any]) -> Installation:
    """What one file is installed as. The service of v1.3.0 has one chart only, whose name no file says."""
    part = "serving" if file == SERVING_FILE else "training"
    chart = data.get("chartName", planned.chart)
    return Installation(part, file, data["name"], data["namespace"], chart, data["chartVersion"])


def _interfaces(planned: PlannedSite) -> Iterator[Interface]:
    """The web pages of a site, under each of their host names."""
    site = planned.site
    found = [(site.ingress, interface_hosts(site, planned.release, planned.modules))]
    if planned.serving is not None:
        settings = planned.serving.settings
        found.append((settings.ingress, serving_hosts(site, planned.serving.release, planned.serving.modules)))
    for ingress, interfaces in found:
        for component, hosts in interfaces.items():
            scheme = "https" if "tlsSecret" in ingress.hosts.get(component, {}) else "http"
            yield from (Interface(component, host, f"{scheme}://{host}/") for host in hosts)


def cluster_yaml(plan: Plan, planned: PlannedSite) -> dict[str, Any]:
    """The data of a site's cluster.yaml, in the order of KubeFATE's samples, overrides merged last."""
    wanted = of_training(planned)
    if planned.site.kind == "party":
        data = dict(_party(plan, planned, wanted))
    elif planned.serving is not None:
        data = dict(serving.serving_yaml(plan, planned, planned.serving))
    else:
        data = dict(_exchange(plan, planned, wanted))
    return _overridden(data, planned.site.overrides)


def _text(planned: PlannedSite, data: Mapping[str, Any], comments: Mapping[KeyPath, str], subject: str = "") -> str:
    text = block(data, comments)
    return _head(planned, subject, uses_secrets="${secret:" in text, is_fate=data.get("chartName", FATE) == FATE) + text


def _common(planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The keys that every file begins with; the service of v1.3.0 has one chart only and reads no `chartName`."""
    site, release = planned.site, planned.release
    yield "name", site.name
    yield "namespace", site.namespace
    if "chartName" in release.kubefate.keys:
        yield "chartName", planned.chart
    yield "chartVersion", planned.chart_version
    yield "partyId", planned.id
    if wanted.reads("registry"):
        # The exchange beside v2.0.0 has the chart of v1.11.2, which adds the slash.
        yield "registry", (site.registry or "") if planned.chart == FATE else serving.registry(planned)
    tag = site.image_tag or _own_image_tag(planned)
    if tag is not None:
        yield "imageTag", tag
    if site.pull_policy is not None:
        yield "pullPolicy", site.pull_policy
    if site.pull_secrets:
        yield "imagePullSecrets", [{"name": name} for name in site.pull_secrets]
    if wanted.reads("persistence"):
        yield "persistence", site.persistence
    if wanted.reads("istio.enabled"):
        yield "istio", {"enabled": site.istio}
    if wanted.reads("podSecurityPolicy.enabled"):
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


def _party(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    site, release = planned.site, planned.release
    yield from _common(planned, wanted)
    if release.has_ingress_class:
        yield "ingressClassName", site.ingress.ingress_class or serving.INGRESS_CLASS
    yield "modules", list(planned.modules)
    if planned.engine is not None:
        yield from planned.engine.selector
    if release.algorithms:
        yield "algorithm", site.algorithm
        yield "device", site.device
    yield from _user_interfaces(planned)
    if planned.engine is None or planned.engine.broker is None:
        yield from _eggroll(plan, planned, wanted)
    if "python" in planned.modules and release.fateflow.type_key:
        yield "python", _fateflow(planned, wanted)
    yield from serving.addresses_of_serving(plan, planned, wanted)
    if planned.engine is not None and planned.engine.broker is not None:
        yield from spark.party_blocks(plan, planned, wanted)
    yield from _fateboard(planned, wanted)
    client = wanted.component("client")
    if "notebook" in site.credentials:
        client["notebook_hashed_password"] = placeholder(site.credentials["notebook"])
    if "client" in planned.modules and client:
        yield "client", client
    yield from _mysql(planned, wanted)


def _eggroll(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The router, and what computes."""
    yield from _router(plan, planned, wanted)
    if "egg" in planned.modules:
        yield "egg", {"count": _EGGS, **wanted.component("egg")}
    clustermanager = wanted.component("clustermanager")
    if "clustermanager" in planned.modules and clustermanager:
        yield "clustermanager", clustermanager
    nodemanager = _nodemanager(planned, wanted)
    if "nodemanager" in planned.modules and nodemanager:
        yield "nodemanager", nodemanager


def _exchange(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    yield from _common(planned, wanted)
    yield "modules", list(planned.modules)
    if planned.kind == "trafficServer":
        yield from spark.exchange_blocks(plan, planned, wanted)
    else:
        yield from _router(plan, planned, wanted)


def _router(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The block of proxy, rollsite, lbrollsite or osx: how peers reach this site, and how it reaches them."""
    site, release, module = planned.site, planned.release, planned.module
    table = plan.table(planned, Channel.ROLLSITE)
    service: dict[str, Any] = {"type": site.exposure.type}
    port = planned.ports.get("rollsite" if module == "lbrollsite" else module)
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
                    {"id": plan.by_key[key].id, "ip": endpoint.literal, "port": endpoint.port}
                    for key, endpoint in zip(exchanges, table.default, strict=True)
                ],
                **wanted.component("lbrollsite"),
            },
        )
        yield "rollsite", routes
    else:
        yield module, {**service, **routes, **wanted.component(module)}


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
    """The rows of a table; OSX finds its default route among them (components.md section 3.4)."""
    rows = party_list(table)
    if planned.module != "osx" or not table.default:
        return rows
    comment = "    # The default route: messages for everybody else go to the exchange.\n"
    return Block(f"{rows.text}{comment}{row('default', table.default[0])}")


def _nodemanager(planned: PlannedSite, wanted: Wanted) -> dict[str, Any]:
    """The block of the nodemanagers; empty, the chart's own two stay as they are.

    A block replaces them: charts before v1.9.0 make `count` nodemanagers, so none without that key, and no template
    has a default for sessionProcessorsPerNode (v1.5.3 and v1.9.0:helm-charts/FATE/values-template.yaml, values.yaml).
    """
    written = wanted.component("nodemanager")
    if not written or planned.engine is None:
        return {}
    scale = planned.engine.scale_key.rpartition(".")[2]
    needed: dict[str, Any] = {scale: 2, "sessionProcessorsPerNode": 4 if planned.release.module == "osx" else 2}
    if scale == "count" and planned.site.persistence:
        needed.update({"accessMode": "ReadWriteOnce", "size": "1Gi"})
    block = {**needed, **written}
    single = written.keys() & ITEMS["nodemanager"].keys()
    return _listed_nodemanagers(block) if single and wanted.reads("nodemanager.list") else block


def _listed_nodemanagers(block: Mapping[str, Any]) -> dict[str, Any]:
    """Nodemanagers one by one, each with its labels and its part of the volume.

    Until v1.6.0 the chart makes those of `list` beside `count` equal ones, and an item has nothing of the block: what
    it leaves out is no value (v1.5.0:helm-charts/FATE/values-template.yaml).
    """
    labels = block.get("nodeSelectors") or [block.get("nodeSelector", {})]
    chosen = labels if len(labels) > 1 else labels * block["count"]
    above = f"{block['subPath']}/" if "subPath" in block else ""
    items = [
        {
            "name": f"nodemanager-{number}",
            "nodeSelector": dict(each),
            "sessionProcessorsPerNode": block["sessionProcessorsPerNode"],
            "subPath": f"{above}nodemanager-{number}",
            **{key: block.get(key, "") for key in ("existingClaim", "storageClass", "accessMode", "size")},
        }
        for number, each in enumerate(chosen)
    ]
    return {"count": 0, "list": items}


def _fateflow(planned: PlannedSite, wanted: Wanted) -> dict[str, Any]:
    """The block of FATE-Flow: how it is exposed, its tenant in Pulsar, its resources."""
    site, keys = planned.site, planned.release.fateflow
    balanced = service_type(site, fateflow_http(planned.release)) == "LoadBalancer"
    result: dict[str, Any] = {keys.type_key.partition(".")[2]: "LoadBalancer" if balanced else site.fateflow}
    if "fateflowHttp" in planned.ports:
        result[keys.http_key.partition(".")[2]] = planned.ports["fateflowHttp"]
    if keys.grpc_key is not None and "fateflowGrpc" in planned.ports:
        result[keys.grpc_key.partition(".")[2]] = planned.ports["fateflowGrpc"]
    if balanced:
        result["loadBalancerIP"] = site.exposure.address_of("python")
    if wanted.reads("python.logLevel"):
        result["logLevel"] = "INFO"  # the template of v1.8.0 has no default: left out, it would be null
    result.update(spark.tenant(planned, wanted))
    result.update(wanted.component("python"))
    return result


def _user_interfaces(planned: PlannedSite) -> Iterator[tuple[str, Any]]:
    """Hosts of FATEBoard and notebook; left out, every party of a 1.6.1+ chart would get the same (INV-NS-4).

    Charts v1.5.1 to v1.6.0 have `host`, with one name each; up to v1.7.2 an annotation names the ingress class.
    """
    site, release = planned.site, planned.release
    hosts = interface_hosts(site, release, planned.modules)
    if release.hosts.dialect == "host" and hosts:
        keys = {name: (release.hosts.key(name) or name).rpartition(".")[2] for name in hosts}
        yield "host", {keys[name]: host[0] for name, host in hosts.items()}
    if release.hosts.dialect != "ingress":
        return
    result: dict[str, Any] = {}
    for name, host in hosts.items():
        given = site.ingress.hosts.get(name, {})
        annotations = dict(given.get("annotations", {}))
        if not release.has_ingress_class:
            annotations.setdefault("kubernetes.io/ingress.class", serving.INGRESS_CLASS)
        result[name] = serving.ingress_entry(host, {**given, "annotations": annotations})
    if result:
        yield "ingress", result


def _fateboard(planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    site = planned.site
    result = wanted.component("fateboard")
    if "fateboard" in site.credentials and wanted.reads("fateboard.password"):
        result = {"username": "admin", "password": placeholder(site.credentials["fateboard"]), **result}
    if "fateboard" in planned.modules and result:
        yield "fateboard", result


def _mysql(planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    site = planned.site
    if site.mysql is not None:
        yield "externalMysqlIp", site.mysql.host
        yield "externalMysqlPort", site.mysql.port
        yield "externalMysqlDatabase", site.mysql.database
        yield "externalMysqlUser", site.mysql.user
        yield "externalMysqlPassword", placeholder(site.mysql.password)
        return
    result = wanted.component("mysql")
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


def _head(planned: PlannedSite, subject: str, *, uses_secrets: bool, is_fate: bool) -> str:
    reader = "KubeFATE" if planned.site.target == "kubefate" else "the values template of its chart, not for `helm -f`"
    lines = [
        f"# {subject}{planned.site.label} of the federation, for {reader}. Written by fedplan from federation.yaml."
    ]
    if uses_secrets:
        lines.append(
            "# ${secret:...} is the place of a secret: whoever installs this file puts the value in, in memory."
        )
    if not planned.release.chart.published and planned.chart == FATE and is_fate:
        lines.append(f"# Chart {planned.chart} {planned.chart_version} is in no public repository: upload it first.")
    return "\n".join(lines) + "\n"


def _comments(plan: Plan, planned: PlannedSite) -> Mapping[KeyPath, str]:
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
        ("servingIp",): "This party's own serving-server, as its serving.yaml exposes it.",
        **spark.comments(plan, planned),
    }
