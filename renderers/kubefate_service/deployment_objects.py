"""The objects of KubeFATE's service, in the order in which they are applied.

Names, ports and environment are those of KubeFATE's own `kubefate.yaml` (service-api.md section 9), so that its program
and its documents fit. What is different, and why: no password is written by default; the database has a claim, as the
service knows no cluster any more when its state is gone, while that goes on running; root of the database has a
password, where there it has none; pods say what they need, hold no rights over their node, and are asked how they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from planner.kubernetes_target import COMPONENT_LABEL, FEDERATION_LABEL, MANAGER_LABEL, SITE_LABEL
from planner.secret_references import GENERATE, placeholder
from renderers.cluster.references import Document
from renderers.kubefate_service.deployment import FEDERATION, KEY, Deployment
from renderers.kubefate_service.deployment_rights import ACCOUNT, rights_objects

_PING: Final = "$(command -v mariadb-admin || command -v mysqladmin) --protocol=tcp --host=127.0.0.1 ping"
"""By either name that the program has had; it needs no login for this."""
SECRET: Final = "kubefate-secret"  # noqa: S105 - the name of a Secret
USER_NAME: Final = "kubefateUsername"
USER_PASSWORD: Final = "kubefatePassword"  # noqa: S105 - the key of a Secret
DATABASE_USER: Final = "mariadbUsername"
DATABASE_PASSWORD: Final = "mariadbPassword"  # noqa: S105 - as above
_ROOT_PASSWORD: Final = "mariadbRootPassword"  # noqa: S105 - as above
SERVICE: Final = "kubefate"
DATABASE: Final = "mariadb"
CLAIM: Final = "mariadb-data"
PORT: Final = 8080
_DATABASE_PORT: Final = 3306
_DATABASE_USER_ID: Final = 999
"""The user `mysql` of MariaDB's official image, which starts under it as well as under root."""
_WAIT: Final = 'until (exec 3<>"/dev/tcp/$DATABASE_HOST/$DATABASE_PORT") 2>/dev/null; do sleep 2; done'
"""Waits for the database: the service ends when it does not find it, and the first start of one takes a minute."""


def labels(component: str = "") -> dict[str, str]:
    """The labels of an object of the service: those by which apply knows its own, and its component's."""
    found = {"app.kubernetes.io/part-of": FEDERATION, MANAGER_LABEL: "fedplan", FEDERATION_LABEL: FEDERATION}
    return {**found, SITE_LABEL: KEY, **({COMPONENT_LABEL: component} if component else {})}


def objects(wanted: Deployment) -> dict[str, tuple[Document, ...]]:
    """All objects but the namespace and the Secret, by the file that holds them."""
    files = {"10-rights.yaml": tuple(rights_objects(wanted, labels()))}
    if not wanted.database.is_outside:
        files["20-mariadb.yaml"] = tuple(_database(wanted))
    files["30-kubefate.yaml"] = tuple(_service(wanted))
    return files


def secret(wanted: Deployment) -> Document:
    """The Secret with places where the passwords will stand. Keys are those of KubeFATE's own."""
    values = {
        USER_NAME: wanted.user,
        USER_PASSWORD: _place(wanted.password),
        DATABASE_USER: wanted.database.user,
        DATABASE_PASSWORD: _place(wanted.database.password),
    }
    if not wanted.database.is_outside:
        values[_ROOT_PASSWORD] = GENERATE
    metadata = _metadata(wanted, SECRET)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": values}


def _place(reference: str) -> str:
    return placeholder(reference) if reference else GENERATE


# The database


def _database(wanted: Deployment) -> Iterator[Document]:
    base = wanted.database
    if base.has_claim:
        yield _claim(wanted)
    yield _service_object(wanted, DATABASE, _DATABASE_PORT)
    container: dict[str, Any] = {
        "name": DATABASE,
        "image": base.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "MYSQL_DATABASE", "value": base.name},
            _from_secret("MYSQL_USER", DATABASE_USER),
            _from_secret("MYSQL_PASSWORD", DATABASE_PASSWORD),
            _from_secret("MYSQL_ROOT_PASSWORD", _ROOT_PASSWORD),
        ],
        "ports": [{"name": "mysql", "containerPort": _DATABASE_PORT, "protocol": "TCP"}],
        "resources": _resources("100m", "256Mi", "1", "1Gi"),
        "securityContext": _confined(),
        "startupProbe": _ping(period=5, failures=60),
        "readinessProbe": _ping(period=10, failures=3),
        "livenessProbe": _ping(period=20, failures=6),
        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
    }
    volume = {"persistentVolumeClaim": {"claimName": CLAIM}} if base.has_claim else {"emptyDir": {}}
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _DATABASE_USER_ID,
            "runAsGroup": _DATABASE_USER_ID,
            "fsGroup": _DATABASE_USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "data", **volume}],
    }
    yield _workload(wanted, DATABASE, pod)
    if wanted.has_network_policy:
        yield _policy(wanted)


def _claim(wanted: Deployment) -> Document:
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": wanted.database.storage}},
    }
    if wanted.database.storage_class:
        spec["storageClassName"] = wanted.database.storage_class
    metadata = _metadata(wanted, CLAIM, DATABASE)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _policy(wanted: Deployment) -> Document:
    """Nobody but the service talks to its database."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(wanted, DATABASE, DATABASE),
        "spec": {
            "podSelector": {"matchLabels": _selector(DATABASE)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"podSelector": {"matchLabels": _selector(SERVICE)}}],
                    "ports": [{"port": _DATABASE_PORT, "protocol": "TCP"}],
                }
            ],
        },
    }


# The service


def _service(wanted: Deployment) -> Iterator[Document]:
    base = wanted.database
    host, port = base.host or DATABASE, str(base.port if base.is_outside else _DATABASE_PORT)
    container: dict[str, Any] = {
        "name": SERVICE,
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "FATECLOUD_DB_TYPE", "value": "mysql"},
            {"name": "FATECLOUD_DB_HOST", "value": host},
            {"name": "FATECLOUD_DB_PORT", "value": port},
            {"name": "FATECLOUD_DB_NAME", "value": base.name},
            _from_secret("FATECLOUD_DB_USERNAME", DATABASE_USER),
            _from_secret("FATECLOUD_DB_PASSWORD", DATABASE_PASSWORD),
            {"name": "FATECLOUD_REPO_NAME", "value": "kubefate"},
            {"name": "FATECLOUD_REPO_URL", "value": wanted.repository},
            _from_secret("FATECLOUD_USER_USERNAME", USER_NAME),
            _from_secret("FATECLOUD_USER_PASSWORD", USER_PASSWORD),
            {"name": "FATECLOUD_SERVER_ADDRESS", "value": "0.0.0.0"},  # noqa: S104 - every address of the pod
            {"name": "FATECLOUD_SERVER_PORT", "value": str(PORT)},
            {"name": "FATECLOUD_LOG_LEVEL", "value": wanted.log_level},
            {"name": "FATECLOUD_LOG_NOCOLOR", "value": "true"},
        ],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": _resources("100m", "256Mi", "2", "2Gi"),
        "securityContext": _confined(),
        "startupProbe": _http(period=5, failures=60),
        "readinessProbe": _http(period=10, failures=3),
        "livenessProbe": _http(period=20, failures=6),
    }
    pod: dict[str, Any] = {
        "serviceAccountName": ACCOUNT,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    if not base.is_outside:
        pod["initContainers"] = [_waiting(base.image, host, port)]
    yield _service_object(wanted, SERVICE, PORT)
    yield _workload(wanted, SERVICE, pod)
    yield _ingress(wanted)


def _waiting(image: str, host: str, port: str) -> dict[str, Any]:
    return {
        "name": "wait-for-mariadb",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["bash", "-c", _WAIT],
        "env": [{"name": "DATABASE_HOST", "value": host}, {"name": "DATABASE_PORT", "value": port}],
        "resources": _resources("10m", "16Mi", "100m", "64Mi"),
        "securityContext": {**_confined(), "runAsNonRoot": True, "runAsUser": _DATABASE_USER_ID},
    }


def _ingress(wanted: Deployment) -> Document:
    backend = {"service": {"name": SERVICE, "port": {"number": PORT}}}
    spec: dict[str, Any] = {
        "rules": [{"host": wanted.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    }
    if wanted.ingress_class:
        spec["ingressClassName"] = wanted.ingress_class
    if wanted.tls_secret:
        spec["tls"] = [{"hosts": [wanted.host], "secretName": wanted.tls_secret}]
    metadata = _metadata(wanted, SERVICE, SERVICE)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


# What both have


def _workload(wanted: Deployment, name: str, pod: dict[str, Any]) -> Document:
    """A Deployment of one pod, as the service signs logins with a key of its own and a database has one writer."""
    if wanted.pull_secret:
        pod = {**pod, "imagePullSecrets": [{"name": wanted.pull_secret}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(wanted, name, name),
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": _selector(name)},
            "template": {"metadata": {"labels": labels(name)}, "spec": pod},
        },
    }


def _service_object(wanted: Deployment, name: str, port: int) -> Document:
    ports = [{"name": "mysql" if name == DATABASE else "http", "port": port, "targetPort": port, "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(wanted, name, name),
        "spec": {"type": "ClusterIP", "selector": _selector(name), "ports": ports},
    }


def _metadata(wanted: Deployment, name: str, component: str = "") -> dict[str, Any]:
    return {"name": name, "namespace": wanted.namespace, "labels": labels(component)}


def _selector(component: str) -> dict[str, str]:
    return {COMPONENT_LABEL: component, SITE_LABEL: KEY}


def _from_secret(variable: str, key: str) -> dict[str, Any]:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}}


def _confined() -> dict[str, Any]:
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _resources(cpu: str, memory: str, most_cpu: str, most_memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": most_cpu, "memory": most_memory}}


def _http(*, period: int, failures: int) -> dict[str, Any]:
    """Asks the one route that needs no login and touches no database: `GET /` (service-api.md section 2)."""
    return {
        "httpGet": {"path": "/", "port": PORT},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def _ping(*, period: int, failures: int) -> dict[str, Any]:
    """Asks the database over TCP, closed while it is being made. It would shut out who connects without a word."""
    return {
        "exec": {"command": ["bash", "-c", _PING]},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
