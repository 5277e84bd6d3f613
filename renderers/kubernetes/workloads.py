"""Deployments and StatefulSets, Services, volumes and what goes with them, as every component has them.

Sources: reference components.md section 12 (what the charts lack) and sections 1 to 7 (ports, mounts, probes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.dialled_endpoints import service_type
from planner.doors import Door, exposure_of
from planner.kubernetes_target import CONFIG_MARK
from renderers.kubernetes.installation import Installation, Manifest

WORKLOADS: Final = ("Deployment", "StatefulSet")
"""The kinds of objects that run pods."""
DEFAULT_SIZE: Final = "1Gi"
LITTLE: Final = {
    "requests": {"cpu": "10m", "memory": "16Mi"},
    "limits": {"cpu": "200m", "memory": "64Mi"},
}
"""Resources of an init container that runs a few lines of shell. It has limits, which federation.yaml cannot give it: a
namespace whose quota counts limits takes no pod of which one container has none.
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A volume that outlives its pod: its name, which part of it goes where, and its size where none is asked for.

    `mounts` maps a path in the container to the folder of the volume that is seen there.
    """

    name: str
    mounts: Mapping[str, str]
    size: str = DEFAULT_SIZE


@dataclass(frozen=True, slots=True)
class Pod:
    """What a component's pods are made of.

    `word` is the component's in federation.yaml, `module` FATE's label where it differs from `component`.
    `configs` are the texts that are read only at start: when one changes, the pods restart.
    `user` is the numeric user the image runs as; None where it must be root. `group` is the user's group, and
    `volume_group` the one that its volumes belong to, where they are not of the same number.
    """

    component: str
    word: str
    role: str
    container: Manifest
    module: str | None = None
    init: tuple[Manifest, ...] = ()
    volumes: tuple[Manifest, ...] = ()
    configs: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None
    volume_group: int | None = None
    claims: tuple[Claim, ...] = ()
    sidecars: tuple[Manifest, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    grace_seconds: int | None = None


def container(
    installation: Installation,
    name: str,
    image: str,
    ports: Mapping[str, int],
    **parts: Any,
) -> Manifest:
    """A container with its ports by name; `parts` are further fields, in the API's words.

    It cannot gain privileges and has no capabilities.
    """
    result: Manifest = {"name": name, "image": image, "imagePullPolicy": installation.pull_policy}
    if ports:
        result["ports"] = [
            {"name": port_name, "containerPort": number, "protocol": "TCP"} for port_name, number in ports.items()
        ]
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {**result, **parts, "securityContext": {**security, **parts.get("securityContext", {})}}


def tcp_probes(port: str, startup_seconds: int = 120) -> Manifest:
    """Probes of a program that is well while it accepts connections; it has `startup_seconds` to begin."""
    return probes({"tcpSocket": {"port": port}}, startup_seconds)


def http_probes(port: str, path: str = "/", startup_seconds: int = 120) -> Manifest:
    """Probes of a program that is well while it answers a GET."""
    return probes({"httpGet": {"port": port, "path": path}}, startup_seconds)


def probes(action: Mapping[str, Any], startup_seconds: int = 120, timeout: int = 5) -> Manifest:
    """Startup, readiness and liveness probes that all do the same."""
    return {
        "startupProbe": {
            **action,
            "periodSeconds": 5,
            "timeoutSeconds": timeout,
            "failureThreshold": -(-startup_seconds // 5),
        },
        "readinessProbe": {**action, "periodSeconds": 10, "timeoutSeconds": timeout},
        "livenessProbe": {**action, "periodSeconds": 30, "timeoutSeconds": timeout, "failureThreshold": 6},
    }


def digest_of(texts: Sequence[str]) -> str:
    """A digest of several texts, in this order."""
    found = hashlib.sha256()
    for text in texts:
        data = text.encode()
        found.update(f"{len(data)}:".encode() + data)
    return found.hexdigest()


def deployment(installation: Installation, pod: Pod, replicas: int = 1) -> Manifest:
    """A Deployment. With one replica it is recreated, as two would both answer; else it is rolled."""
    strategy: Manifest = {"type": "Recreate"} if replicas == 1 else {"type": "RollingUpdate"}
    return _workload(installation, pod, "Deployment", {"replicas": replicas, "strategy": strategy})


def stateful_set(installation: Installation, pod: Pod, service: str, replicas: int = 1) -> Manifest:
    """A StatefulSet under a headless or ordinary Service; with persistence each pod has claims of its own."""
    spec: Manifest = {"replicas": replicas, "serviceName": service, "podManagementPolicy": "Parallel"}
    made = _workload(installation, pod, "StatefulSet", spec)
    templates = [_claim_template(installation, pod, claim) for claim in pod.claims if _has_template(installation, pod)]
    if templates:
        made["spec"]["volumeClaimTemplates"] = templates
    return made


def claims_of(installation: Installation, pod: Pod) -> list[Manifest]:
    """The PersistentVolumeClaims of a Deployment that keeps data: a StatefulSet makes its own."""
    if not _has_template(installation, pod):
        return []
    labels = installation.labels(pod.component, pod.role, pod.module)
    return [
        installation.object(
            "PersistentVolumeClaim", f"{pod.component}-{claim.name}", labels, spec=_claim_spec(installation, pod, claim)
        )
        for claim in pod.claims
    ]


def _has_template(installation: Installation, pod: Pod) -> bool:
    return installation.persistence and "existingClaim" not in storage_of(installation, pod.word)


def storage_of(installation: Installation, word: str) -> dict[str, str]:
    """The storage settings of one component: its own over those that all share, over the cluster's class."""
    default = installation.planned.cluster.storage_class
    own = installation.settings(word).get("storage", {})
    return {**({"storageClass": default} if default else {}), **installation.storage, **own}


def _claim_spec(installation: Installation, pod: Pod, claim: Claim) -> Manifest:
    storage = storage_of(installation, pod.word)
    spec: Manifest = {
        "accessModes": [storage.get("accessMode", "ReadWriteOnce")],
        "resources": {"requests": {"storage": storage.get("size", claim.size)}},
    }
    if "storageClass" in storage:
        spec["storageClassName"] = storage["storageClass"]
    return spec


def _claim_template(installation: Installation, pod: Pod, claim: Claim) -> Manifest:
    labels = installation.selector(pod.component)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim.name, "labels": labels},
        "spec": {**_claim_spec(installation, pod, claim), "volumeMode": "Filesystem"},
    }


def _workload(installation: Installation, pod: Pod, kind: str, head: Manifest) -> Manifest:
    annotations = dict(pod.annotations)
    if pod.configs:
        annotations[CONFIG_MARK] = digest_of(pod.configs)
    metadata: Manifest = {"labels": installation.pod_labels(pod.component, pod.role, pod.module)}
    if annotations:
        metadata["annotations"] = annotations
    return installation.object(
        kind,
        pod.component,
        installation.labels(pod.component, pod.role, pod.module),
        spec={
            **head,
            "selector": {"matchLabels": installation.selector(pod.component)},
            "template": {"metadata": metadata, "spec": _pod_spec(installation, pod, kind)},
        },
    )


def _pod_spec(installation: Installation, pod: Pod, kind: str) -> Manifest:
    settings = installation.settings(pod.word)
    main = dict(pod.container)
    main["volumeMounts"] = [*main.get("volumeMounts", []), *_data_mounts(installation, pod)]
    if "resources" in settings:
        main["resources"] = settings["resources"]
    if not main["volumeMounts"]:
        del main["volumeMounts"]
    security: Manifest = {"seccompProfile": {"type": "RuntimeDefault"}}
    if pod.user is not None:
        group = pod.user if pod.group is None else pod.group
        security |= {"runAsNonRoot": True, "runAsUser": pod.user, "runAsGroup": group, "fsGroup": pod.user}
    if pod.volume_group is not None:
        security["fsGroup"] = pod.volume_group
    spec: Manifest = {
        "serviceAccountName": installation.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security,
    }
    if pod.grace_seconds is not None:
        spec["terminationGracePeriodSeconds"] = pod.grace_seconds
    secrets = installation.planned.site.pull_secrets
    if secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in secrets]
    spec.update({key: settings[key] for key in ("nodeSelector", "tolerations", "affinity") if key in settings})
    if pod.init:
        spec["initContainers"] = list(pod.init)
    spec["containers"] = [main, *pod.sidecars]
    volumes = [*pod.volumes, *_data_volumes(installation, pod, kind)]
    if volumes:
        spec["volumes"] = volumes
    return spec


def _data_mounts(installation: Installation, pod: Pod) -> list[Manifest]:
    above = storage_of(installation, pod.word).get("subPath", "") if installation.persistence else ""
    result = []
    for claim in pod.claims:
        for path, folder in claim.mounts.items():
            mount: Manifest = {"name": claim.name, "mountPath": path}
            sub = f"{above}/{folder}" if above and folder else above or folder
            if sub:
                mount["subPath"] = sub
            result.append(mount)
    return result


def _data_volumes(installation: Installation, pod: Pod, kind: str) -> list[Manifest]:
    """The volumes of a pod's data: nothing for the claims that a StatefulSet makes itself."""
    if not installation.persistence:
        return [{"name": claim.name, "emptyDir": {}} for claim in pod.claims]
    existing = storage_of(installation, pod.word).get("existingClaim")
    if existing is None and kind == "StatefulSet":
        return []
    return [
        {"name": claim.name, "persistentVolumeClaim": {"claimName": existing or f"{pod.component}-{claim.name}"}}
        for claim in pod.claims
    ]


def service(
    installation: Installation,
    pod: Pod,
    name: str,
    ports: Mapping[str, tuple[int, str]],
    *,
    headless: bool = False,
    publish_not_ready: bool = False,
    selects: str | None = None,
) -> Manifest:
    """A Service inside the cluster: `ports` maps a port's name to its number and the container port's name."""
    spec: Manifest = {"type": "ClusterIP"}
    if headless:
        spec["clusterIP"] = "None"
    if publish_not_ready:
        spec["publishNotReadyAddresses"] = True
    spec["selector"] = installation.selector(selects or pod.component)
    spec["ports"] = [
        {"name": port, "port": number, "targetPort": target, "protocol": "TCP"}
        for port, (number, target) in ports.items()
    ]
    return installation.object("Service", name, installation.labels(pod.component, pod.role, pod.module), spec=spec)


def exposed_service(
    installation: Installation, pod: Pod, name: str, ports: Mapping[str, tuple[int, str]], doors: Mapping[str, Door]
) -> Manifest:
    """A Service that other sites dial: its type, NodePorts and load balancer's address are the plan's.

    `doors` maps the names of those ports that are dialled to their doors. A port without a NodePort of the plan gets
    one from Kubernetes where the type asks for one.
    """
    planned = installation.planned
    made = service(installation, pod, name, ports)
    spec = made["spec"]
    first = next(iter(doors.values()))
    spec["type"] = service_type(planned.site, first)
    if spec["type"] == "LoadBalancer":
        address = exposure_of(planned.site, first).address_of(first.component)
        if address:
            spec["loadBalancerIP"] = address
    if spec["type"] != "ClusterIP":
        for port in spec["ports"]:
            door = doors.get(port["name"])
            if door is not None and door.name in planned.ports:
                port["nodePort"] = planned.ports[door.name]
    return made


def config_map(installation: Installation, pod: Pod, name: str, data: Mapping[str, str]) -> Manifest:
    """A ConfigMap with its texts."""
    labels = installation.labels(pod.component, pod.role, pod.module)
    return installation.object("ConfigMap", name, labels, data=dict(data))


def disruption_budget(installation: Installation, pod: Pod) -> Manifest:
    """A PodDisruptionBudget: one pod of several may go at a time. For one pod alone it would block every drain."""
    labels = installation.labels(pod.component, pod.role, pod.module)
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": installation.selector(pod.component)}}
    return installation.object("PodDisruptionBudget", pod.component, labels, spec=spec)


def ingress(
    installation: Installation,
    pod: Pod,
    host_names: Sequence[str],
    service_name: str,
    port: int,
    given: Mapping[str, Any],
) -> Manifest:
    """An Ingress of networking.k8s.io/v1 for a user interface; `given` is what federation.yaml says about it."""
    backend = {"service": {"name": service_name, "port": {"number": port}}}
    spec: Manifest = {}
    settings = _ingress_of(installation)
    if settings is not None:
        spec["ingressClassName"] = settings
    if "tlsSecret" in given:
        spec["tls"] = [{"hosts": list(host_names), "secretName": given["tlsSecret"]}]
    spec["rules"] = [
        {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        for host in host_names
    ]
    labels = installation.labels(pod.component, pod.role, pod.module)
    made = installation.object("Ingress", pod.component, labels, spec=spec)
    if given.get("annotations"):
        made["metadata"]["annotations"] = dict(given["annotations"])
    return made


def _ingress_of(installation: Installation) -> str | None:
    planned = installation.planned
    if installation.part == "serving" and planned.serving is not None:
        return planned.serving.settings.ingress.ingress_class or "nginx"
    return planned.site.ingress.ingress_class or "nginx"
