"""What people open in a browser: FATEBoard and the notebook. Reference components.md sections 4.4, 4.5 and 9.

Neither is ever without a login: a password that federation.yaml does not give is generated in the cluster.
"""

from __future__ import annotations

from typing import Final

from planner.doors import SERVING_SERVER
from planner.hosts import interface_hosts
from planner.site_json import Interface
from renderers.kubernetes import configure
from renderers.kubernetes.component import Component
from renderers.kubernetes.credentials import password, secrets
from renderers.kubernetes.doorways import web_page
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import (
    Claim,
    Pod,
    config_map,
    container,
    deployment,
    http_probes,
    service,
    stateful_set,
)
from renderers.templating import template

_ROLE: Final = "user-interface"
_BOARD_FILE: Final = "application.properties"
_BOARD_HOME: Final = "/data/projects/fate/fateboard"
_BOARD_USER: Final = "admin"
_JUPYTER: Final = "jupyter_config.py"
_JUPYTER_PATH: Final = f"/etc/fedplan/{_JUPYTER}"
_STARTUP_SECONDS: Final = 180
_NOTEBOOK: Final = """\
set -eu
pipeline init --ip "$FATE_FLOW_IP" --port "$FATE_FLOW_PORT"
flow init --ip "$FATE_FLOW_IP" --port "$FATE_FLOW_PORT"
exec jupyter notebook --ip=0.0.0.0 --port="$NOTEBOOK_PORT" --allow-root --no-browser \\
  --NotebookApp.notebook_dir=/data/projects/fate/ "$@"
"""


def fateboard(installation: Installation) -> Component:
    """FATEBoard as its image starts it, with a heap of 2 GiB that it takes at once."""
    planned = installation.planned
    ports, image = planned.release.ports, installation.image("fateboard")
    text = template("kubernetes/fateboard.properties.j2").render(
        label=planned.site.label, port=ports.fateboard, flow=ports.fateflow_http
    )
    login = password(installation, planned.site.credentials.get("fateboard"), "fateboard", "password")
    main = container(
        installation,
        "fateboard",
        image,
        {"tcp-fateboard": ports.fateboard},
        volumeMounts=[configure.mount(_BOARD_FILE, f"{_BOARD_HOME}/conf/{_BOARD_FILE}")],
        resources={"requests": {"cpu": "100m", "memory": "2560Mi"}},
        **http_probes("tcp-fateboard", startup_seconds=_STARTUP_SECONDS),
    )
    places: dict[str, Manifest | str] = {
        "FATEBOARD_USERNAME": configure.secret_value("fateboard", "username"),
        "FATEBOARD_PASSWORD": login.value_from,
    }
    pod = Pod(
        component="fateboard",
        word="fateboard",
        role=_ROLE,
        container=main,
        init=(configure.configure(installation, image, places),),
        volumes=configure.volumes("fateboard-config", (_BOARD_FILE,)),
        configs=(text,),
    )
    page, interfaces = _page(installation, pod, "fateboard", "fateboard", ports.fateboard)
    objects = (
        config_map(installation, pod, "fateboard-config", {_BOARD_FILE: text}),
        deployment(installation, pod),
        service(installation, pod, "fateboard", {"tcp-fateboard": (ports.fateboard, "tcp-fateboard")}),
        *page,
    )
    values = {"username": _BOARD_USER, **login.values}
    labels = installation.labels("fateboard", _ROLE)
    return Component(60, "fateboard", objects, secrets(installation, "fateboard", labels, values), (), interfaces)


def client(installation: Installation) -> Component:
    """The notebook. With a hash of a password it asks for that password, else for a token that is generated."""
    planned = installation.planned
    port, reference = planned.release.ports.notebook, planned.site.credentials.get("notebook")
    image = installation.image("client")
    login = password(installation, reference, "notebook", "token" if reference is None else "hash")
    config = template("kubernetes/jupyter.py.j2").render(label=planned.site.label) if reference is not None else None
    env = _notebook_environment(installation)
    if config is None:
        env.append({"name": "JUPYTER_TOKEN", "valueFrom": login.value_from})
    main = container(
        installation,
        "client",
        image,
        {"tcp-notebook": port},
        command=["bash", "-c", _NOTEBOOK, "bash", *([] if config is None else [f"--config={_JUPYTER_PATH}"])],
        workingDir="/data/projects/fate",
        env=env,
        volumeMounts=[] if config is None else [configure.mount(_JUPYTER, _JUPYTER_PATH)],
        resources={"requests": {"cpu": "100m", "memory": "512Mi"}},
        **http_probes("tcp-notebook", startup_seconds=_STARTUP_SECONDS),
    )
    pod = Pod(
        component="client",
        word="client",
        role=_ROLE,
        container=main,
        init=() if config is None else (configure.configure(installation, image, {"NOTEBOOK_HASH": login.value_from}),),
        volumes=() if config is None else configure.volumes("client-config", (_JUPYTER,)),
        configs=() if config is None else (config,),
        claims=(Claim("persistence", {"/data/projects/fate/persistence": "client"}, "1Gi"),),
    )
    page, interfaces = _page(installation, pod, "client", "notebook", port)
    objects = (
        *([] if config is None else [config_map(installation, pod, "client-config", {_JUPYTER: config})]),
        stateful_set(installation, pod, "notebook"),
        service(installation, pod, "notebook", {"tcp-notebook": (port, "tcp-notebook")}),
        *page,
    )
    labels = installation.labels("client", _ROLE)
    return Component(61, "client", objects, secrets(installation, "notebook", labels, login.values), (), interfaces)


def _notebook_environment(installation: Installation) -> list[Manifest]:
    """Where the notebook's tools find the party's FATE-Flow, and its serving-server where it has one."""
    planned = installation.planned
    result = {
        "partyId": str(planned.id),
        "FATE_FLOW_IP": "fateflow",
        "FATE_FLOW_PORT": str(planned.release.ports.fateflow_http),
        "NOTEBOOK_PORT": str(planned.release.ports.notebook),
    }
    if planned.serving is not None and "servingServer" in planned.serving.modules:
        result["FATE_SERVING_HOST"] = str(installation.plan.endpoint(planned, planned, SERVING_SERVER))
    return [{"name": name, "value": value} for name, value in result.items()]


def _page(
    installation: Installation, pod: Pod, word: str, service_name: str, port: int
) -> tuple[list[Manifest], tuple[Interface, ...]]:
    """The Ingress of an interface, and the addresses that people open."""
    planned = installation.planned
    hosts = interface_hosts(planned.site, planned.release, planned.modules).get(word, ())
    return web_page(installation, pod, hosts, planned.site.ingress.hosts.get(word, {}), (service_name, port))
