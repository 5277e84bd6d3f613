"""Eggroll: clustermanager, nodemanagers and rollsite. Reference components.md section 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.channels import Channel
from planner.doors import doors
from planner.secret_references import GENERATE
from planner.site_json import HotTable
from renderers.kubernetes import configure
from renderers.kubernetes.component import Component
from renderers.kubernetes.credentials import secrets
from renderers.kubernetes.database import database
from renderers.kubernetes.eggroll_properties import FILE, PATH, eggroll_properties, nodemanagers, processors
from renderers.kubernetes.generation import CONF, EGGROLL, generation
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.quantities import cpu_limit
from renderers.kubernetes.route_tables import rollsite_table
from renderers.kubernetes.service_conf import service_conf_of_workers
from renderers.kubernetes.waiting import wait_for
from renderers.kubernetes.workloads import (
    Claim,
    Pod,
    config_map,
    container,
    deployment,
    disruption_budget,
    exposed_service,
    service,
    stateful_set,
    tcp_probes,
)

IMAGE: Final = "eggroll"
"""The image of all three, in the words of the release's data."""
ENVIRONMENT: Final[tuple[Manifest, ...]] = ({"name": "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "value": "python"},)
NOT_EVICTED: Final = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
"""For pods whose end aborts running jobs (components.md section 12, number 17)."""
ROUTE_TABLE: Final = "route_table.json"
_ROLLSITE_CONFIG: Final = "rollsite-config"
_ROUTES: Final = f"{EGGROLL}/conf/route_table"
_ROLLSITE_SECONDS: Final = 60
_KEY: Final = "route-table-key"
_LINKED: Final = """\
mkdir -p logs/eggroll
ln -sf /dev/stdout logs/eggroll/eggroll-audit.log
ln -sf /dev/stdout logs/eggroll/eggroll.jvm.log
ln -sf /dev/stderr logs/eggroll/eggroll.jvm.err.log
exec "$@"
"""
"""What a program writes into these files becomes the log of its container (section 3.1)."""
_LOG_VOLUME: Final[Manifest] = {"name": "eggroll-log", "emptyDir": {}}
_LOG_MOUNT: Final[Manifest] = {"name": "eggroll-log", "mountPath": f"{EGGROLL}/logs"}
_VCORES: Final = 16
"""Cores that a nodemanager offers to all sessions together where it has no limit: eggroll's own default. Its other way,
the cores of the node, could be fewer than a single session asks for."""


def clustermanager(installation: Installation) -> Component:
    """The Deployment, which waits for MySQL, and its Service. Its end kills all sessions."""
    planned = installation.planned
    facts, its = generation(planned.release), database(installation)
    image, port = installation.image("clustermanager", IMAGE), planned.release.ports.clustermanager
    text = eggroll_properties(installation, "clustermanager", database=its)
    main = _java(
        installation,
        "clustermanager",
        image,
        port,
        ["-Dmodule=clustermanager", "-cp", f"{EGGROLL}/lib/*:", *facts.clustermanager],
        volumeMounts=[configure.mount(FILE, PATH), _LOG_MOUNT],
        resources={"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
    )
    pod = Pod(
        component="clustermanager",
        word="clustermanager",
        role="resource-manager",
        container=main,
        init=(
            wait_for(installation, "mysql", image, its.host, its.port),
            configure.configure(installation, image, {"MYSQL_PASSWORD": its.password.value_from}),
        ),
        volumes=(*configure.volumes("eggroll-config", (FILE,)), _LOG_VOLUME),
        configs=(text,),
        annotations=NOT_EVICTED,
    )
    objects = (
        config_map(installation, pod, "eggroll-config", {FILE: text}),
        deployment(installation, pod),
        service(installation, pod, "clustermanager", {"tcp-clustermanager": (port, "clustermanager")}),
    )
    return Component(20, "clustermanager", objects, its.secrets)


def nodemanager(installation: Installation) -> Component:
    """The StatefulSet: each nodemanager registers itself with its own address (section 0, facts 8 and 9).

    The Service is headless, as eggs listen on ports of their own choice, at the addresses of their pods.
    """
    planned = installation.planned
    facts, port = generation(planned.release), planned.release.ports.nodemanager
    settings, replicas = installation.settings("nodemanager"), nodemanagers(installation)
    text = eggroll_properties(installation, "nodemanager", vcores=_vcores(settings, processors(installation)))
    conf = service_conf_of_workers(installation)
    config: Manifest = {"name": "config", "configMap": {"name": "nodemanager-config"}}
    mounts: list[Manifest] = [
        {"name": "config", "mountPath": PATH, "subPath": FILE, "readOnly": True},
        {"name": "config", "mountPath": f"{CONF}/service_conf.yaml", "subPath": "service_conf.yaml", "readOnly": True},
        _LOG_MOUNT,
    ]
    main = _java(
        installation,
        "nodemanager",
        installation.image("nodemanager", IMAGE),
        port,
        ["-Dmodule=nodemanager", "-cp", f"{EGGROLL}/lib/*:", *facts.nodemanager],
        volumeMounts=mounts,
        resources=_nodemanager_requests(processors(installation)),
    )
    main["command"] = ["/tini", "--", *main["command"]]  # it starts the eggs, and reaps them
    main["env"] = [*main["env"], {"name": "HUGGINGFACE_HUB_CACHE", "value": "/data/projects/fate/llm"}]
    pod = Pod(
        component="nodemanager",
        word="nodemanager",
        role="worker",
        container=main,
        volumes=(config, _LOG_VOLUME),
        configs=(text, conf),
        claims=(Claim("data-dir", {f"{EGGROLL}/data": "nodemanager", "/data/projects/fate/llm": "llm"}, "10Gi"),),
        annotations=NOT_EVICTED,
    )
    objects = [
        config_map(installation, pod, "nodemanager-config", {FILE: text, "service_conf.yaml": conf}),
        stateful_set(installation, pod, "nodemanager", replicas),
        service(installation, pod, "nodemanager", {"tcp-nodemanager": (port, "nodemanager")}, headless=True),
    ]
    if replicas > 1:
        objects.append(disruption_budget(installation, pod))
    return Component(22, "nodemanager", tuple(objects))


def rollsite(installation: Installation) -> Component:
    """The Deployment, its route table and the Service that peers dial. An exchange's has no other eggroll behind it.

    The table is mounted as a folder, so that rollsite sees a new one within a minute.
    """
    planned = installation.planned
    image, port = installation.image("rollsite", IMAGE), planned.release.ports.federation
    text, table = eggroll_properties(installation, "rollsite"), rollsite_table(installation)
    main = _java(
        installation,
        "rollsite",
        image,
        port,
        [
            *("-cp", f"{EGGROLL}/lib/*:{EGGROLL}/conf/"),
            *("com.webank.eggroll.rollsite.EggSiteBootstrap", "-c", PATH),
        ],
        volumeMounts=[
            configure.mount(FILE, PATH),
            {"name": "routes", "mountPath": _ROUTES, "readOnly": True},
            _LOG_MOUNT,
        ],
        resources={"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}},
    )
    routes = {
        "name": "routes",
        "configMap": {"name": _ROLLSITE_CONFIG, "items": [{"key": ROUTE_TABLE, "path": ROUTE_TABLE}]},
    }
    pod = Pod(
        component="rollsite",
        word="rollsite",
        role="router",
        container=main,
        init=(configure.configure(installation, image, {"ROUTE_TABLE_KEY": configure.secret_value("rollsite", _KEY)}),),
        volumes=(*configure.volumes(_ROLLSITE_CONFIG, (FILE,)), routes, _LOG_VOLUME),
        configs=(text,),
    )
    objects = (
        config_map(installation, pod, _ROLLSITE_CONFIG, {FILE: text, ROUTE_TABLE: table}),
        deployment(installation, pod),
        router_service(installation, pod, "rollsite"),
    )
    hot = HotTable(
        config_map=_ROLLSITE_CONFIG,
        namespace=installation.namespace,
        key=ROUTE_TABLE,
        kind="Deployment",
        workload="rollsite",
        container="rollsite",
        path=f"{_ROUTES}/{ROUTE_TABLE}",
        seconds=_ROLLSITE_SECONDS,
    )
    labels = installation.labels("rollsite", "router")
    return Component(30, "rollsite", objects, secrets(installation, "rollsite", labels, {_KEY: GENERATE}), (hot,))


def router_service(installation: Installation, pod: Pod, name: str) -> Manifest:
    """The Service of a rollsite or an OSX: one port, which peers, exchanges, FATE-Flow and eggs dial."""
    planned = installation.planned
    door = doors(planned.site, planned.release, installation.plan.topology, Channel.ROLLSITE)[0]
    port = f"tcp-{name}"
    return exposed_service(installation, pod, name, {port: (door.port, name)}, {port: door})


def _java(installation: Installation, name: str, image: str, port: int, arguments: list[str], **parts: Any) -> Manifest:
    """A container with one of eggroll's programs, whose logs become the container's."""
    logging = f"-Dlog4j.configurationFile={EGGROLL}/conf/{generation(installation.planned.release).logging}"
    return container(
        installation,
        name,
        image,
        {name: port},
        command=["bash", "-c", _LINKED, "bash", "java", logging, *arguments],
        workingDir=EGGROLL,
        env=list(ENVIRONMENT),
        **tcp_probes(name),
        **parts,
    )


def _nodemanager_requests(cores: int) -> Manifest:
    """Requests for so many processors, each an egg: half a GiB, and a part of a core, as few are busy at once."""
    return {"requests": {"cpu": f"{cores * 250}m", "memory": f"{cores * 512}Mi"}}


def _vcores(settings: Mapping[str, Any], cores: int) -> int:
    """Cores of one nodemanager for all sessions: its limit, but never fewer than one session may ask for."""
    return max(cores, cpu_limit(settings) or _VCORES)
