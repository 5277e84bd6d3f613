"""FATE-Serving: a party's serving-server and what belongs to it, and the proxy that an exchange of serving is.

Facts: reference components.md section 6; cluster-yaml.md section 3.7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from planner.channels import Channel
from planner.doors import SERVING_PROXY, SERVING_SERVER, fateflow_http
from planner.hosts import serving_hosts
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.model import Serving
from planner.plan import PlannedServing
from planner.site_json import HotTable, Interface
from renderers.kubernetes import configure
from renderers.kubernetes.component import Component
from renderers.kubernetes.credentials import Password, password, secrets
from renderers.kubernetes.doorways import public_service, web_page
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import (
    LITTLE,
    Claim,
    Pod,
    claims_of,
    config_map,
    container,
    deployment,
    exposed_service,
    http_probes,
    probes,
    service,
    stateful_set,
    tcp_probes,
)
from renderers.templating import template

REDIS_ORDER: Final = 70
ZOOKEEPER_ORDER: Final = 71
SERVER_ORDER: Final = 75
PROXY_ORDER: Final = 76
ADMIN_ORDER: Final = 77
HOME: Final = "/data/projects/fate-serving"
TABLE: Final = "route_table.json"
TABLES: Final = f"{HOME}/serving-proxy/conf/route_table"
"""Where the directory with the proxy's route table is mounted; `route.table` leads there."""
RELOADED_AFTER: Final = 10
ADMIN_USER: Final = "admin"
_SINGLE: Final = "com.webank.ai.fate.serving.adaptor.dataaccess.MockAdapter"
_BATCH: Final = "com.webank.ai.fate.serving.adaptor.dataaccess.MockBatchAdapter"
_PROXY: Final = "com.webank.ai.fate.serving.proxy.bootstrap.Bootstrap"
_WAIT: Final = """trap 'exit 143' TERM
until nc -z -w 2 "$HOST" "$PORT"; do
  echo "waiting for $HOST:$PORT"
  sleep 2
done
"""


def serving_redis(installation: Installation) -> Component:
    """Redis, which keeps what serving-server caches. The image keeps its data in /data."""
    port = _planned(installation).release.ports.redis
    login = redis_password(installation)
    conf = template("kubernetes/redis.conf.j2").render(port=port)
    image = installation.image("servingRedis")
    answers = {"exec": {"command": ["sh", "-c", 'test "$(redis-cli ping)" = PONG']}}
    pod = Pod(
        component="serving-redis",
        word="servingRedis",
        role="cache",
        user=999,
        container=container(
            installation,
            "serving-redis",
            image,
            {"redis": port},
            command=["redis-server", "/usr/local/etc/redis/redis.conf"],
            env=[{"name": "REDISCLI_AUTH", "valueFrom": login.value_from}],
            resources={"requests": {"cpu": "50m", "memory": "128Mi"}},
            volumeMounts=[configure.mount("redis.conf", "/usr/local/etc/redis/redis.conf")],
            **probes(answers, startup_seconds=60),
        ),
        init=(configure.configure(installation, image, {"REDIS_PASSWORD": login.value_from}),),
        volumes=configure.volumes("serving-redis-config", ("redis.conf",)),
        configs=(conf,),
        claims=(Claim("data", {"/data": "redis"}),),
    )
    return Component(
        REDIS_ORDER,
        "serving-redis",
        (
            config_map(installation, pod, "serving-redis-config", {"redis.conf": conf}),
            service(installation, pod, "serving-redis", {"tcp-redis": (port, "redis")}),
            *claims_of(installation, pod),
            deployment(installation, pod),
        ),
        secrets=secrets(installation, login.secret, _labels(installation, pod), login.values),
    )


def serving_zookeeper(installation: Installation) -> Component:
    """ZooKeeper, in which proxy, server and administration find each other. An exchange has nobody to find."""
    if not has_zookeeper(installation):
        return Component(ZOOKEEPER_ORDER, "serving-zookeeper", ())
    port = _planned(installation).release.ports.zookeeper
    pod = Pod(
        component="serving-zookeeper",
        word="servingZookeeper",
        role="registry",
        user=1001,
        group=0,  # the image lets root's group write its settings
        container=container(
            installation,
            "zookeeper",
            installation.image("servingZookeeper"),
            {"client": port},
            env=[
                {"name": "ALLOW_ANONYMOUS_LOGIN", "value": "yes"},
                {"name": "ZOO_PORT_NUMBER", "value": str(port)},
                {"name": "ZOO_TICK_TIME", "value": "2000"},
                {"name": "ZOO_HEAP_SIZE", "value": "256"},
                {"name": "ZOO_4LW_COMMANDS_WHITELIST", "value": "srvr,mntr,ruok"},
            ],
            resources={"requests": {"cpu": "100m", "memory": "384Mi"}},
            **tcp_probes("client"),
        ),
        claims=(Claim("data", {"/bitnami/zookeeper": "zookeeper"}),),
    )
    return Component(
        ZOOKEEPER_ORDER,
        "serving-zookeeper",
        (
            service(installation, pod, "serving-zookeeper", {"tcp-client": (port, "client")}),
            stateful_set(installation, pod, "serving-zookeeper"),
        ),
    )


def serving_server(installation: Installation) -> Component:
    """serving-server: the party's own FATE-Flow loads models into it, and it fetches them from FATE-Flow."""
    planned = _planned(installation)
    settings, port = planned.settings, planned.release.ports.server
    redis = _redis(installation) if _cache(installation) == "redis" else None
    properties = _server_properties(installation, redis)
    login = redis_password(installation)
    image = installation.image("servingServer")
    home = f"{HOME}/serving-server"
    environment: dict[str, Manifest | str] = {} if redis is None else {"REDIS_PASSWORD": login.value_from}
    pod = Pod(
        component="serving-server",
        word="servingServer",
        role="model-server",
        container=container(
            installation,
            "serving-server",
            image,
            {"grpc": port},
            resources={"requests": {"cpu": "250m", "memory": "1Gi"}},
            volumeMounts=[configure.mount("serving-server.properties", f"{home}/conf/serving-server.properties")],
            **tcp_probes("grpc"),
        ),
        init=(*_waits(installation, image), configure.configure(installation, image, environment)),
        volumes=configure.volumes("serving-server-config", ("serving-server.properties",)),
        configs=(properties,),
        claims=(Claim("data", {"/root/.fate": "cache", f"{home}/.fate": "model_cache"}, "5Gi"),),
    )
    is_external = redis is not None and settings.redis is not None
    ports = {"tcp-serving": (port, "grpc")}
    replicas = int(installation.settings("servingServer").get("replicas", 1))
    return Component(
        SERVER_ORDER,
        "serving-server",
        (
            config_map(installation, pod, "serving-server-config", {"serving-server.properties": properties}),
            exposed_service(installation, pod, "serving-server", ports, {"tcp-serving": SERVING_SERVER}),
            *claims_of(installation, pod),
            deployment(installation, pod, replicas),
        ),
        secrets=secrets(installation, login.secret, _labels(installation, pod), login.values) if is_external else (),
    )


def serving_proxy(installation: Installation) -> Component:
    """serving-proxy: other parties dial it, and an exchange is nothing else. It reads its table every 10 seconds."""
    planned = _planned(installation)
    ports = planned.release.ports
    registered = has_zookeeper(installation)
    properties = template("kubernetes/serving-proxy.properties.j2").render(
        party=installation.planned.id,
        http=ports.proxy_http,
        inter=ports.proxy_inter,
        intra=ports.proxy_intra,
        table=f"{TABLES}/{TABLE}",
        registered=_word(registered),
        zookeeper=_zookeeper(installation),
    )
    image = installation.image("servingProxy")
    conf = f"{HOME}/serving-proxy/conf"
    own: Manifest = {"name": "settings", "mountPath": f"{conf}/application.properties"}
    pod = Pod(
        component="serving-proxy",
        word="servingProxy",
        role="serving-router",
        container=container(
            installation,
            "serving-proxy",
            image,
            {"http": ports.proxy_http, "inter": ports.proxy_inter, "intra": ports.proxy_intra},
            command=[
                "java",
                "-Dspring.config.location=conf/application.properties",
                "-cp",
                "conf/:lib/*:fate-serving-proxy.jar",
                _PROXY,
                "-c",
                "conf/application.properties",
            ],
            workingDir=f"{HOME}/serving-proxy",
            resources={"requests": {"cpu": "250m", "memory": "768Mi"}},
            volumeMounts=[
                {**own, "subPath": "application.properties", "readOnly": True},
                {"name": "route-table", "mountPath": TABLES, "readOnly": True},
            ],
            **_proxy_probes(),
        ),
        init=_waits(installation, image),
        volumes=(
            {"name": "settings", "configMap": {"name": "serving-proxy-config", "items": [_item(_PROPERTIES)]}},
            {"name": "route-table", "configMap": {"name": "serving-proxy-config", "items": [_item(TABLE)]}},
        ),
        configs=(properties,),
    )
    doors = {
        "http": (ports.proxy_http, "http"),
        "inter": (ports.proxy_inter, "inter"),
        "intra": (ports.proxy_intra, "intra"),
    }
    page, interfaces = _page(installation, pod, "servingProxy", ports.proxy_http)
    replicas = int(installation.settings("servingProxy").get("replicas", 1))
    texts = {_PROPERTIES: properties, TABLE: _route_table(installation)}
    return Component(
        PROXY_ORDER,
        "serving-proxy",
        (
            config_map(installation, pod, "serving-proxy-config", texts),
            service(installation, pod, "serving-proxy", doors),
            *public_service(installation, pod, "serving-proxy-public", doors, {"inter": SERVING_PROXY}),
            deployment(installation, pod, replicas),
            *page,
        ),
        hot_tables=(
            HotTable(
                config_map="serving-proxy-config",
                namespace=installation.namespace,
                key=TABLE,
                kind="Deployment",
                workload="serving-proxy",
                container="serving-proxy",
                path=f"{TABLES}/{TABLE}",
                seconds=RELOADED_AFTER,
            ),
        ),
        interfaces=interfaces,
    )


def serving_admin(installation: Installation) -> Component:
    """serving-admin: the console, in which people see the services that ZooKeeper lists."""
    planned = _planned(installation)
    port = planned.release.ports.admin
    login = password(installation, planned.settings.credentials.get("admin"), "serving-admin", "password")
    properties = template("kubernetes/serving-admin.properties.j2").render(
        port=port, zookeeper=f"serving-zookeeper:{planned.release.ports.zookeeper}"
    )
    image = installation.image("servingAdmin")
    environment: dict[str, Manifest | str] = {"ADMIN_USER": ADMIN_USER, "ADMIN_PASSWORD": login.value_from}
    pod = Pod(
        component="serving-admin",
        word="servingAdmin",
        role="user-interface",
        container=container(
            installation,
            "serving-admin",
            image,
            {"http": port},
            resources={"requests": {"cpu": "100m", "memory": "512Mi"}},
            volumeMounts=[configure.mount(_PROPERTIES, f"{HOME}/serving-admin/conf/{_PROPERTIES}")],
            **http_probes("http"),
        ),
        init=(*_waits(installation, image), configure.configure(installation, image, environment)),
        volumes=configure.volumes("serving-admin-config", (_PROPERTIES,)),
        configs=(properties,),
    )
    page, interfaces = _page(installation, pod, "servingAdmin", port)
    own = {"user": ADMIN_USER, **login.values} if login.values else {}
    return Component(
        ADMIN_ORDER,
        "serving-admin",
        (
            config_map(installation, pod, "serving-admin-config", {_PROPERTIES: properties}),
            service(installation, pod, "serving-admin", {"serving-admin-http": (port, "http")}),
            deployment(installation, pod),
            *page,
        ),
        secrets=secrets(installation, login.secret, _labels(installation, pod), own),
        interfaces=interfaces,
    )


_PROPERTIES: Final = "application.properties"


def redis_password(installation: Installation) -> Password:
    """Where pods find Redis's password: that of the external one, the one given for ours, or a generated one."""
    settings = _planned(installation).settings
    reference = settings.credentials.get("redis") if settings.redis is None else settings.redis.password
    return password(installation, reference, "serving-redis", "password")


def has_zookeeper(installation: Installation) -> bool:
    """Whether the components of a serving cluster find each other through ZooKeeper.

    A proxy alone, which an exchange is, works from its table: `useZkRouter=false` (components.md section 6).
    """
    return installation.planned.site.kind == "party" and "servingZookeeper" in _planned(installation).modules


def _planned(installation: Installation) -> PlannedServing:
    serving = installation.planned.serving
    if serving is None:
        msg = f"{installation.planned.key} has no FATE-Serving"
        raise ValueError(msg)
    return serving


def _zookeeper(installation: Installation) -> str:
    port = _planned(installation).release.ports.zookeeper
    return f"serving-zookeeper:{port}" if has_zookeeper(installation) else ""


def _redis(installation: Installation) -> Endpoint | None:
    """Where serving-server finds Redis; None where it has none."""
    planned = _planned(installation)
    if planned.settings.redis is not None:
        return Endpoint(planned.settings.redis.host, planned.settings.redis.port)
    if "servingRedis" in planned.modules:
        return Endpoint("serving-redis", planned.release.ports.redis)
    return None


def _cache(installation: Installation) -> str:
    """What serving-server caches in: as federation.yaml says, else Redis where there is one."""
    asked = _planned(installation).settings.cache
    return asked or ("local" if _redis(installation) is None else "redis")


def _server_properties(installation: Installation, redis: Endpoint | None) -> str:
    """serving-server.properties. Results of inferences are cached only where federation.yaml asks for it."""
    planned = _planned(installation)
    settings, ports = planned.settings, planned.release.ports
    has_proxy = "servingProxy" in planned.modules
    return template("kubernetes/serving-server.properties.j2").render(
        party=installation.planned.id,
        port=ports.server,
        proxy=f"serving-proxy:{ports.proxy_intra}" if has_proxy else "",
        transfer=_transfer(installation),
        registered=_word(has_zookeeper(installation)),
        zookeeper=_zookeeper(installation),
        cache=_cache(installation),
        results=_word(settings.cache is not None),
        redis=redis,
        **_adapters(settings),
    )


def _adapters(settings: Serving) -> Mapping[str, str]:
    given = settings.adapters
    return {
        "single": given.get("single", _SINGLE),
        "batch": given.get("batch", _BATCH),
        "url": given.get("url", ""),
    }


def _transfer(installation: Installation) -> str:
    """Where the party's own FATE-Flow is dialled, as the plan tells; empty for a site without it."""
    planned = installation.planned
    if Channel.TRANSFER not in planned.listeners:
        return ""
    return str(installation.plan.endpoint(planned, planned, fateflow_http(planned.release)))


def _route_table(installation: Installation) -> str:
    """route_table.json: peers by their ids, `default` for an exchange, and the party's own serving-server.

    Without an exchange there is no default: an unknown party is refused.
    """
    planned, plan = installation.planned, installation.plan
    table = plan.table(planned, Channel.SERVING) if Channel.SERVING in planned.channels else RouteTable(None, {})
    rows: dict[str, Any] = {}
    if table.default:
        rows["default"] = {"default": [_address(entry) for entry in table.default]}
    for party, entry in table.entries.items():
        if entry != POLLED:
            rows[str(party)] = {"default": [_address(entry)]}
    if planned.site.kind == "party" and "servingServer" in _planned(installation).modules:
        own = Endpoint("serving-server", _planned(installation).release.ports.server)
        rows[str(planned.id)] = {"serving": [_address(own)]}
    return f"{json.dumps({'route_table': rows, 'permission': {'default_allow': True}}, indent=2)}\n"


def _address(endpoint: Endpoint) -> dict[str, str | int]:
    return {"ip": endpoint.host, "port": endpoint.port}


def _waits(installation: Installation, image: str) -> tuple[Manifest, ...]:
    """The init container that waits for ZooKeeper, where there is one; the images have BusyBox (section 1.1)."""
    if not has_zookeeper(installation):
        return ()
    port = _planned(installation).release.ports.zookeeper
    made = container(
        installation,
        "wait-for-zookeeper",
        image,
        {},
        command=["sh", "-c", _WAIT],
        env=[{"name": "HOST", "value": "serving-zookeeper"}, {"name": "PORT", "value": str(port)}],
        resources=LITTLE,
    )
    return (made,)


def _proxy_probes() -> Manifest:
    """Ready while it answers peers, alive while it answers clients: both of its servers are asked."""
    made = tcp_probes("inter")
    alive = {key: value for key, value in made["livenessProbe"].items() if key != "tcpSocket"}
    return {**made, "livenessProbe": {"tcpSocket": {"port": "http"}, **alive}}


def _page(installation: Installation, pod: Pod, module: str, port: int) -> tuple[list[Manifest], tuple[Interface, ...]]:
    planned = _planned(installation)
    hosts = serving_hosts(installation.planned.site, planned.release, planned.modules).get(module, ())
    given = planned.settings.ingress.hosts.get(module, {})
    return web_page(installation, pod, hosts, given, (pod.component, port))


def _item(key: str) -> dict[str, str]:
    return {"key": key, "path": key}


def _labels(installation: Installation, pod: Pod) -> dict[str, str]:
    return installation.labels(pod.component, pod.role, pod.module)


def _word(truth: bool) -> str:  # noqa: FBT001 - it is the value that is written
    return "true" if truth else "false"
