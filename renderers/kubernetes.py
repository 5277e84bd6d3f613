"""Target `kubernetes`: manifests of our own, for the site that no chart can deploy: the OSX exchange of v2.0.0.

Facts: reference components.md section 3.4 (command, mounts, keys, reload) and cluster-yaml.md INV-EGG-7.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.plan import Plan, PlannedSite
from renderers.canonical import Block, block
from renderers.reading import Exposed, Gate, Reading, Remark, Unreadable
from renderers.templating import template

CONFIG_FILE: Final = "configmap.yaml"
DEPLOYMENT_FILE: Final = "deployment.yaml"
SERVICE_FILE: Final = "service.yaml"
KUSTOMIZATION_FILE: Final = "kustomization.yaml"
_HOME: Final = "/data/projects/fate/osx"
_COMMAND: Final = (
    "java",
    "-Xms1g",
    "-Xmx1g",
    "-XX:MaxDirectMemorySize=2g",
    "-cp",
    f"conf/broker/:lib/*:extension/*:{_HOME}/lib/osx-broker-1.0.0.jar",
    "org.fedai.osx.broker.Bootstrap",
    "-c",
    f"{_HOME}/conf",
)
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def render(plan: Plan, planned: PlannedSite) -> Mapping[str, str]:
    """The manifests of an OSX exchange: relative name to text, in apply order but for the kustomization."""
    properties = template("osx-broker.properties.j2").render(
        label=planned.site.label, port=planned.release.ports.federation
    )
    checksum = hashlib.sha256(properties.encode()).hexdigest()
    table = _route_table(plan.table(planned, Channel.ROLLSITE))
    head = f"# {planned.site.label} of the federation. Written by fedplan from federation.yaml.\n"
    files = {
        CONFIG_FILE: block(_config_map(planned, properties, table)),
        DEPLOYMENT_FILE: block(_deployment(planned, checksum)),
        SERVICE_FILE: block(_service(planned)),
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": planned.site.namespace,
        "resources": list(files),
    }
    return {name: head + text for name, text in (*files.items(), (KUSTOMIZATION_FILE, block(kustomization)))}


def read_back(files: Mapping[str, str]) -> Reading | Unreadable:
    """The exchange as Kubernetes would run it from these manifests."""
    objects: dict[str, dict[str, Any]] = {}
    for name in (CONFIG_FILE, DEPLOYMENT_FILE, SERVICE_FILE):
        try:
            value = yaml.load(files.get(name, ""), Loader=_Loader)  # noqa: S506 - CSafeLoader or SafeLoader
        except yaml.YAMLError as error:
            return Unreadable(name, f"it is not YAML: {str(error).splitlines()[0]}")
        if not isinstance(value, dict):
            return Unreadable(name, "it is missing or no object")
        objects[name] = value
    try:
        return _reading(objects[CONFIG_FILE], objects[DEPLOYMENT_FILE], objects[SERVICE_FILE])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        return Unreadable(CONFIG_FILE, f"a part that OSX needs is missing or malformed: {error}")


def _reading(config: Mapping[str, Any], deployment: Mapping[str, Any], service: Mapping[str, Any]) -> Reading:
    """The exchange that these three objects make; raises the errors of a lookup that finds something else."""
    written = json.loads(config["data"]["route_table.json"])
    routes, selves = written["route_table"], written["self_party"]
    entries = {
        int(party): Endpoint(str(roles["default"][0]["ip"]), _port(roles["default"][0]["port"]))
        for party, roles in routes.items()
        if party != "default"
    }
    default = tuple(
        Endpoint(str(row["ip"]), _port(row["port"])) for row in routes.get("default", {}).get("default", ())
    )
    ports = service["spec"]["ports"]
    pod = deployment["spec"]["template"]
    container = pod["spec"]["containers"][0]
    mounted = {volume["configMap"]["name"] for volume in pod["spec"]["volumes"] if "configMap" in volume}
    listening = {port["containerPort"] for port in container["ports"]}
    labels, selector = pod["metadata"]["labels"], service["spec"]["selector"]
    remarks = []
    if selves != ["default"]:
        remarks.append(Remark(("data", "route_table.json"), 'self_party must be ["default"] on an exchange'))
    if config["metadata"]["name"] not in mounted:
        remarks.append(Remark(("data",), "no pod mounts this ConfigMap"))
    if not selector or any(labels.get(key) != value for key, value in selector.items()):
        remarks.append(Remark(("metadata",), "the Service selects no pod of the Deployment"))
    if ports[0].get("targetPort", ports[0]["port"]) not in listening | {
        port.get("name") for port in container["ports"]
    }:
        remarks.append(Remark(("metadata",), "the Service's target port is none that the container listens on"))
    spec = service["spec"]
    kind = str(spec.get("type") or "ClusterIP")
    table = RouteTable(None, entries, default)
    exposed = Exposed(
        service=service["metadata"]["name"],
        service_type=kind,
        container_port=ports[0]["port"],
        node_port=ports[0].get("nodePort") if kind in {"NodePort", "LoadBalancer"} else None,
        load_balancer=spec.get("loadBalancerIP") if kind == "LoadBalancer" else None,
        path=("spec", "type"),
        file=SERVICE_FILE,
    )
    return Reading(
        file=CONFIG_FILE,
        name=service["metadata"]["name"],
        namespace=service["metadata"]["namespace"],
        party=int(config["metadata"]["labels"].get("fedplan/exchange-id", 0)),
        chart="",
        release=config["metadata"]["labels"].get("app.kubernetes.io/version", ""),
        module="osx",
        modules=("osx",),
        gates=(Gate(Channel.ROLLSITE, table, (exposed,), ("data", "route_table.json")),),
        remarks=tuple(remarks),
    )


def _port(value: object) -> int:
    """OSX casts the port to a number and throws for a text (DefaultFateRouterServiceImpl)."""
    if type(value) is not int:
        msg = f"port {value!r} is no number"
        raise ValueError(msg)
    return value


def _route_table(table: RouteTable) -> str:
    """route_table.json with one party per line."""
    rows = [(str(party), endpoint) for party, endpoint in table.entries.items()]
    rows += [("default", endpoint) for endpoint in table.default]
    lines = [
        f"    {json.dumps(party)}: {json.dumps({'default': [{'ip': endpoint.host, 'port': endpoint.port}]})}"
        for party, endpoint in rows
    ]
    body = ",\n".join(lines)
    return f'{{\n  "route_table": {{\n{body}\n  }},\n  "self_party": ["default"]\n}}\n'


def _metadata(planned: PlannedSite, name: str) -> dict[str, Any]:
    return {"name": name, "namespace": planned.site.namespace, "labels": _labels(planned)}


def _labels(planned: PlannedSite) -> dict[str, str]:
    return {
        **_selector(planned),
        "app.kubernetes.io/component": "exchange",
        "app.kubernetes.io/part-of": "fate",
        "app.kubernetes.io/version": planned.release.name,
        "app.kubernetes.io/managed-by": "fedplan",
        "fedplan/exchange-id": str(planned.id),
    }


def _selector(planned: PlannedSite) -> dict[str, str]:
    return {"app.kubernetes.io/name": "osx", "app.kubernetes.io/instance": planned.site.name}


def _config_map(planned: PlannedSite, properties: str, table: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(planned, "osx-config"),
        "data": {"broker.properties": _literal(properties), "route_table.json": _literal(table)},
    }


def _literal(text: str) -> Block:
    """A text as a YAML literal block below a key of `data`."""
    return Block("".join(f"    {line}\n" if line else "\n" for line in text.splitlines()), style="|")


def _deployment(planned: PlannedSite, checksum: str) -> dict[str, Any]:
    site, settings = planned.site, dict(planned.site.components.get("osx", {}))
    image = planned.release.images.reference("osx")
    name, _, tag = image.rpartition(":")
    image = f"{settings.get('image', name)}:{settings.get('imageTag', tag)}"
    container: dict[str, Any] = {
        "name": "osx",
        "image": f"{site.registry or ''}{image}",
        "imagePullPolicy": site.pull_policy or "IfNotPresent",
        "command": list(_COMMAND),
        "workingDir": _HOME,
        "ports": [{"name": "tcp-osx", "containerPort": planned.release.ports.federation, "protocol": "TCP"}],
        "startupProbe": {"tcpSocket": {"port": "tcp-osx"}, "periodSeconds": 5, "failureThreshold": 36},
        "readinessProbe": {"tcpSocket": {"port": "tcp-osx"}, "periodSeconds": 10},
        "livenessProbe": {"tcpSocket": {"port": "tcp-osx"}, "periodSeconds": 60},
        "resources": settings.get(
            "resources", {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}}
        ),
        "securityContext": {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumeMounts": [
            {"name": "config", "mountPath": f"{_HOME}/conf/broker", "readOnly": True},
            {"name": "logs", "mountPath": f"{_HOME}/logs"},
        ],
    }
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "osx-config"}}, {"name": "logs", "emptyDir": {}}],
    }
    if site.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in site.pull_secrets]
    pod.update({key: settings[key] for key in ("nodeSelector", "tolerations", "affinity") if key in settings})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(planned, "osx"),
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": _selector(planned)},
            "template": {
                "metadata": {
                    "labels": _labels(planned),
                    "annotations": {"fedplan/broker-properties-sha256": checksum},
                },
                "spec": pod,
            },
        },
    }


def _service(planned: PlannedSite) -> dict[str, Any]:
    site = planned.site
    port: dict[str, Any] = {
        "name": "tcp-osx",
        "port": planned.release.ports.federation,
        "targetPort": "tcp-osx",
        "protocol": "TCP",
    }
    if "osx" in planned.ports:
        port["nodePort"] = planned.ports["osx"]
    spec: dict[str, Any] = {"type": site.exposure.type}
    if site.exposure.type == "LoadBalancer":
        spec["loadBalancerIP"] = site.exposure.address
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(planned, "osx"),
        "spec": {**spec, "selector": _selector(planned), "ports": [port]},
    }
