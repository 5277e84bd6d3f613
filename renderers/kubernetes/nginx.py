"""nginx of the Spark families: passes FATE-Flow's control messages on, in a party and in an exchange for Pulsar.

Facts: reference components.md section 5.1 and section 0, facts 1 to 3; cluster-yaml.md section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from planner.channels import CONTROL, Channel
from planner.doors import Door, doors
from planner.lookup import POLLED, RouteTable
from planner.site_json import HotTable
from renderers.canonical import block
from renderers.kubernetes.component import Component
from renderers.kubernetes.installation import Installation
from renderers.kubernetes.workloads import Pod, config_map, container, deployment, exposed_service, http_probes
from renderers.templating import template

ORDER: Final = 55
CONF: Final = "/data/projects/fate/proxy/nginx/conf"
TABLE: Final = "route_table.yaml"
TABLES: Final = f"{CONF}/modifiable"
"""Where the directory with the route table is mounted. nginx looks for it one level above, through a link."""
RELOADED_AFTER: Final = 5
_CONFIG: Final = "nginx-config"
_OWN: Final = "fateflow-client"
"""The Service of the party's own FATE-Flow that has an address which outlives its pods (fact 2)."""
_NOWHERE: Final = "0.0.0.1"
"""An address that nobody has and that still is one: an exchange has no FATE-Flow (components.md section 7)."""
_START: Final = f'ln -sf {TABLES}/{TABLE} {CONF}/{TABLE}\nexec openresty -g "daemon off;"\n'
_TEST: Final = 9302
"""The port on which the image answers `ok` to /test."""
_CAPABILITIES: Final = ["CHOWN", "SETGID", "SETUID"]
"""What nginx needs to run its workers as nobody, who cannot touch its files."""


def nginx(installation: Installation) -> Component:
    """The Deployment, its settings and table, and the Service that peers dial.

    The table is read again every 5 seconds, but an entry that was removed stays known until a restart (fact 3).
    """
    ports = installation.planned.release.ports
    conf, table = _conf(installation), _table(installation)
    pod = Pod(
        component="nginx",
        word="nginx",
        role="control-proxy",
        container=container(
            installation,
            "nginx",
            installation.image("nginx"),
            {"http": ports.nginx_http, "grpc": ports.nginx_grpc, "test": _TEST},
            command=["sh", "-ec", _START],
            resources={"requests": {"cpu": "100m", "memory": "128Mi"}},
            securityContext={"capabilities": {"drop": ["ALL"], "add": _CAPABILITIES}},
            volumeMounts=[
                {"name": "nginx-conf", "mountPath": f"{CONF}/nginx.conf", "subPath": "nginx.conf", "readOnly": True},
                {"name": "route-table", "mountPath": TABLES, "readOnly": True},
            ],
            **http_probes("test", "/test"),
        ),
        volumes=(
            {"name": "nginx-conf", "configMap": {"name": _CONFIG, "items": [_item("nginx.conf")]}},
            {"name": "route-table", "configMap": {"name": _CONFIG, "items": [_item(TABLE)]}},
        ),
        configs=(conf,),
    )
    found = {"http": _door(installation, Channel.NGINX_HTTP), "grpc": _door(installation, Channel.NGINX_GRPC)}
    return Component(
        ORDER,
        "nginx",
        (
            config_map(installation, pod, _CONFIG, {"nginx.conf": conf, TABLE: table}),
            exposed_service(
                installation,
                pod,
                "nginx",
                {"http": (ports.nginx_http, "http"), "grpc": (ports.nginx_grpc, "grpc")},
                found,
            ),
            deployment(installation, pod),
        ),
        hot_tables=(
            HotTable(
                config_map=_CONFIG,
                namespace=installation.namespace,
                key=TABLE,
                kind="Deployment",
                workload="nginx",
                container="nginx",
                path=f"{TABLES}/{TABLE}",
                seconds=RELOADED_AFTER,
                restart_on_removal=True,
            ),
        ),
    )


def _item(key: str) -> dict[str, str]:
    return {"key": key, "path": key}


def _door(installation: Installation, channel: Channel) -> Door:
    planned = installation.planned
    found = doors(planned.site, planned.release, installation.plan.topology, channel)
    return next(door for door in found if door.component == "nginx")


def _conf(installation: Installation) -> str:
    """nginx.conf. What stands in for entries with a name is the party's own FATE-Flow; in an exchange, nobody.

    An exchange that stood in for itself would call itself for ever.
    """
    planned = installation.planned
    own = _OWN if planned.site.kind == "party" else _NOWHERE
    ports = planned.release.ports
    return template("kubernetes/nginx.conf.j2").render(
        label=planned.site.label, http=f"{own}:{ports.fateflow_http}", grpc=f"{own}:{ports.fateflow_grpc}"
    )


def _table(installation: Installation) -> str:
    """route_table.yaml: the exchange, the party itself, its peers.

    nginx reads it by a small parser of its own: plain blocks only. The party's own entry has a name, which nginx does
    not look up; it dials what stands in for it, which is the same Service (fact 1). No default leads to nginx itself.
    """
    planned, plan = installation.planned, installation.plan
    http, grpc = (plan.table(planned, channel) for channel in CONTROL)
    return "".join(_rows(installation, http, grpc)) or "{}\n"


def _rows(installation: Installation, http: RouteTable, grpc: RouteTable) -> Iterator[str]:
    ports = installation.planned.release.ports
    if http.default and grpc.default:
        pairs = zip(http.default, grpc.default, strict=True)
        items = [_endpoint(entry.host, entry.port, other.port) for entry, other in pairs]
        yield block({"default": {"proxy": items}})
    if installation.planned.site.kind == "party":
        yield _row(installation.planned.id, _OWN, ports.fateflow_http, ports.fateflow_grpc)
    for party, entry in http.entries.items():
        if entry != POLLED:
            yield _row(party, entry.host, entry.port, grpc.entries[party].port)


@lru_cache(maxsize=65536)
def _row(party: int, host: str, http_port: int, grpc_port: int) -> str:
    """One party's FATE-Flow; the same party is written into many tables."""
    return block({party: {"fateflow": [_endpoint(host, http_port, grpc_port)]}})


def _endpoint(host: str, http_port: int, grpc_port: int) -> dict[str, str | int]:
    return {"host": host, "http_port": http_port, "grpc_port": grpc_port}
