"""The brokers of the Spark families: RabbitMQ and Pulsar carry the data of training from party to party.

Facts: reference components.md sections 5.3 and 5.4, and section 0, fact 10; cluster-yaml.md section 2.3.
"""

from __future__ import annotations

from typing import Any, Final

from planner.channels import Channel
from planner.doors import PULSAR_TLS, Door, doors, speaks_tls
from planner.hosts import interface_hosts
from renderers.kubernetes.component import Component
from renderers.kubernetes.credentials import Password, password, secrets
from renderers.kubernetes.doorways import public_service, web_page
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import (
    Claim,
    Pod,
    config_map,
    container,
    exposed_service,
    probes,
    service,
    stateful_set,
)
from renderers.templating import template

RABBITMQ_ORDER: Final = 45
PULSAR_ORDER: Final = 46
RABBITMQ_USER: Final = "fate"
"""RabbitMQ's first user, an administrator: FATE-Flow makes virtual hosts, users and upstreams with it."""
MANAGEMENT: Final = 15672
_PLUGINS: Final = "[rabbitmq_federation_management,rabbitmq_federation].\n"
_ERLANG: Final = "-rabbit max_message_size 536870912 -rabbit consumer_timeout undefined"
"""Messages of 512 MiB, and consumers that may take their time; 3.8.3 knows no such limit and ignores the word.

As arguments and not in a rabbitmq.conf: that file belongs to the image, which writes user and password into it.
"""
_HOME: Final = "/var/lib/rabbitmq"
_RENEW: Final = f"""command -v rabbitmqctl >/dev/null || exit 0
tries=0
until [ -s {_HOME}/.erlang.cookie ] && rabbitmqctl -q -t 30 await_startup; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then exit 0; fi
  sleep 5
done
rabbitmqctl -q eval 'rabbit_auth_backend_internal:change_password(
  unicode:characters_to_binary(os:getenv("RABBITMQ_DEFAULT_USER")),
  unicode:characters_to_binary(os:getenv("RABBITMQ_DEFAULT_PASS")), <<"fedplan">>).' || exit 0
"""
"""Gives RabbitMQ's user the password that the Secret holds today.

The image sets it in an empty database only, so one that was changed later would never arrive. The broker itself reads
its environment; the password is in no command line.
"""

_CERTS: Final = "/opt/pulsar/certs"
_ADMIN: Final = 8080
_ADMIN_TLS: Final = 8081
_OVERRIDES: Final = "/etc/fedplan/overrides"
_MERGED: Final = "/etc/fedplan/pulsar"
_START: Final = f"""set -eu
keys=
while IFS='=' read -r key value; do
  case $key in
    '' | '#'*) ;;
    *) keys="$keys $key" ;;
  esac
done <{_OVERRIDES}/standalone.conf
while IFS= read -r line || [ -n "$line" ]; do
  case "$keys " in
    *" ${{line%%=*}} "*) ;;
    *) printf '%s\\n' "$line" ;;
  esac
done </pulsar/conf/standalone.conf >"$PULSAR_STANDALONE_CONF"
cat {_OVERRIDES}/standalone.conf >>"$PULSAR_STANDALONE_CONF"
exec bin/pulsar standalone -nss
"""
"""The image's own settings without the keys that are ours, then ours: a key twice would be a list to BookKeeper."""


def rabbitmq_password(installation: Installation) -> Password:
    """Where pods find the password of RabbitMQ's user `fate`."""
    return password(installation, installation.planned.site.credentials.get("rabbitmq"), "rabbitmq", "password")


def rabbitmq(installation: Installation) -> Component:
    """RabbitMQ as a StatefulSet: its data is kept under its host's name.

    Only the database is on the volume. `.erlang.cookie` must be readable by its owner alone, and Kubernetes gives the
    files of a volume to their group (`fsGroup`); one node needs no cookie that lasts.
    """
    planned = installation.planned
    login = rabbitmq_password(installation)
    pod = Pod(
        component="rabbitmq",
        word="rabbitmq",
        role="message-broker",
        user=999,
        container=container(
            installation,
            "rabbitmq",
            installation.image("rabbitmq"),
            {"amqp": planned.release.ports.rabbitmq, "management": MANAGEMENT},
            env=[
                {"name": "RABBITMQ_DEFAULT_USER", "value": RABBITMQ_USER},
                {"name": "RABBITMQ_DEFAULT_PASS", "valueFrom": login.value_from},
                {"name": "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "value": _ERLANG},
            ],
            lifecycle={"postStart": {"exec": {"command": ["sh", "-c", _RENEW]}}},
            resources={"requests": {"cpu": "250m", "memory": "512Mi"}},
            volumeMounts=[
                {
                    "name": "plugins",
                    "mountPath": "/etc/rabbitmq/enabled_plugins",
                    "subPath": "enabled_plugins",
                    "readOnly": True,
                },
                {"name": "home", "mountPath": _HOME},
            ],
            **_rabbitmq_probes(),
        ),
        volumes=({"name": "plugins", "configMap": {"name": "rabbitmq-config"}}, {"name": "home", "emptyDir": {}}),
        configs=(_PLUGINS,),
        claims=(Claim("rabbitmq-data", {f"{_HOME}/mnesia": "mnesia"}, "5Gi"),),
        grace_seconds=120,
    )
    ports = {"tcp-rabbitmq": (planned.release.ports.rabbitmq, "amqp"), "tcp-rabbitmq1": (MANAGEMENT, "management")}
    door = doors(planned.site, planned.release, installation.plan.topology, Channel.RABBITMQ)[0]
    page, interfaces = _page(installation, pod, "rabbitmq", MANAGEMENT)
    own = {"user": RABBITMQ_USER, **login.values} if login.values else {}
    return Component(
        RABBITMQ_ORDER,
        "rabbitmq",
        (
            config_map(installation, pod, "rabbitmq-config", {"enabled_plugins": _PLUGINS}),
            service(installation, pod, "rabbitmq", ports),
            *public_service(installation, pod, "rabbitmq-public", ports, {"tcp-rabbitmq": door}),
            stateful_set(installation, pod, "rabbitmq"),
            *page,
        ),
        secrets=secrets(installation, "rabbitmq", _labels(installation, pod), own),
        interfaces=interfaces,
    )


def _rabbitmq_probes() -> Manifest:
    """The broker listens, and its virtual machine answers; each question costs seconds of a processor."""
    listens: dict[str, Any] = {"exec": {"command": ["rabbitmq-diagnostics", "-q", "check_port_connectivity"]}}
    made = probes(listens, startup_seconds=300, timeout=15)
    made["startupProbe"] |= {"periodSeconds": 10, "failureThreshold": 30}
    made["readinessProbe"]["periodSeconds"] = 30
    made["livenessProbe"] |= {"exec": {"command": ["rabbitmq-diagnostics", "-q", "ping"]}, "periodSeconds": 60}
    return made


def pulsar(installation: Installation) -> Component:
    """Pulsar, standalone. Behind an exchange it speaks TLS as well, with the certificate of the Secret `pulsar-cert`.

    Its administration has no login, so it is never opened to the outside, and has a host only where one is given.
    """
    planned, plan = installation.planned, installation.plan
    tls = speaks_tls(planned.site, plan.topology)
    numbers = planned.release.ports
    conf = template("kubernetes/pulsar-standalone.conf.j2").render(
        party=installation.planned.id, tls=tls, tls_port=numbers.pulsar_tls, certs=_CERTS
    )
    containers = {"pulsar": numbers.pulsar, "admin": _ADMIN}
    ports = {"http-port": (numbers.pulsar, "pulsar"), "mng-port": (_ADMIN, "admin")}
    mounts: list[Manifest] = [
        {"name": "overrides", "mountPath": _OVERRIDES, "readOnly": True},
        {"name": "merged", "mountPath": _MERGED},
    ]
    volumes: list[Manifest] = [
        {"name": "overrides", "configMap": {"name": "pulsar-config"}},
        {"name": "merged", "emptyDir": {}},
    ]
    if tls:
        containers |= {"pulsar-tls": numbers.pulsar_tls, "admin-tls": _ADMIN_TLS}
        ports |= {"https-port": (numbers.pulsar_tls, "pulsar-tls"), "mngs-port": (_ADMIN_TLS, "admin-tls")}
        mounts.append({"name": "pulsar-cert", "mountPath": _CERTS, "readOnly": True})
        volumes.append({"name": "pulsar-cert", "secret": {"secretName": "pulsar-cert"}})
    pod = Pod(
        component="pulsar",
        word="pulsar",
        role="message-broker",
        volume_group=0,  # the image's user is root, or one of root's group (components.yaml, pulsar)
        container=container(
            installation,
            "pulsar",
            installation.image("pulsar"),
            containers,
            command=["bash", "-c", _START],
            env=[{"name": "PULSAR_STANDALONE_CONF", "value": f"{_MERGED}/standalone.conf"}],
            resources={"requests": {"cpu": "500m", "memory": "2Gi"}},
            volumeMounts=mounts,
            **_pulsar_probes(),
        ),
        volumes=tuple(volumes),
        configs=(conf,),
        claims=(Claim("pulsar-data", {"/pulsar/data": "pulsar"}, "10Gi"),),
        grace_seconds=60,
    )
    page, interfaces = _page(installation, pod, "pulsar", _ADMIN)
    return Component(
        PULSAR_ORDER,
        "pulsar",
        (
            config_map(installation, pod, "pulsar-config", {"standalone.conf": conf}),
            service(installation, pod, "pulsar", ports),
            *_pulsar_doors(installation, pod, ports),
            stateful_set(installation, pod, "pulsar"),
            *page,
        ),
        interfaces=interfaces,
    )


def _pulsar_doors(installation: Installation, pod: Pod, ports: dict[str, tuple[int, str]]) -> list[Manifest]:
    """The Services that peers and the exchange dial; the TLS port has one of its own where it has an address."""
    planned = installation.planned
    found: dict[str, Door] = {}
    for door in doors(planned.site, planned.release, installation.plan.topology, Channel.PULSAR):
        found["https-port" if door == PULSAR_TLS else "http-port"] = door
    made = public_service(installation, pod, "pulsar-public", ports, found)
    exposure = planned.site.exposure
    if made and "https-port" in found and exposure.type == "LoadBalancer" and PULSAR_TLS.name in exposure.addresses:
        alone = {"https-port": ports["https-port"]}
        made.append(exposed_service(installation, pod, "pulsar-public-tls", alone, {"https-port": PULSAR_TLS}))
    return made


def _pulsar_probes() -> Manifest:
    """Ready while a message gets through the broker; alive while it accepts connections."""
    made = probes({"httpGet": {"port": "admin", "path": "/admin/v2/brokers/health"}}, startup_seconds=300, timeout=10)
    alive = {key: value for key, value in made["livenessProbe"].items() if key != "httpGet"}
    made["livenessProbe"] = {"tcpSocket": {"port": "pulsar"}, **alive}
    return made


def _page(installation: Installation, pod: Pod, word: str, port: int) -> tuple[list[Manifest], Any]:
    """The Ingress of a broker's administration. Pulsar's has no login: only where federation.yaml names its host."""
    planned = installation.planned
    given = planned.site.ingress.hosts.get(word, {})
    hosts = interface_hosts(planned.site, planned.release, planned.modules).get(word, ())
    if word == "pulsar" and not given:
        hosts = ()
    return web_page(installation, pod, hosts, given, (word, port))


def _labels(installation: Installation, pod: Pod) -> dict[str, str]:
    return installation.labels(pod.component, pod.role, pod.module)
