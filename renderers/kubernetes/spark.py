"""Spark of a party: a standalone master, and workers in whose executors the training runs.

Facts: reference components.md section 5.2 and section 0, fact 11. The master's REST port 6066 takes jobs from anybody;
Spark 3 leaves it closed, and so do we.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.hosts import interface_hosts
from renderers.canonical import block
from renderers.kubernetes.component import Component
from renderers.kubernetes.doorways import web_page
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import (
    Pod,
    config_map,
    container,
    deployment,
    disruption_budget,
    http_probes,
    service,
)

MASTER_ORDER: Final = 42
WORKER_ORDER: Final = 43
RPC: Final = 7077
MASTER_WEB: Final = 8080
WORKER_WEB: Final = 8081
WORKERS: Final = 2
"""How many workers there are where federation.yaml does not say (v1.11.2:helm-charts/FATE)."""
_CONF: Final = "/data/projects/fate/conf"


def spark_master(installation: Installation) -> Component:
    """The master. `spark-master` is headless: the image binds the address that the pod's own name has.

    Its page has no login, and can end jobs: it has a host only where federation.yaml names one.
    """
    planned = installation.planned
    pod = Pod(
        component="spark-master",
        word="sparkMaster",
        role="computing",
        container=container(
            installation,
            "spark-master",
            installation.image("sparkMaster"),
            {"master": RPC, "web-ui": MASTER_WEB},
            resources={"requests": {"cpu": "100m", "memory": "1Gi"}},
            **http_probes("web-ui"),
        ),
    )
    ports = {"master": (RPC, "master"), "web-ui": (MASTER_WEB, "web-ui")}
    given = planned.site.ingress.hosts.get("spark", {})
    hosts = interface_hosts(planned.site, planned.release, planned.modules).get("spark", ()) if given else ()
    page, interfaces = web_page(installation, pod, hosts, given, ("spark-client", MASTER_WEB))
    return Component(
        MASTER_ORDER,
        "spark-master",
        (
            service(installation, pod, "spark-master", ports, headless=True),
            service(installation, pod, "spark-client", ports),
            deployment(installation, pod),
            *page,
        ),
        interfaces=interfaces,
    )


def spark_worker(installation: Installation) -> Component:
    """The workers. Each offers as many processors as its limit, or its node, has.

    federatedml reads a service_conf.yaml when an executor imports it; which engines stand there is of no account.
    """
    conf = block(_service_conf(installation))
    replicas = int(installation.settings("sparkWorker").get("replicas", WORKERS))
    cores: Manifest = {"resourceFieldRef": {"containerName": "spark-worker", "resource": "limits.cpu"}}
    pod = Pod(
        component="spark-worker",
        word="sparkWorker",
        role="computing",
        container=container(
            installation,
            "spark-worker",
            installation.image("sparkWorker"),
            {"web-ui": WORKER_WEB},
            env=[
                {"name": "SPARK_MASTER", "value": f"spark://spark-master:{RPC}"},
                {"name": "SPARK_WORKER_CORES", "valueFrom": cores},
            ],
            resources={"requests": {"cpu": "1", "memory": "2Gi"}},
            volumeMounts=[{"name": "service-conf", "mountPath": _CONF, "readOnly": True}],
            **http_probes("web-ui"),
        ),
        volumes=({"name": "service-conf", "configMap": {"name": "spark-worker-config"}},),
        configs=(conf,),
    )
    objects = [
        config_map(installation, pod, "spark-worker-config", {"service_conf.yaml": conf}),
        service(installation, pod, "spark-worker-1", {"tcp-spark": (WORKER_WEB, "web-ui")}, headless=True),
        deployment(installation, pod, replicas),
    ]
    if replicas > 1:
        objects.append(disruption_budget(installation, pod))
    return Component(WORKER_ORDER, "spark-worker", tuple(objects))


def _service_conf(installation: Installation) -> Mapping[str, Any]:
    planned = installation.planned
    ports = planned.release.ports
    broker = planned.engine.broker if planned.engine is not None else None
    return {
        "party_id": str(planned.id),
        "use_registry": False,
        "default_engines": {"computing": "spark", "federation": broker or "rabbitmq", "storage": "hdfs"},
        "fateflow": {"host": "fateflow", "http_port": ports.fateflow_http, "grpc_port": ports.fateflow_grpc},
    }
