"""HDFS of a Spark party: one namenode, and datanodes that keep the blocks.

Facts: reference components.md section 5.2. The images turn variables into Hadoop's properties: `CORE_CONF_` and
`HDFS_CONF_` name the file, `_` is a dot, `___` a hyphen.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from renderers.kubernetes.component import Component
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import (
    Claim,
    Pod,
    config_map,
    container,
    disruption_budget,
    http_probes,
    service,
    stateful_set,
)

NAMENODE_ORDER: Final = 40
DATANODE_ORDER: Final = 41
RPC: Final = 9000
NAMENODE_HTTP: Final = 9870
DATANODE_HTTP: Final = 9864
DATANODES: Final = 3
"""How many datanodes there are where federation.yaml does not say (v1.11.2:helm-charts/FATE)."""
_REPLICATION: Final = 3
"""Copies of each block that HDFS keeps by default; there cannot be more than datanodes."""
_DATANODE_SECONDS: Final = 600
"""A datanode waits for the namenode before it starts (`SERVICE_PRECONDITION`), also while that is still pulled."""
_HADOOP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CORE_CONF_fs_defaultFS": f"hdfs://namenode:{RPC}",
        "CORE_CONF_hadoop_http_staticuser_user": "root",
        "HDFS_CONF_dfs_permissions_enabled": "false",
        "HDFS_CONF_dfs_webhdfs_enabled": "true",
        "HDFS_CONF_dfs_namenode_datanode_registration_ip___hostname___check": "false",
        "HDFS_CONF_dfs_client_use_datanode_hostname": "false",
        "HDFS_CONF_dfs_datanode_use_datanode_hostname": "false",
        "MULTIHOMED_NETWORK": "0",
    }
)
_NAMENODE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CLUSTER_NAME": "fate",
        "HDFS_CONF_dfs_namenode_rpc___bind___host": "0.0.0.0",  # noqa: S104 - the address of a Service cannot be bound
        "HDFS_CONF_dfs_namenode_servicerpc___bind___host": "0.0.0.0",  # noqa: S104 - as above
        "HDFS_CONF_dfs_namenode_http___bind___host": "0.0.0.0",  # noqa: S104 - as above
        "HDFS_CONF_dfs_namenode_https___bind___host": "0.0.0.0",  # noqa: S104 - as above
    }
)


def namenode(installation: Installation) -> Component:
    """The namenode. Its names are in a folder of the volume, so that it finds it empty at first and formats it."""
    env = _environment(installation, _NAMENODE)
    pod = Pod(
        component="namenode",
        word="namenode",
        role="storage",
        container=container(
            installation,
            "namenode",
            installation.image("namenode"),
            {"rpc": RPC, "http": NAMENODE_HTTP},
            envFrom=[{"configMapRef": {"name": "namenode-env"}}],
            resources={"requests": {"cpu": "100m", "memory": "512Mi"}},
            **http_probes("http", startup_seconds=180),
        ),
        configs=_texts(env),
        claims=(Claim("dfs", {"/hadoop/dfs/name": "namenode"}, "2Gi"),),
    )
    return Component(
        NAMENODE_ORDER,
        "namenode",
        (
            config_map(installation, pod, "namenode-env", env),
            service(installation, pod, "namenode", {"tcp-9000": (RPC, "rpc"), "tcp-9870": (NAMENODE_HTTP, "http")}),
            stateful_set(installation, pod, "namenode"),
        ),
    )


def datanode(installation: Installation) -> Component:
    """The datanodes. They wait for the namenode themselves, and are dialled at their pods' own addresses."""
    env = _environment(installation, {"SERVICE_PRECONDITION": f"namenode:{RPC}"})
    replicas = _datanodes(installation)
    pod = Pod(
        component="datanode",
        word="datanode",
        role="storage",
        container=container(
            installation,
            "datanode",
            installation.image("datanode"),
            {"http": DATANODE_HTTP, "data": 9866, "ipc": 9867},
            envFrom=[{"configMapRef": {"name": "datanode-env"}}],
            resources={"requests": {"cpu": "100m", "memory": "512Mi"}},
            **http_probes("http", startup_seconds=_DATANODE_SECONDS),
        ),
        configs=_texts(env),
        claims=(Claim("dfs", {"/hadoop/dfs/data": "datanode"}, "10Gi"),),
    )
    objects: list[Manifest] = [
        config_map(installation, pod, "datanode-env", env),
        service(installation, pod, "datanode", {"tcp-9864": (DATANODE_HTTP, "http")}, headless=True),
        stateful_set(installation, pod, "datanode", replicas),
    ]
    if replicas > 1:
        objects.append(disruption_budget(installation, pod))
    return Component(DATANODE_ORDER, "datanode", tuple(objects))


def _datanodes(installation: Installation) -> int:
    return int(installation.settings("datanode").get("replicas", DATANODES))


def _environment(installation: Installation, own: Mapping[str, str]) -> dict[str, str]:
    copies = min(_REPLICATION, _datanodes(installation))
    return {**_HADOOP, "HDFS_CONF_dfs_replication": str(copies), **own}


def _texts(env: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in env.items())
