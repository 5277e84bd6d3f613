"""FATE-Flow: the StatefulSet `python`. Reference components.md section 4.1.

It listens on its pod's own address, so its settings are written when the pod starts. The tables of other parties'
brokers are seen where FATE-Flow of the release looks for them, and a new one needs no restart (section 0, fact 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from planner.doors import Door, fateflow_http
from planner.site_json import HotTable
from renderers.kubernetes import configure
from renderers.kubernetes.broker_tables import broker_table
from renderers.kubernetes.brokers import rabbitmq_password
from renderers.kubernetes.component import Component
from renderers.kubernetes.database import Database, database
from renderers.kubernetes.eggroll import NOT_EVICTED
from renderers.kubernetes.eggroll_properties import FILE as EGGROLL_FILE
from renderers.kubernetes.eggroll_properties import PATH as EGGROLL_PATH
from renderers.kubernetes.eggroll_properties import eggroll_properties
from renderers.kubernetes.generation import Generation, generation
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.service_conf import FILE, SPARK_HOME, engines, service_conf
from renderers.kubernetes.waiting import wait_for
from renderers.kubernetes.workloads import (
    Claim,
    Pod,
    config_map,
    container,
    exposed_service,
    http_probes,
    service,
    stateful_set,
    tcp_probes,
)
from renderers.templating import template

_CONFIG: Final = "python-config"
_BASE: Final = "/data/projects/fate"
_SPARK: Final = "spark-defaults.conf"
_STARTUP_SECONDS: Final = 300
_LINKS: Final = "/etc/fedplan/routes"


@dataclass(frozen=True, slots=True)
class _Routes:
    """The table of other parties' brokers: its ConfigMap, its file, the folder where it is mounted.

    `link` is where FATE-Flow looks for it, if it is not there: a link to the mounted file, so that a new one is seen.
    """

    config_map: str
    file: str
    folder: str
    link: str = ""


def python(installation: Installation) -> Component:
    """The StatefulSet, its settings and tables, and its two Services."""
    its, routes = database(installation), _routes(installation)
    image = _image(installation)
    templates, files = _templates(installation, its), _files(installation)
    pod = Pod(
        component="python",
        word="python",
        role="scheduler",
        container=_container(installation, image, templates, files, routes),
        init=(
            wait_for(installation, "mysql", image, its.host, its.port),
            configure.configure(installation, image, _places(installation, its)),
        ),
        volumes=(
            *configure.volumes(_CONFIG, tuple(templates)),
            *([{"name": "config", "configMap": {"name": _CONFIG, "items": _items(files)}}] if files else []),
            *([{"name": "routes", "configMap": {"name": routes.config_map}}] if routes else []),
        ),
        configs=(*templates.values(), *files.values()),
        claims=(Claim("python-data", _data(installation), "10Gi"),),
        annotations=NOT_EVICTED,
    )
    objects = [config_map(installation, pod, _CONFIG, {**templates, **files})]
    if routes is not None:
        table = broker_table(installation, routes.file.partition("_")[0])
        objects.append(config_map(installation, pod, routes.config_map, {routes.file: table}))
    objects += [stateful_set(installation, pod, "fateflow"), *_services(installation, pod)]
    hot = (_hot(installation, routes),) if routes is not None else ()
    return Component(50, "python", tuple(objects), its.secrets, hot)


def _templates(installation: Installation, its: Database) -> dict[str, str]:
    """The files with places in them."""
    result = {FILE: service_conf(installation, its)}
    engine = installation.planned.engine
    if engine is not None and engine.name.startswith("spark"):
        master = "spark://spark-master:7077" if "spark" in installation.planned.modules else "local[*]"
        result[_SPARK] = template("kubernetes/spark-defaults.conf.j2").render(
            label=installation.planned.site.label, master=master
        )
    return result


def _files(installation: Installation) -> dict[str, str]:
    """The files without."""
    if "clustermanager" not in installation.planned.modules:
        return {}
    return {EGGROLL_FILE: eggroll_properties(installation, "python")}


def _items(files: Mapping[str, str]) -> list[Manifest]:
    return [{"key": key, "path": key} for key in files]


def _places(installation: Installation, its: Database) -> dict[str, Manifest | str]:
    """What the places in the files stand for."""
    result: dict[str, Manifest | str] = {"POD_IP": configure.POD_IP, "MYSQL_PASSWORD": its.password.value_from}
    if _broker(installation) == "rabbitmq":
        result["RABBITMQ_PASSWORD"] = rabbitmq_password(installation).value_from
    return result


def _broker(installation: Installation) -> str | None:
    engine = installation.planned.engine
    return None if engine is None else engine.broker


def _routes(installation: Installation) -> _Routes | None:
    """Where the table of brokers is; None for eggroll, whose router has it."""
    broker = _broker(installation)
    if broker is None:
        return None
    facts, name = generation(installation.planned.release), f"{broker}_route_table"
    file = f"{name}.yaml"
    if installation.planned.release.module == "osx":
        return _Routes(f"{broker}-route-table", file, _LINKS, f"{facts.service_conf}/{file}")
    return _Routes(f"{broker}-route-table", file, f"{facts.service_conf}/{name}")


def _image(installation: Installation) -> str:
    engine = installation.planned.engine
    is_spark = engine is not None and engine.name.startswith("spark")
    return installation.image("python", "fateflow-spark" if is_spark else "fateflow")


def _container(
    installation: Installation,
    image: str,
    templates: Mapping[str, str],
    files: Mapping[str, str],
    routes: _Routes | None,
) -> Manifest:
    facts, ports = generation(installation.planned.release), installation.planned.release.ports
    mounts = [configure.mount(FILE, f"{facts.service_conf}/{FILE}")]
    if _SPARK in templates:
        mounts.append(configure.mount(_SPARK, f"{SPARK_HOME}conf/{_SPARK}"))
    if EGGROLL_FILE in files:
        mounts.append({"name": "config", "mountPath": EGGROLL_PATH, "subPath": EGGROLL_FILE, "readOnly": True})
    if routes is not None:
        mounts.append({"name": "routes", "mountPath": routes.folder, "readOnly": True})
    return container(
        installation,
        "fateflow",
        image,
        {"tcp-grpc": ports.fateflow_grpc, "tcp-http": ports.fateflow_http},
        command=_command(facts, routes),
        workingDir=_BASE,
        env=_environment(installation),
        volumeMounts=mounts,
        resources=_resources(installation),
        **_probes(installation),
    )


def _data(installation: Installation) -> Mapping[str, str]:
    """Folders that outlive the pod; storage `localfs` is one of them (FATE 1: fate_arch, `default_localfs_path`)."""
    data = generation(installation.planned.release).data
    return {**data, f"{_BASE}/localfs": "localfs"} if engines(installation)["storage"] == "localfs" else data


def _command(facts: Generation, routes: _Routes | None) -> list[str]:
    """FATE-Flow without its debugger; before it, the link to the table where it looks for one."""
    if routes is None or not routes.link:
        return ["python", facts.server]
    return ["sh", "-c", f"ln -sf {routes.folder}/{routes.file} {routes.link}\nexec python {facts.server}\n"]


def _environment(installation: Installation) -> list[Manifest]:
    result = {"FATE_PROJECT_BASE": _BASE, "HUGGINGFACE_HUB_CACHE": f"{_BASE}/llm"}
    if installation.planned.release.module != "osx":
        result["FATE_LOG_LEVEL"] = "INFO"
    return [{"name": name, "value": value} for name, value in result.items()]


def _resources(installation: Installation) -> Manifest:
    """What FATE-Flow and the drivers of its jobs need; more where it computes by itself, a GPU where that is asked."""
    computes = not {"clustermanager", "spark"} & set(installation.planned.modules)
    requests = {"cpu": "2", "memory": "4Gi"} if computes else {"cpu": "500m", "memory": "2Gi"}
    result: Manifest = {"requests": requests}
    if installation.planned.site.device == "GPU":
        result["limits"] = {"nvidia.com/gpu": "1"}
    return result


def _probes(installation: Installation) -> dict[str, Any]:
    """FATE-Flow 1 answers no GET; both are asked at the pod's address, the only one they listen on."""
    if installation.planned.release.module == "osx":
        return http_probes("tcp-http", "/v2/server/fateflow", _STARTUP_SECONDS)
    return tcp_probes("tcp-http", _STARTUP_SECONDS)


def _services(installation: Installation, pod: Pod) -> list[Manifest]:
    """`fateflow`, the pod itself, and `fateflow-client`, which has an address that stays, and NodePorts where asked."""
    release = installation.planned.release
    http = fateflow_http(release)
    grpc = Door("fateflowGrpc", http.component, http.service, release.ports.fateflow_grpc)
    ports = {"tcp-grpc": (grpc.port, "tcp-grpc"), "tcp-http": (http.port, "tcp-http")}
    return [
        service(installation, pod, "fateflow", ports, headless=True),
        exposed_service(installation, pod, http.service, ports, {"tcp-grpc": grpc, "tcp-http": http}),
    ]


def _hot(installation: Installation, routes: _Routes) -> HotTable:
    """The table of brokers, which every task reads anew."""
    return HotTable(
        config_map=routes.config_map,
        namespace=installation.namespace,
        key=routes.file,
        kind="StatefulSet",
        workload="python",
        container="fateflow",
        path=routes.link or f"{routes.folder}/{routes.file}",
        seconds=0,
    )
