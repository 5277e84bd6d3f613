"""Target kubernetes: FATE-Serving of a party, and an exchange of serving."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from planner.kubernetes_target import CONFIG_MARK
from planner.pipeline import check
from planner.plan import Plan
from planner.secret_references import GENERATE
from renderers.kubernetes.component import Component
from renderers.kubernetes.installation import Installation, serving
from renderers.kubernetes.serving import (
    serving_admin,
    serving_proxy,
    serving_redis,
    serving_server,
    serving_zookeeper,
)

FEDERATION = """\
version: 1
name: demo
release: v1.11.2
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: {shop}}}
  - {{name: hub, address: 192.168.1.1}}
{top}
parties:
  - {{id: 9999, cluster: bank, serving: {{{serving}}}{party}}}
  - {{id: 10000, cluster: shop, serving: {{}}}}
defaults:
  target: kubernetes
"""
HUB = """exchanges:
  - {name: hub, cluster: hub, kind: rollsite}
  - {name: serve, cluster: hub, kind: servingProxy, namespace: fate-serve}
"""
WRITERS: tuple[Callable[[Installation], Component], ...] = (
    serving_redis,
    serving_zookeeper,
    serving_server,
    serving_proxy,
    serving_admin,
)


@functools.cache
def planned(text: str) -> Plan:
    """The plan of a federation without any mistake."""
    checked = check(text.encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked.plan


def half(key: str = "party-9999", **settings: str) -> Installation:
    """The serving half of a site of a small federation; `settings` are parts of its text."""
    parts = {"topology": "mesh", "top": "", "serving": "", "party": "", "shop": "192.168.10.1", **settings}
    plan = planned(FEDERATION.format(**parts))
    return serving(plan, plan.by_key[key])


def star(key: str = "party-9999") -> Installation:
    """A site of a federation whose serving goes through an exchange."""
    return half(key, topology="star", top=HUB)


def one(component: Component, kind: str, name: str = "") -> dict[str, Any]:
    """The object of a kind, and of a name where there are several."""
    found = [each for each in component.objects if each["kind"] == kind and name in {"", each["metadata"]["name"]}]
    assert len(found) == 1, found
    return found[0]


def names(component: Component, kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in component.objects if each["kind"] == kind]


def pod(component: Component) -> dict[str, Any]:
    made = next(each for each in component.objects if each["kind"] in {"Deployment", "StatefulSet"})
    template: dict[str, Any] = made["spec"]["template"]
    return template


def main(component: Component) -> dict[str, Any]:
    container: dict[str, Any] = pod(component)["spec"]["containers"][0]
    return container


def checksum(component: Component) -> str:
    text: str = pod(component)["metadata"]["annotations"][CONFIG_MARK]
    return text


def properties(component: Component, key: str) -> dict[str, str]:
    """A file of properties as its reader sees it."""
    lines = one(component, "ConfigMap")["data"][key].splitlines()
    return dict(line.split("=", 1) for line in lines)


def server(**settings: str) -> dict[str, str]:
    return properties(serving_server(half(**settings)), "serving-server.properties")


def table(installation: Installation) -> dict[str, Any]:
    text = one(serving_proxy(installation), "ConfigMap")["data"]["route_table.json"]
    loaded: dict[str, Any] = json.loads(text)
    return loaded


# --- all of them ----------------------------------------------------------------------------------------------------


def test_every_component_is_in_the_namespace_of_serving() -> None:
    """They have a namespace of their own, with its service account; every Service finds its pods and their ports."""
    for write in WRITERS:
        component = write(half())
        assert {each["metadata"]["namespace"] for each in component.objects} == {half().namespace}
        assert pod(component)["spec"]["serviceAccountName"] == half().name
        ports = {port["name"] for port in main(component)["ports"]}
        for each in component.objects:
            assert each["metadata"]["labels"]["fedplan/part"] == "serving"
            if each["kind"] == "Service":
                assert {port["targetPort"] for port in each["spec"]["ports"]} <= ports


def test_images_are_those_of_fate_serving() -> None:
    """A party's `imageTag` is FATE's; its registry holds for all images, and a component may have its own."""
    assert main(serving_server(half(party=", imageTag: mine")))["image"] == "federatedai/serving-server:2.1.6-release"
    assert main(serving_redis(half(party=", registry: r.example.com")))["image"] == "r.example.com/redis:5"
    given = half(serving="components: {servingZookeeper: {image: mine/zookeeper, imageTag: '3.8'}}")
    assert main(serving_zookeeper(given))["image"] == "mine/zookeeper:3.8"


def test_no_text_holds_a_password() -> None:
    """Files have places, which an init container fills from the Secret; the Secret is apply's to fill."""
    for write, name in ((serving_redis, "serving-redis"), (serving_admin, "serving-admin")):
        component = write(half())
        (secret,) = component.secrets
        assert (secret.name, secret.namespace, secret.values["password"]) == (name, half().namespace, GENERATE)
        (filled,) = (each for each in pod(component)["spec"]["initContainers"] if each["name"] == "configure")
        sources = [each["valueFrom"] for each in filled["env"] if "valueFrom" in each]
        assert sources == [{"secretKeyRef": {"name": name, "key": "password"}}]
        assert main(component).get("command", [])[1:] in ([], ["/usr/local/etc/redis/redis.conf"])


def test_given_passwords_are_referred_to() -> None:
    """A Secret of the namespace of serving is read where it is; one of another namespace is copied by apply."""
    ours = half(serving=f'credentials: {{redis: "secret:{half().namespace}/cache#pass", admin: "env:ADMIN"}}')
    assert serving_redis(ours).secrets == ()
    env = {each["name"]: each.get("valueFrom") for each in main(serving_redis(ours))["env"]}
    assert env["REDISCLI_AUTH"] == {"secretKeyRef": {"name": "cache", "key": "pass"}}
    (admin,) = serving_admin(ours).secrets
    assert admin.values == {"user": "admin", "password": "${secret:env:ADMIN}"}
    theirs = half(serving='credentials: {redis: "secret:elsewhere/cache#pass"}')
    assert serving_redis(theirs).secrets[0].values == {"password": "${secret:secret:elsewhere/cache#pass}"}


# --- serving-server -------------------------------------------------------------------------------------------------


def test_the_server_fetches_models_from_its_own_fateflow() -> None:
    """By the endpoint that the plan has for it; its proxy, its registry and its cache are beside it."""
    plan = half().planned
    data = server()
    port = plan.ports["fateflowHttp"]
    assert data["model.transfer.url"] == f"http://192.168.9.1:{port}/v1/model/transfer"
    assert (data["party.id"], data["proxy"]) == ("9999", "serving-proxy:8879")
    assert (data["zk.url"], data["useRegister"], data["useZkRouter"]) == ("serving-zookeeper:2181", "true", "true")
    assert (data["cache.type"], data["redis.ip"], data["redis.port"]) == ("redis", "serving-redis", "6379")
    assert (data["redis.password"], data["remoteModelInferenceResultCacheSwitch"]) == ("@@REDIS_PASSWORD@@", "false")


def test_settings_of_the_server_arrive() -> None:
    """Adapters and the cache of results are as federation.yaml says."""
    given = 'cache: local, adapters: {single: a.B, batch: a.C, url: "http://f.example.com/x"}'
    data = server(serving=given)
    assert (data["feature.single.adaptor"], data["feature.batch.adaptor"]) == ("a.B", "a.C")
    assert data["http.adapter.url"] == "http://f.example.com/x"
    assert (data["cache.type"], data["remoteModelInferenceResultCacheSwitch"]) == ("local", "true")
    assert "redis.password" not in data


def test_an_external_redis_is_dialled_with_its_own_password() -> None:
    """The Secret is the server's then, as nothing else has it."""
    given = half(serving='redis: {host: 10.1.1.1, port: 6380, password: "env:CACHE"}')
    component = serving_server(given)
    data = properties(component, "serving-server.properties")
    assert (data["redis.ip"], data["redis.port"]) == ("10.1.1.1", "6380")
    assert [(secret.name, secret.values) for secret in component.secrets] == [
        ("serving-redis", {"password": "${secret:env:CACHE}"})
    ]


def test_without_zookeeper_nothing_looks_for_it() -> None:
    """Where the modules leave it out, the router works from its table, and nobody waits."""
    whole = half()
    assert whole.planned.serving is not None
    lean = replace(whole.planned.serving, modules=("servingProxy", "servingServer"))
    given = replace(whole, planned=replace(whole.planned, serving=lean))
    for component, key in (
        (serving_server(given), "serving-server.properties"),
        (serving_proxy(given), "application.properties"),
    ):
        data = properties(component, key)
        assert (data["useRegister"], data["useZkRouter"], "zk.url" in data) == ("false", "false", False)
        waits = [each["name"] for each in pod(component)["spec"].get("initContainers", ())]
        assert "wait-for-zookeeper" not in waits
    wait = pod(serving_server(whole))["spec"]["initContainers"][0]
    assert "trap 'exit 143' TERM" in wait["command"][2]  # else its pod takes its whole grace period to go
    assert properties(serving_server(given), "serving-server.properties")["cache.type"] == "local"


def test_the_servers_volume_keeps_models_and_register() -> None:
    """Both are folders of one claim; Redis and ZooKeeper have claims of their own (section 6)."""
    given = half(serving="persistence: true")
    component = serving_server(given)
    assert names(component, "PersistentVolumeClaim") == ["serving-server-data"]
    folders = {mount["mountPath"]: mount["subPath"] for mount in main(component)["volumeMounts"]}
    assert folders["/root/.fate"] == "cache"
    assert folders["/data/projects/fate-serving/serving-server/.fate"] == "model_cache"
    assert names(serving_redis(given), "PersistentVolumeClaim") == ["serving-redis-data"]
    (mount,) = (each for each in main(serving_redis(given))["volumeMounts"] if each["name"] == "data")
    assert mount["mountPath"] == "/data"
    (claim,) = one(serving_zookeeper(given), "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"


def test_the_server_is_dialled_at_its_planned_port() -> None:
    """Its own FATE-Flow loads models into it."""
    (port,) = one(serving_server(half()), "Service")["spec"]["ports"]
    assert (port["port"], port["nodePort"]) == (8000, half().planned.ports["servingServer"])


# --- serving-proxy --------------------------------------------------------------------------------------------------


def test_the_proxys_table_has_peers_and_its_own_server() -> None:
    """Ports are numbers; without an exchange there is no default."""
    peer = half("party-10000").planned.ports["servingProxy"]
    assert table(half()) == {
        "route_table": {
            "10000": {"default": [{"ip": "192.168.10.1", "port": peer}]},
            "9999": {"serving": [{"ip": "serving-server", "port": 8000}]},
        },
        "permission": {"default_allow": True},
    }


def test_the_proxy_has_the_exchange_as_its_default() -> None:
    """And nothing about the parties behind it."""
    port = star("exchange-serve").planned.ports["servingProxy"]
    rows = table(star())["route_table"]
    assert rows["default"] == {"default": [{"ip": "192.168.1.1", "port": port}]}
    assert set(rows) == {"default", "9999"}


def test_the_proxys_table_is_hot() -> None:
    """A directory that `route.table` leads to, and no checksum."""
    before, after = serving_proxy(half()), serving_proxy(half(shop="192.168.10.7"))
    (hot,) = before.hot_tables
    (mount,) = (each for each in main(before)["volumeMounts"] if each["mountPath"] == hot.path.rpartition("/")[0])
    assert "subPath" not in mount
    assert properties(before, "application.properties")["route.table"] == hot.path
    assert (hot.seconds, hot.restart_on_removal, hot.namespace) == (10, False, half().namespace)
    assert table(half()) != table(half(shop="192.168.10.7"))
    assert checksum(before) == checksum(after)


def test_only_the_peers_port_of_the_proxy_is_open() -> None:
    """Clients come through the Ingress, its own server inside the cluster."""
    component = serving_proxy(half())
    own = one(component, "Service", "serving-proxy")["spec"]
    public = one(component, "Service", "serving-proxy-public")["spec"]
    assert (own["type"], [port["port"] for port in own["ports"]]) == ("ClusterIP", [8059, 8869, 8879])
    number = half().planned.ports["servingProxy"]
    assert [(port["port"], port["nodePort"]) for port in public["ports"]] == [(8869, number)]
    (page,) = component.interfaces
    assert page.host == "party9999.serving-proxy.example.com"


def test_an_exchange_of_serving_is_a_proxy_alone() -> None:
    """It knows the parties, and does without ZooKeeper (section 6)."""
    exchange = star("exchange-serve")
    rows: Mapping[str, Any] = table(exchange)["route_table"]
    ports = {key: exchange.plan.by_key[key].ports["servingProxy"] for key in ("party-9999", "party-10000")}
    assert rows == {
        "9999": {"default": [{"ip": "192.168.9.1", "port": ports["party-9999"]}]},
        "10000": {"default": [{"ip": "192.168.10.1", "port": ports["party-10000"]}]},
    }
    data = properties(serving_proxy(exchange), "application.properties")
    assert (data["useZkRouter"], "zk.url" in data) == ("false", False)
    assert serving_zookeeper(exchange).objects == ()


@pytest.mark.parametrize("word", ["servingServer", "servingProxy"])
def test_server_and_proxy_scale(word: str) -> None:
    """Both take `replicas`."""
    given = half(serving=f"components: {{{word}: {{replicas: 2}}}}")
    component = serving_server(given) if word == "servingServer" else serving_proxy(given)
    assert one(component, "Deployment")["spec"]["replicas"] == 2


# --- Redis, ZooKeeper, administration -------------------------------------------------------------------------------


def test_redis_and_zookeeper_run_as_the_users_of_their_images() -> None:
    """999 and 1001 (section 12); ZooKeeper's image lets root's group write its settings."""
    security = pod(serving_redis(half()))["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (999, 999, 999)
    security = pod(serving_zookeeper(half()))["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (1001, 0, 1001)


def test_the_administration_has_a_login_and_a_host() -> None:
    """Its user is admin; its password is the Secret's."""
    component = serving_admin(half())
    data = properties(component, "application.properties")
    assert (data["admin.username"], data["admin.password"]) == ("@@ADMIN_USER@@", "@@ADMIN_PASSWORD@@")
    backend = one(component, "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "serving-admin", "port": {"number": 8350}}
