"""The objects that charts render, read back: route tables where components look for them, Services, remarks.

The objects are of our own making, with the anatomy of KubeFATE's charts (reference helm-direct.md sections 3 to 5,
components.md sections 3 to 7).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.channels import Channel
from planner.lookup import POLLED, Endpoint
from renderers.chart_objects import Source, read_objects, read_rendered
from renderers.reading import Reading, Unreadable

Tree = dict[Any, Any]
Files = Mapping[str, str]

PEER = Endpoint("192.168.10.1", 30101)
HUB = Endpoint("192.168.1.1", 30000)
ITSELF = Endpoint("rollsite", 9370)
NOWHERE = Endpoint("nowhere", 0)
FATE = Source("cluster.yaml", "fate", "v1.11.2", "fate-9999")
EXCHANGE = Source("cluster.yaml", "fate-exchange", "v1.11.2", "fate-exchange")
SERVING = Source("serving.yaml", "fate-serving", "v2.1.6", "fate-serving-9999")
EGGROLL = "/data/projects/fate/eggroll/conf"


def metadata(name: str, module: str, party: str = "9999") -> Tree:
    """The metadata that a chart writes."""
    labels = {"fateMoudle": module, "name": "fate-9999", "partyId": party, "owner": "kubefate", "cluster": "fate"}
    return {"name": name, "labels": labels}


def config_map(name: str, data: Files) -> Tree:
    """A ConfigMap."""
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata(name, name), "data": dict(data)}


def container(name: str, mounts: Mapping[str, str], ports: Iterable[int] = (), command: str = "") -> Tree:
    """A container: what it mounts by path, as `volume` or `volume:file`, its ports and its start command."""
    rows = []
    for path, source in mounts.items():
        volume, _, file = source.partition(":")
        rows.append({"mountPath": path, "name": volume, **({"subPath": file} if file else {})})
    result: Tree = {"name": name, "image": name, "ports": [{"containerPort": port} for port in ports]}
    return {**result, "command": ["bash", "-c", command], "volumeMounts": rows}


def workload(name: str, containers: Sequence[Tree], party: str = "9999", kind: str = "Deployment") -> Tree:
    """A workload whose volumes are the ConfigMaps of their own names."""
    volumes = {mount["name"]: mount["name"] for each in containers for mount in each["volumeMounts"]}
    spec = {
        "containers": list(containers),
        "volumes": [{"name": each, "configMap": {"name": each}} for each in volumes if each != "certs"],
    }
    template = {"metadata": {"labels": metadata(name, name, party)["labels"]}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": metadata(name, name, party),
        "spec": {"template": template},
    }


def service(name: str, of: str, ports: Mapping[int, int | None], kind: str = "NodePort", **more: str) -> Tree:
    """A Service of a module: nodePorts by port."""
    rows = [
        {"port": port, "targetPort": port, "protocol": "TCP", **({} if node is None else {"nodePort": node})}
        for port, node in ports.items()
    ]
    spec = {"type": kind, "ports": rows, "selector": {"fateMoudle": of, "partyId": "9999"}, **more}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(name, of), "spec": spec}


def table(entries: Mapping[str, Endpoint], default: Endpoint = ITSELF, **own: Endpoint) -> str:
    """A route_table.json as chart fate writes it."""
    rows: Tree = {"default": {"default": [{"ip": default.host, "port": default.port}]}}
    rows |= {party: {"default": [{"ip": at.host, "port": at.port}]} for party, at in entries.items()}
    mine = own or {"fateflow": Endpoint("fateflow", 9360), "default": ITSELF}
    rows["9999"] = {role: [{"ip": at.host, "port": at.port}] for role, at in mine.items()}
    return json.dumps({"route_table": rows, "permission": {"default_allow": True}}, indent=4)


def fateflow(conf: Tree, mounts: Mapping[str, str] | None = None, containers: Sequence[Tree] = ()) -> list[Tree]:
    """FATE-Flow of chart fate v1.11.2, which copies its service_conf.yaml."""
    command = "cp /data/projects/fate/conf-tmp/service_conf.yaml /data/projects/fate/conf/service_conf.yaml\n"
    main = container("fateflow", {"/data/projects/fate/conf-tmp/": "python-config", **(mounts or {})}, (), command)
    return [
        config_map("python-config", {"service_conf.yaml": yaml.safe_dump(conf)}),
        workload("python", [main, *containers], kind="StatefulSet"),
        service("fateflow", "python", {9360: None, 9380: None}, "ClusterIP", clusterIP="None"),
        service("fateflow-client", "python", {9360: 30092, 9380: 30097}),
    ]


def rollsite(text: str, properties: str = "", mounts: Mapping[str, str] | None = None) -> list[Tree]:
    """Rollsite, with the start command of charts from v1.9.0 on, which copies a file that may not be there."""
    command = (
        f"cp {EGGROLL}/temp_eggroll.properties {EGGROLL}/eggroll.properties\n"
        "java EggSiteBootstrap -c $${EGGROLL_HOME}/conf/eggroll.properties"
    )
    files = {
        f"{EGGROLL}/route_table/": "rollsite-config",
        f"{EGGROLL}/eggroll.properties": "eggroll-config:eggroll.properties",
    }
    main = container("rollsite", files if mounts is None else mounts, (9370,), command)
    lines = "eggroll.rollsite.host=rollsite\neggroll.rollsite.port=9370\n"
    lines += "eggroll.rollsite.route.table.path=conf/route_table/route_table.json\n" + properties
    return [
        config_map("eggroll-config", {"eggroll.properties": lines}),
        config_map("rollsite-config", {"route_table.json": text}),
        workload("rollsite", [main]),
        service("rollsite", "rollsite", {9370: 30091}),
    ]


CONTROL = {"use_registry": False, "fateflow": {"proxy": "rollsite"}, "servings": {"hosts": [""]}}
SPARK = {"fateflow": {"proxy": "nginx"}, "servings": {"hosts": [""]}}


def read(objects: Sequence[Tree], source: Source = FATE) -> Reading:
    """The reading of some objects."""
    found = read_objects(objects, source)
    assert isinstance(found, Reading), found
    return found


def doors(reading: Reading, channel: Channel) -> list[tuple[str, str, int, int | None]]:
    """Where a channel is heard."""
    gate = reading.gate(channel)
    assert gate is not None
    return [(each.service, each.service_type, each.container_port, each.node_port) for each in gate.exposed]


def said(reading: Reading) -> list[tuple[str, str]]:
    """The remarks, by their keys of cluster.yaml."""
    return [(".".join(map(str, each.path)), each.message) for each in reading.remarks]


def test_a_party_of_eggroll_is_read_as_rollsite_and_kubernetes_see_it() -> None:
    """Rows, the default route, the Service, FATE-Flow's door, and who it is."""
    reading = read([*rollsite(table({"10000": PEER}, HUB)), *fateflow(CONTROL)])
    gate = reading.gate(Channel.ROLLSITE)
    assert gate is not None
    assert (gate.table.own, dict(gate.table.entries), gate.table.default) == (9999, {10000: PEER}, (HUB,))
    assert doors(reading, Channel.ROLLSITE) == [("rollsite", "NodePort", 9370, 30091)]
    assert doors(reading, Channel.TRANSFER) == [
        ("fateflow", "ClusterIP", 9380, None),
        ("fateflow-client", "NodePort", 9380, 30097),
    ]
    assert (reading.name, reading.namespace, reading.party) == ("fate-9999", "fate-9999", 9999)
    assert (reading.chart, reading.release, reading.module) == ("fate", "v1.11.2", "rollsite")
    assert (set(reading.modules), reading.tls, reading.remarks) == ({"rollsite", "python"}, False, ())
    assert (gate.path, gate.exposed[0].path) == (("rollsite", "partyList"), ("rollsite", "type"))


def test_a_default_route_to_rollsite_itself_is_none() -> None:
    """The charts write it where there is no exchange."""
    gate = read(rollsite(table({"10000": PEER}))).gate(Channel.ROLLSITE)
    assert gate is not None
    assert gate.table.default == ()


def test_a_copy_of_nothing_leaves_the_mounted_file() -> None:
    """Without TLS there is no temp_eggroll.properties; with it, it is what is read."""
    renamed = "eggroll.rollsite.host=other\n"
    gate = read(rollsite(table({}, Endpoint("other", 9370)), renamed)).gate(Channel.ROLLSITE)
    assert gate is not None
    assert gate.table.default == ()
    files = {
        f"{EGGROLL}/route_table/": "rollsite-config",
        f"{EGGROLL}/temp_eggroll.properties": "eggroll-config:eggroll.properties",
    }
    reading = read(rollsite(table({}, Endpoint("other", 9370)), renamed, {**files, f"{EGGROLL}/cert/": "certs"}))
    gate = reading.gate(Channel.ROLLSITE)
    assert gate is not None
    assert (gate.table.default, reading.tls) == ((), True)


def test_only_a_polling_server_is_polled() -> None:
    """The entry of a client without an address is one that is not dialled."""
    rows = json.loads(table({}))
    rows["route_table"]["10000"] = {"default": [{"port": -1, "ip": "", "is_polling": True}]}
    served = read(rollsite(json.dumps(rows), "eggroll.rollsite.polling.server.enabled=true\n"))
    gate = served.gate(Channel.ROLLSITE)
    assert gate is not None
    assert (dict(gate.table.entries), said(served)) == ({10000: POLLED}, [])
    unserved = read(rollsite(json.dumps(rows)))
    assert [key for key, _ in said(unserved)] == ["rollsite.partyList"]
    assert read(rollsite(table({}), "eggroll.rollsite.polling.client.enabled=true\n")).polls


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"route_table": {', "it is not JSON, and then all routes are lost"),
        (table({"1.234567e+06": PEER}), "'1.234567e+06' is no party's id"),
        (table({"10000": Endpoint("", 1)}), "the entry has no usable ip and port"),
        (table({}, fateflow=Endpoint("fateflow", 9380)), "which is not its own FATE-Flow (gRPC)"),
        (table({}, serving=ITSELF), "messages to the site itself go to nobody"),
    ],
)
def test_a_table_that_does_not_work_is_remarked_on(text: str, words: str) -> None:
    """The remark names the object and points to the key of cluster.yaml."""
    found = said(read([*rollsite(text), *fateflow(CONTROL)]))
    assert {key for key, _ in found} == {"rollsite.partyList"}
    assert any(words in message for _, message in found)


def test_rollsite_without_its_properties_never_starts() -> None:
    """From v1.8.0 on eggroll-config is made with module clustermanager alone (INV-EGG-8)."""
    reading = read(rollsite(table({}))[1:])
    message = "the pods of rollsite wait for ConfigMap eggroll-config, which nothing makes"
    assert said(reading) == [("modules", message)]


def test_lbrollsite_balances_over_the_servers_of_the_nginx_beside_it() -> None:
    """Its default route leads into its own pod, whose second container knows the exchanges."""
    conf = (
        "http {\n upstream other { server 10.0.0.1:1; }\n upstream exchange_services {\n least_conn;\n"
        " server 192.168.1.1:30000;\n server [fd00::1]:30000;\n }\n"
        " server { listen 9390 http2; location / { grpc_pass grpc://exchange_services; } }\n}\n"
    )
    home = "/data/projects/fate/proxy/nginx/conf/nginx.conf"
    balancer = container("exchange", {home: "rollsite-config:nginx.conf"}, (9390,))
    objects = rollsite(table({"10000": PEER}, Endpoint("exchange", 9390)))
    objects[1]["data"]["nginx.conf"] = conf
    objects[2]["spec"]["template"]["spec"]["containers"].insert(0, balancer)
    objects.append(service("exchange", "rollsite", {9390: None}))
    reading = read(objects)
    gate = reading.gate(Channel.ROLLSITE)
    assert gate is not None
    assert gate.table.default == (HUB, Endpoint("fd00::1", 30000))
    assert doors(reading, Channel.ROLLSITE) == [("rollsite", "NodePort", 9370, 30091)]
    assert (reading.module, reading.modules, reading.remarks) == ("lbrollsite", ("lbrollsite",), ())
    objects[1]["data"]["nginx.conf"] = conf.replace("[fd00::1]", "fd00::1").replace("192.168.1.1:30000", "")
    assert [key for key, _ in said(read(objects))] == ["lbrollsite.exchangeList"] * 2


def test_osx_has_no_default_route_of_its_own() -> None:
    """Chart fate v2.0.0: peers in the table, and everything else nowhere."""
    rows = json.loads(table({"10000": PEER}, fateflow=Endpoint("fateflow", 9360)))
    del rows["route_table"]["default"]
    objects = [
        config_map("osx-config", {"route_table.json": json.dumps({**rows, "self_party": ["9999"]})}),
        workload("osx", [container("osx", {"/data/projects/fate/osx/conf/broker/": "osx-config"}, (9370,))]),
        service("osx", "osx", {9370: 30091}, "LoadBalancer", loadBalancerIP="10.0.0.7"),
    ]
    reading = read(objects, FATE._replace(version="v2.0.0"))
    gate = reading.gate(Channel.ROLLSITE)
    assert gate is not None
    assert (dict(gate.table.entries), gate.table.default, reading.module) == ({10000: PEER}, (), "osx")
    assert gate.exposed[0].load_balancer == "10.0.0.7"


NGINX = """\
default:
  proxy:
    - host: 192.168.1.1
      http_port: 30003
      grpc_port: 30008
9999:
  proxy:
    - host: nginx\x20
      http_port: 9300
      grpc_port: 9310
  fateflow:
    - host: fateflow\x20
      http_port: 9380
      grpc_port: 9360
10000:\x20
  fateflow:
  - grpc_port: 30108
    host: 192.168.10.1
    http_port: 30103
  - grpc_port: 30118
    host: 192.168.10.2
    http_port: 30113
"""
MOVED = 'sed -i "s#conf/route_table.yaml#conf/modifiable/route_table.yaml#g" nginx/lua/route_table.lua;'


def proxy(text: str, path: str = "conf/modifiable/", command: str = MOVED) -> list[Tree]:
    """Nginx of the Spark families."""
    home = "/data/projects/fate/proxy/nginx"
    main = container("nginx", {f"{home}/{path}": "nginx-config"}, (9300, 9310), command)
    return [
        config_map("nginx-config", {"route_table.yaml": text}),
        workload("nginx", [main]),
        service("nginx", "nginx", {9300: 30093, 9310: 30098}),
    ]


def test_nginx_has_a_table_for_each_protocol() -> None:
    """The start command moves the place where it looks for the table; FATE-Flow's own doors count, too."""
    reading = read([*proxy(NGINX), *fateflow(SPARK)])
    http, grpc = reading.gate(Channel.NGINX_HTTP), reading.gate(Channel.NGINX_GRPC)
    assert http is not None
    assert grpc is not None
    assert (dict(http.table.entries), dict(http.table.more), http.table.default) == (
        {10000: Endpoint("192.168.10.1", 30103)},
        {10000: (Endpoint("192.168.10.2", 30113),)},
        (Endpoint("192.168.1.1", 30003),),
    )
    assert grpc.table.entries[10000] == Endpoint("192.168.10.1", 30108)
    assert ("nginx", "NodePort", 9310, 30098) in doors(reading, Channel.NGINX_GRPC)
    assert ("fateflow-client", "NodePort", 9360, 30092) in doors(reading, Channel.NGINX_GRPC)
    assert (reading.module, reading.remarks) == ("nginx", ())


def test_the_name_of_its_own_service_is_no_default_route_for_nginx() -> None:
    """The charts write it where there is no exchange (INV-NGX-6); other names are remarked on."""
    reading = read([*proxy(NGINX.replace("192.168.1.1", "nginx")), *fateflow(SPARK)])
    gate = reading.gate(Channel.NGINX_HTTP)
    assert gate is not None
    assert (gate.table.default, reading.remarks) == ((), ())
    reading = read([*proxy(NGINX.replace("192.168.1.1", "hub.example.org")), *fateflow(SPARK)])
    assert [key for key, _ in said(reading)] == ["nginx.exchange"]


def test_items_that_nginx_cannot_dial_are_remarked_on() -> None:
    """Names, items without a port, entries without items, keys that are no ids."""
    text = NGINX.replace(
        "    host: 192.168.10.1\n    http_port: 30103\n", "    host: shop.example.org\n    http_port: 1\n"
    )
    text = text.replace("http_port: 30113", "http_port: none") + "777:\n  proxy: []\nshop:\n  fateflow: []\n"
    reading = read([*proxy(text), *fateflow(SPARK)])
    gate = reading.gate(Channel.NGINX_HTTP)
    assert gate is not None
    assert (gate.table.entries[10000], gate.table.entries[777]) == (NOWHERE, NOWHERE)
    assert {key for key, _ in said(reading)} == {
        "nginx.route_table.10000.fateflow",
        "nginx.route_table.777.fateflow",
        "nginx.route_table.shop",
    }


def test_nginx_of_the_first_chart_has_one_port() -> None:
    """v1.5.0 writes `port`, for gRPC; peers dial FATE-Flow (INV-NGX-3)."""
    text = (
        "default:\n  proxy:\n    - host: nginx\n      port: 9310\n"
        "9999:\n  fateflow:\n    - host: fateflow\n      port: 9360\n"
        "10000:\n  fateflow:\n  - host: 192.168.10.1\n    port: 30102\n"
    )
    objects = [
        *proxy(text, "conf/", ""),
        *fateflow({"fateflow": {"proxy": "nginx"}, "servings": ["192.168.9.1:30095"]}),
    ]
    reading = read(objects, FATE._replace(version="v1.5.0"))
    gate = reading.gate(Channel.NGINX_GRPC)
    assert gate is not None
    assert dict(gate.table.entries) == {10000: Endpoint("192.168.10.1", 30102)}
    assert {service for service, *_ in doors(reading, Channel.NGINX_GRPC)} == {"fateflow", "fateflow-client"}
    assert (reading.gate(Channel.NGINX_HTTP), reading.remarks) == (None, ())


def test_a_table_at_another_place_is_told() -> None:
    """It is read nevertheless, so that all else is told as well."""
    reading = read([*proxy(NGINX, "conf/elsewhere/", ""), *fateflow(SPARK)])
    assert said(reading) == [("nginx.route_table", "the chart mounts route_table.yaml where nginx does not look")]
    gate = reading.gate(Channel.NGINX_HTTP)
    assert gate is not None
    assert 10000 in gate.table.entries
    missing = read([proxy(NGINX)[1], *fateflow(SPARK)])
    assert (
        "nginx.route_table",
        "nginx finds no route table: no ConfigMap with route_table.yaml is mounted in its pods",
    ) in said(missing)


def spark(broker: str) -> Tree:
    """The service_conf.yaml of a party whose data a broker carries."""
    where = {"route_table": f"conf/{broker}_route_table/{broker}_route_table.yaml"}
    engines = {"computing": "spark", "federation": broker, "storage": "hdfs"}
    return {**SPARK, "default_engines": engines, "fate_on_spark": {broker: where}}


def brokered(broker: str, rows: Tree, settings: str = "", path: str | None = None) -> list[Tree]:
    """A party of the Spark family with its broker."""
    ports = {5672: 30094} if broker == "rabbitmq" else {6650: 30094, 6651: 30099, 8080: None}
    where = f"/data/projects/fate/conf/{broker}_route_table" if path is None else path
    return [
        *proxy(NGINX),
        *fateflow(spark(broker), {where: f"{broker}-route-table"}),
        config_map(f"{broker}-route-table", {f"{broker}_route_table.yaml": yaml.safe_dump(rows)}),
        config_map(f"{broker}-config", {"standalone.conf": settings}),
        workload(
            broker, [container(broker, {"/pulsar/conf/standalone.conf": f"{broker}-config:standalone.conf"}, ports)]
        ),
        service(broker, broker, ports),
    ]


def test_rabbitmq_has_entries_only() -> None:
    """The site's own entry is left out; FATE of 1.x looks for numbers."""
    rows = {9999: {"host": "rabbitmq", "port": 5672}, 10000: {"host": "192.168.10.1", "port": 30104}}
    reading = read(brokered("rabbitmq", rows))
    gate = reading.gate(Channel.RABBITMQ)
    assert gate is not None
    assert (dict(gate.table.entries), reading.remarks) == ({10000: Endpoint("192.168.10.1", 30104)}, ())
    assert doors(reading, Channel.RABBITMQ) == [("rabbitmq", "NodePort", 5672, 30094)]
    reading = read(brokered("rabbitmq", {"10000": rows[10000], "shop": rows[10000], 10001: {"host": "a"}}))
    assert {key for key, _ in said(reading)} == {
        "rabbitmq.route_table.10000",
        "rabbitmq.route_table.shop",
        "rabbitmq.route_table.10001",
    }
    reading = read(brokered("rabbitmq", {10000: rows[10000]}), FATE._replace(version="v1.10.0"))
    assert [key for key, _ in said(reading)] == ["rabbitmq.route_table"]


def test_pulsar_dials_plainly_without_an_exchange_and_by_tls_with_one() -> None:
    """What its own settings say decides; a default route is one by name, through a proxy."""
    rows: Tree = {
        9999: {"host": "pulsar", "port": 6650, "sslPort": 6651, "proxy": ""},
        10000: {"host": "192.168.10.1", "port": 30104, "sslPort": 30109, "proxy": ""},
        10001: {"host": "192.168.11.1"},
    }
    plain = read(brokered("pulsar", rows, "brokerServicePort=6650\n"))
    gate = plain.gate(Channel.PULSAR)
    assert gate is not None
    assert dict(gate.table.entries) == {10000: Endpoint("192.168.10.1", 30104), 10001: Endpoint("192.168.11.1", 6650)}
    assert doors(plain, Channel.PULSAR) == [("pulsar", "NodePort", 6650, 30094)]
    rows["default"] = {"proxy": "192.168.1.1:30000", "domain": "fate.org"}
    settings = "brokerClientTlsEnabled=true\nbrokerServicePortTls=6651\n"
    objects = [
        *brokered("pulsar", rows, settings),
        service("pulsar-public-tls", "pulsar", {6651: None}, "LoadBalancer"),
    ]
    reading = read(objects)
    gate = reading.gate(Channel.PULSAR)
    assert gate is not None
    assert dict(gate.table.entries) == {10000: Endpoint("192.168.10.1", 30109), 10001: Endpoint("192.168.11.1", 6651)}
    assert (gate.table.default, gate.table.domain, reading.remarks) == ((HUB,), "fate.org", ())
    assert gate.exposed[-1].path == ("pulsar", "publicLB", "enabled")
    assert doors(reading, Channel.PULSAR)[1:] == [
        ("pulsar", "NodePort", 6651, 30099),
        ("pulsar-public-tls", "LoadBalancer", 6651, None),
    ]
    unheard = read([*brokered("pulsar", rows), service("pulsar-public-tls", "pulsar", {6651: None}, "LoadBalancer")])
    assert [key for key, _ in said(unheard)] == ["pulsar.publicLB.enabled"]


def test_the_second_fate_does_not_look_where_its_chart_puts_the_tables() -> None:
    """components.md, fact 12."""
    rows = {9999: {"host": "rabbitmq", "port": 5672}, "10000": {"host": "192.168.10.1", "port": 30104}}
    conf = {**spark("rabbitmq"), "fateflow": {"proxy_name": "nginx"}}
    objects = brokered("rabbitmq", rows, path="/data/projects/fate/fate_flow/rabbitmq_route_table")
    objects[3]["data"]["service_conf.yaml"] = yaml.safe_dump(conf)
    reading = read(objects, FATE._replace(version="v2.0.0"))
    assert [key for key, _ in said(reading)] == ["rabbitmq.route_table"]
    gate = reading.gate(Channel.RABBITMQ)
    assert gate is not None
    assert dict(gate.table.entries) == {10000: Endpoint("192.168.10.1", 30104)}


def test_a_broker_that_fateflow_does_not_use_is_told() -> None:
    """As is nginx, where its control messages go elsewhere."""
    objects = brokered("rabbitmq", {9999: {"host": "rabbitmq", "port": 5672}})
    objects[3]["data"]["service_conf.yaml"] = yaml.safe_dump(
        {**spark("rabbitmq"), "default_engines": {"federation": "pulsar"}, "fateflow": {"proxy": "rollsite"}}
    )
    assert {key for key, _ in said(read(objects))} == {"federation", "computing"}
    alone = read(fateflow(SPARK))
    assert [key for key, _ in said(alone)] == ["modules", "modules"]


@pytest.mark.parametrize(
    ("conf", "entry"),
    [
        ({"servings": {"hosts": ["192.168.9.1:30095"]}}, Endpoint("192.168.9.1", 30095)),
        ({"servings": ["[fd00::9]:30095"]}, Endpoint("fd00::9", 30095)),
        ({"use_registry": True, "zookeeper": {"hosts": ["zk.example.org:2181"]}}, Endpoint("zk.example.org", 2181)),
        ({"servings": {"hosts": ["", ":"]}}, None),
        ({"servings": {"hosts": ["fd00::9:30095"]}}, None),
    ],
)
def test_fateflow_looks_for_its_serving_server(conf: Tree, entry: Endpoint | None) -> None:
    """In its list, or in its registry; an IPv6 address needs brackets there."""
    reading = read([*rollsite(table({})), *fateflow({**CONTROL, **conf})])
    gate = reading.gate(Channel.LOAD)
    assert (None if gate is None else gate.table.entries[9999]) == entry
    assert [key for key, _ in said(reading)] == (["servingIp"] if "fd00::9:30095" in str(conf) else [])


def test_modules_stand_in_pods_of_their_own_or_beside_fateflow() -> None:
    """Older charts have fateboard and client in FATE-Flow's pod, and a workload for each nodemanager."""
    beside = [container("fateboard", {}), container("client", {})]
    others = [
        workload(name, [container(name, {})])
        for name in ("nodemanager-0", "nodemanager-1", "spark-master", "datanode", "x")
    ]
    reading = read([*rollsite(table({})), *fateflow(CONTROL, containers=beside), *others])
    assert reading.modules == ("rollsite", "python", "fateboard", "client", "nodemanager", "spark", "hdfs")


def test_traffic_server_knows_parties_by_name() -> None:
    """An exchange of Pulsar without nginx passes on no control messages (INV-PUL-10)."""
    records = (
        "CONFIG proxy.config.http.server_ports STRING 8080 443:ssl\n"
        "CONFIG proxy.config.http.connect_ports STRING 443 6650-6700 30000-33000\n"
        "CONFIG proxy.config.ssl.servername.filename STRING sni/sni.yaml\n"
    )
    rows = [("9999.fate.org", "192.168.9.1:30099"), ("10000.fate.org", "192.168.10.1:9")]
    names = [{"fqdn": name, "tunnel_route": route} for name, route in rows]
    mounts = {
        "/etc/trafficserver/records.config": "traffic-server-config:records.config",
        "/opt/trafficserver/etc/trafficserver/sni": "traffic-server-sni",
    }
    objects = [
        config_map("traffic-server-config", {"records.config": records}),
        config_map("traffic-server-sni", {"sni.yaml": yaml.safe_dump({"sni": names})}),
        workload("traffic-server", [container("traffic-server", mounts, (443, 8080))], "1"),
        service("traffic-server", "traffic-server", {443: 30007}),
    ]
    objects[-1]["spec"]["selector"]["partyId"] = "1"
    reading = read(objects, EXCHANGE)
    gate = reading.gate(Channel.PULSAR)
    assert gate is not None
    assert (dict(gate.table.entries), gate.table.domain) == ({9999: Endpoint("192.168.9.1", 30099)}, "fate.org")
    assert doors(reading, Channel.PULSAR) == [("traffic-server", "NodePort", 443, 30007)]
    assert (reading.module, reading.party) == ("trafficServer", 1)
    assert [key for key, _ in said(reading)] == ["trafficServer.route_table.sni", "modules"]
    objects[-1]["spec"]["type"] = "ClusterIP"
    message = "Kubernetes refuses Service traffic-server: a nodePort of type ClusterIP"
    assert ("trafficServer.nodePort", message) in said(read(objects, EXCHANGE))


def served(
    home: str, table_file: str, command: str = "", url: str = "http://192.168.9.1:30097/v1/model/transfer"
) -> list[Tree]:
    """FATE-Serving: serving-server declares another port than the one it listens on."""
    rows = table({"10000": Endpoint("192.168.10.1", 30106)}, Endpoint("default-serving-proxy", 8869)).replace(
        "30106", '"30106"'
    )
    proxied = {
        f"{home}/serving-proxy/conf/application.properties": "serving-proxy-config:application.properties",
        f"{home}/serving-proxy/conf/{table_file}": "serving-proxy-config:route_table.json",
    }
    settings = "coordinator=9999\nuseZkRouter=true\nzk.url=serving-zookeeper:2181\n"
    at = {f"{home}/serving-server/conf/serving-server.properties": "serving-server-config:serving-server.properties"}
    return [
        config_map("serving-proxy-config", {"application.properties": settings, "route_table.json": rows}),
        config_map(
            "serving-server-config",
            {"serving-server.properties": f"useZkRouter=false\nuseRegister=false\nmodel.transfer.url={url}\n"},
        ),
        workload("serving-proxy", [container("serving-proxy", proxied, (8059, 8869), command)]),
        workload("serving-server", [container("serving-server", at, (9394,))]),
        service("serving-proxy", "serving-proxy", {8059: None, 8869: 30096, 8879: None}),
        service("serving-server", "serving-server", {8000: 30095}),
        service("serving-zookeeper", "serving-zookeeper", {2181: None}, "ClusterIP"),
    ]


@pytest.mark.parametrize(
    ("home", "table_file", "command"),
    [
        ("/data/projects/fate-serving", "route_table.base.json", "cp conf/route_table.base.json conf/route_table.json"),
        ("/data/projects/fate", "route_table.json", ""),
    ],
)
def test_serving_is_read_in_the_folder_of_its_release(home: str, table_file: str, command: str) -> None:
    """Ports may be texts; the name that the chart writes where there is no exchange leads nowhere."""
    reading = read(served(home, table_file, command), SERVING)
    gate = reading.gate(Channel.SERVING)
    assert gate is not None
    assert (dict(gate.table.entries), gate.table.default) == ({10000: Endpoint("192.168.10.1", 30106)}, ())
    assert doors(reading, Channel.SERVING) == [("serving-proxy", "NodePort", 8869, 30096)]
    assert doors(reading, Channel.LOAD) == [("serving-server", "NodePort", 8000, 30095)]
    transfer = reading.gate(Channel.TRANSFER)
    assert transfer is not None
    assert dict(transfer.table.entries) == {9999: Endpoint("192.168.9.1", 30097)}
    assert (reading.module, reading.modules, reading.remarks) == ("servingProxy", ("servingProxy", "servingServer"), ())


def test_serving_without_zookeeper_or_a_source_of_models_is_told() -> None:
    """An IPv6 address without brackets is no host in a URL."""
    url = "http://fd00::9:30097/v1/model/transfer"
    objects = served("/data/projects/fate", "route_table.json", url=url)[:-1]
    assert said(read(objects, SERVING)) == [
        ("modules", "serving-proxy looks for serving-zookeeper:2181, and no Service has that name"),
        ("servingServer.fateflow", "without ip and port serving-server fetches no models"),
    ]
    assert [key for key, _ in said(read(rollsite(table({})), SERVING))] == ["modules"]


def test_the_text_of_a_rendering_is_read() -> None:
    """Helm begins each document with its source; objects name no namespace, or one; lists hold others."""
    objects = rollsite(table({"10000": PEER}))
    text = "".join(f"---\n# Source: fate/templates/x.yaml\n{yaml.safe_dump(each)}" for each in objects) + "---\n\n"
    reading = read_rendered(text, FATE)
    assert isinstance(reading, Reading)
    gate = reading.gate(Channel.ROLLSITE)
    assert gate is not None
    assert dict(gate.table.entries) == {10000: PEER}
    for each in objects:
        each["metadata"]["namespace"] = "fate-9999"
    assert read([{"kind": "List", "apiVersion": "v1", "items": objects}]) == reading


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "what the chart renders is not YAML"),
        ("", "nothing that the chart renders runs any pods"),
        ("kind: Service\n", "it lacks a kind or a name"),
        (yaml.safe_dump(config_map("a", {})), "nothing that the chart renders runs any pods"),
        ("- a\n", "what the chart renders"),
    ],
)
def test_what_is_no_installation_is_unreadable(text: str, words: str) -> None:
    """As is a text that is no YAML."""
    found = read_rendered(text, FATE)
    assert isinstance(found, Unreadable)
    assert words in found.message


def test_objects_without_a_partys_id_are_told() -> None:
    """Go prints large ids as floats (INV-ID-4)."""
    objects = rollsite(table({}))
    objects[2]["spec"]["template"]["metadata"]["labels"]["partyId"] = "1.234567e+06"
    reading = read(objects)
    assert reading.party == 0
    assert ("partyId", "the objects' label partyId is 1.234567e+06") in said(reading)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([":", "a:1", "- a", "{", "[]", "a=b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all parts of a tree."""
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(found for step, inner in steps for found in places(inner, (*path, step)))]


def whole() -> list[Tree]:
    """Objects of every kind."""
    rows = {"default": {"proxy": "192.168.1.1:30000", "domain": "fate.org"}, 10000: {"host": "192.168.10.1", "port": 1}}
    made = [
        *brokered("pulsar", rows),
        *rollsite(table({"10000": PEER}, HUB)),
        *served("/data/projects/fate", "route_table.json"),
    ]
    return [each for number, each in enumerate(made) if number != 2]  # without the Service of nginx


PLACES = places(whole())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES[1:]), ANYTHING, st.sampled_from([FATE, EXCHANGE, SERVING]))
def test_reading_never_raises(path: tuple[Any, ...], value: Any, source: Source) -> None:
    """Whatever a chart of somebody's own renders."""
    objects = whole()
    inner: Any = objects
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert isinstance(read_objects(objects, source), Reading | Unreadable)
