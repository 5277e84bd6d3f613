"""OSX, the router of FATE 2: of a party, and as an exchange, which no chart can deploy.

Reference components.md section 3.4 (command, keys, reload) and cluster-yaml.md INV-EGG-7.
"""

from __future__ import annotations

from typing import Final

from planner.site_json import HotTable
from renderers.kubernetes.component import Component
from renderers.kubernetes.eggroll import ROUTE_TABLE, router_service
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.route_tables import osx_table
from renderers.kubernetes.workloads import Pod, config_map, container, deployment, tcp_probes
from renderers.templating import template

_HOME: Final = "/data/projects/fate/osx"
_CONFIG: Final = "osx-config"
_SETTINGS: Final = "broker.properties"
_FOLDER: Final = f"{_HOME}/conf/broker"
_SECONDS: Final = 3
_COMMAND: Final = (
    "java",
    "-server",
    "-Xms1g",
    "-Xmx1g",
    "-XX:MaxDirectMemorySize=2g",
    "-cp",
    f"conf/broker/:lib/*:extension/*:{_HOME}/lib/osx-broker-1.0.0.jar",
    "org.fedai.osx.broker.Bootstrap",
    "-c",
    f"{_HOME}/conf",
)
"""The image's own command has another main class. The heap is that of a small party, not the chart's 4 GiB and 15."""


def osx(installation: Installation) -> Component:
    """The Deployment, its route table and the Service that peers dial.

    Both files are in one folder, as OSX wants them; only the settings make the pod restart.
    """
    planned = installation.planned
    is_party = planned.site.kind == "party"
    ports = planned.release.ports
    settings = template("kubernetes/broker.properties.j2").render(
        label=planned.site.label, port=ports.federation, clustermanager=ports.clustermanager if is_party else None
    )
    pod = Pod(
        component="osx",
        word="osx",
        role="router",
        container=_container(installation),
        volumes=(
            {"name": "config", "configMap": {"name": _CONFIG}},
            {"name": "logs", "emptyDir": {}},
            {"name": "mapped", "emptyDir": {}},
        ),
        configs=(settings,),
    )
    objects = (
        config_map(installation, pod, _CONFIG, {_SETTINGS: settings, ROUTE_TABLE: osx_table(installation)}),
        deployment(installation, pod),
        router_service(installation, pod, "osx"),
    )
    hot = HotTable(
        config_map=_CONFIG,
        namespace=installation.namespace,
        key=ROUTE_TABLE,
        kind="Deployment",
        workload="osx",
        container="osx",
        path=f"{_FOLDER}/{ROUTE_TABLE}",
        seconds=_SECONDS,
    )
    return Component(30, "osx", objects, hot_tables=(hot,))


def _container(installation: Installation) -> Manifest:
    """The container. Its queues are files below its home, its memory is heap and direct memory together."""
    return container(
        installation,
        "osx",
        installation.image("osx"),
        {"osx": installation.planned.release.ports.federation},
        command=list(_COMMAND),
        workingDir=_HOME,
        resources={"requests": {"cpu": "200m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
        volumeMounts=[
            {"name": "config", "mountPath": _FOLDER, "readOnly": True},
            {"name": "logs", "mountPath": f"{_HOME}/logs"},
            {"name": "mapped", "mountPath": f"{_HOME}/mapped"},
        ],
        **tcp_probes("osx"),
    )
