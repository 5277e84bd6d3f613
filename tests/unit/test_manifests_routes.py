"""The tables of nginx, the brokers, Traffic Server, OSX and FATE-Serving, read back from manifests written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers.manifests import fateflow, nginx, routers, serving, traffic_server
from renderers.manifests.objects import Object
from renderers.manifests.site import Site
from renderers.manifests.workloads import Pod
from renderers.reading import Gate

Tree = dict[str, Any]
SPACE = "fate-9999"
NOWHERE = Endpoint("nowhere", 0)


def thing(kind: str, name: str, namespace: str = SPACE, **parts: Any) -> Object:
    """An object."""
    data = {"kind": kind, "metadata": {"name": name, "namespace": namespace}, **parts}
    return Object("x.yaml", kind, namespace, name, data)


def pods(name: str, *ports: int, files: Mapping[str, str] | None = None, **container: Any) -> list[Object]:
    """A Deployment, a Service of its name, and a ConfigMap with files that are mounted by their folders."""
    folders = {path.rpartition("/")[0] for path in files or {}}
    names = {folder: f"{name}-{number}" for number, folder in enumerate(sorted(folders))}
    labels = {"app": name}
    main = {
        "name": "fateflow" if name == "python" else name,
        "ports": [{"containerPort": number} for number in ports],
        "volumeMounts": [{"name": volume, "mountPath": folder} for folder, volume in names.items()],
        **container,
    }
    volumes = [{"name": volume, "configMap": {"name": volume}} for volume in names.values()]
    template = {"metadata": {"labels": labels}, "spec": {"containers": [main], "volumes": volumes}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    rows = [{"port": number} for number in ports]
    found = [thing("Deployment", name, spec=spec), thing("Service", name, spec={"selector": labels, "ports": rows})]
    for folder, volume in names.items():
        data = {path.rpartition("/")[2]: text for path, text in (files or {}).items() if path.startswith(f"{folder}/")}
        data = {key: text for key, text in data.items() if f"{folder}/{key}" in (files or {})}
        found.append(thing("ConfigMap", volume, data=data))
    return found


def of(objects: list[Object], component: str) -> tuple[Site, Pod]:
    """A site and the pods of a component."""
    site = Site(tuple(objects))
    pod = site.pod(component)
    assert pod is not None
    return site, pod


def told(site: Site) -> str:
    """All remarks."""
    return "\n".join(each.message for each in site.remarks)


NGINX = "/data/projects/fate/proxy/nginx/conf"
CONF = """
http {
  upstream http_cluster { server fateflow-client:9380; balancer_by_lua_file 'lua/balancer.lua'; }
  upstream grpc_cluster { server fateflow-client:9360; balancer_by_lua_file 'lua/balancer.lua'; }
}
"""
ROWS = """\
default:
  proxy:
    - host: 10.0.0.9
      http_port: 30003
      grpc_port: 30008
9999:
  fateflow:
    - host: fateflow-client
      http_port: 9380
      grpc_port: 9360
10000:
  fateflow:
    - host: 10.0.0.1
      http_port: 30103
      grpc_port: 30108
"""


def nginx_gates(rows: str, conf: str = CONF, *, is_party: bool = True) -> tuple[Site, dict[Channel, Gate]]:
    """What nginx makes of a table."""
    objects = pods("nginx", 9300, 9310, files={f"{NGINX}/route_table.yaml": rows, f"{NGINX}/nginx.conf": conf})
    if is_party:
        objects += pods("python", 9360, 9380)
        objects.append(
            thing(
                "Service",
                "fateflow-client",
                spec={"selector": {"app": "python"}, "ports": [{"port": 9360}, {"port": 9380}]},
            )
        )
    site, pod = of(objects, "nginx")
    return site, {gate.channel: gate for gate in nginx.gates(site, pod, 9999, is_party=is_party)}


class TestNginx:
    """components.md section 5.1 and facts 1 to 3."""

    def test_a_table(self) -> None:
        """One route for each protocol; FATE-Flow's own doors count as well."""
        site, gates = nginx_gates(ROWS)
        assert told(site) == ""
        http, grpc = gates[Channel.NGINX_HTTP], gates[Channel.NGINX_GRPC]
        assert http.table == RouteTable(9999, {10000: Endpoint("10.0.0.1", 30103)}, (Endpoint("10.0.0.9", 30003),))
        assert grpc.table == RouteTable(9999, {10000: Endpoint("10.0.0.1", 30108)}, (Endpoint("10.0.0.9", 30008),))
        assert {(each.service, each.container_port) for each in http.exposed} == {
            ("nginx", 9300),
            ("python", 9380),
            ("fateflow-client", 9380),
        }

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("10.0.0.1", "shop.example.org", "nginx does not look up names: what is sent to shop.example.org"),
            ("http_port: 30103", "http_port: x", "an item has no usable http_port"),
            ("      grpc_port: 30108\n", "", "an item has no usable grpc_port"),
            ("10000:\n  fateflow", "10000:\n  proxy", "error 500"),
            ("10000:", "shop:", "'shop' is no party's id"),
            ("10000:", '"10000":', "is not what nginx's reader takes"),
            ("10000:", "9999:", "9999 is listed twice"),
            ("9999:", "9998:", "it has no entry for the site itself"),
            ("fateflow-client", "10.9.9.9", "nobody knows whether 10.9.9.9 is the site's own FATE-Flow"),
            ("fateflow-client", "elsewhere", "elsewhere:9380 does not lead to the site's own python"),
            ("http_port: 9380", "http_port: 9360", "are not those of FATE-Flow"),
        ],
    )
    def test_a_row(self, old: str, new: str, message: str) -> None:
        """What nginx cannot use is remarked on."""
        site, _ = nginx_gates(ROWS.replace(old, new, 1))
        assert message in told(site)

    def test_an_entry_that_leads_nowhere(self) -> None:
        """It does not take the default route either."""
        _, gates = nginx_gates(ROWS.replace("10.0.0.1", "shop.example.org"))
        assert gates[Channel.NGINX_HTTP].table.entries == {10000: NOWHERE}

    def test_several_items(self) -> None:
        """Any of them may be picked."""
        more = "    - host: '[fd00::1]'\n      http_port: 1\n      grpc_port: 2\n"
        _, gates = nginx_gates(ROWS + more)
        assert gates[Channel.NGINX_GRPC].table.more == {10000: (Endpoint("fd00::1", 2),)}

    @pytest.mark.parametrize(
        ("conf", "is_party", "message"),
        [
            (CONF.replace("fateflow-client:9380", "nginx:9300"), True, "does not lead to the site's own python"),
            (CONF.replace("balancer_by_lua_file", "#"), True, "no upstream http_cluster that looks routes up"),
            (CONF, False, "must send what it cannot dial nowhere"),
            (CONF.replace("fateflow-client", "0.0.0.1"), False, ""),
        ],
    )
    def test_placeholders(self, conf: str, is_party: bool, message: str) -> None:
        """What cannot be dialled goes to the party's own FATE-Flow, and in an exchange to nobody."""
        site, _ = nginx_gates(
            ROWS if is_party else ROWS.replace("fateflow-client", "10.0.0.2"), conf, is_party=is_party
        )
        assert message in told(site)
        assert bool(message) == bool(told(site))

    def test_a_headless_placeholder(self) -> None:
        """A name is looked up once, so it must have an address that lasts (fact 2)."""
        objects = pods("nginx", 9300, 9310, files={f"{NGINX}/route_table.yaml": ROWS, f"{NGINX}/nginx.conf": CONF})
        objects += pods("python", 9360, 9380)
        ports = [{"port": 9360}, {"port": 9380}]
        spec = {"clusterIP": "None", "selector": {"app": "python"}, "ports": ports}
        site, pod = of([*objects, thing("Service", "fateflow-client", spec=spec)], "nginx")
        list(nginx.gates(site, pod, 9999, is_party=True))
        assert "it must be a Service with an address" in told(site)

    def test_too_many(self) -> None:
        """The table has room for 500 entries."""
        row = "{}:\n  fateflow:\n    - host: 10.0.0.1\n      http_port: 1\n      grpc_port: 2\n"
        site, _ = nginx_gates(ROWS + "".join(row.format(20000 + each) for each in range(498)))
        assert "nginx keeps 500 entries at most" in told(site)


def broker(engine: str, table: dict[Any, Any], *, is_second: bool = False, settings: str = "") -> tuple[Site, Gate]:
    """What FATE-Flow makes of a broker's table."""
    brokers = {engine: {"host": engine, "port": 5672 if engine == "rabbitmq" else 6650, "mng_port": 15672}}
    if engine == "pulsar":
        brokers["pulsar"]["mng_port"] = 8080
    else:
        brokers["rabbitmq"]["route_table"] = "conf/tables/rabbitmq_route_table.yaml"
    proxy = {"host": "nginx", "http_port": 9300, "grpc_port": 9310}
    conf: Tree = {
        "party_id": 9999,
        "fateflow": {"http_port": 9380, "grpc_port": 9360, "proxy": "nginx", "proxy_name": "nginx"},
        "default_engines": {"computing": "standalone", "federation": engine, "storage": "standalone"},
        ("federation" if is_second else "fate_on_spark"): {**brokers, "nginx": proxy},
    }
    base = "/data/projects/fate"
    folder = f"{base}/fate_flow/conf" if is_second else f"{base}/conf"
    where = f"{folder}/{engine}_route_table" if engine == "pulsar" else f"{folder}/tables"
    path = f"{folder}/{engine}_route_table.yaml" if is_second else f"{where}/{engine}_route_table.yaml"
    files = {
        f"{folder}/service_conf.yaml": yaml.dump(conf, Dumper=yaml.CSafeDumper),
        path: yaml.dump(table, Dumper=yaml.CSafeDumper),
    }
    ports = (5672, 15672) if engine == "rabbitmq" else (6650, 6651, 8080)
    overrides = {"/etc/x/standalone.conf": settings}
    objects = [*pods("python", 9360, 9380, files=files), *pods("nginx", 9300, 9310)]
    site, pod = of([*objects, *pods(engine, *ports, files=overrides)], "python")
    flow = fateflow.flow_of(site, pod, 9999, is_second=is_second)
    assert flow is not None
    gate = fateflow.broker_gate(flow)
    assert gate is not None
    return site, gate


TLS = "tlsEnabled=true\nbrokerServicePortTls=6651\nbrokerClientTlsEnabled=true\n"
ROW = {"host": "10.0.0.1", "port": 30104, "sslPort": 30109, "proxy": ""}
OWN = {"host": "pulsar", "port": 6650, "sslPort": 6651, "proxy": ""}
THROUGH = {"proxy": "10.0.0.9:30000", "domain": "fate.org", "brokerPort": 6650, "brokerSslPort": 6651}


class TestBrokers:
    """components.md sections 4.4 and 5.4, fact 12."""

    @pytest.mark.parametrize("is_second", [False, True])
    def test_rabbitmq(self, is_second: bool) -> None:
        """Entries of others; each release has its own place for the table."""
        own = {"host": "rabbitmq", "port": 5672}
        site, gate = broker("rabbitmq", {9999: own, 10000: {"host": "10.0.0.1", "port": 30104}}, is_second=is_second)
        assert told(site) == ""
        assert gate.table == RouteTable(9999, {10000: Endpoint("10.0.0.1", 30104)})
        assert [each.container_port for each in gate.exposed] == [5672]

    @pytest.mark.parametrize(
        ("key", "row", "message"),
        [
            ("10000", {"host": "x", "port": 1}, "FATE looks for the number 10000, and finds a text"),
            ("shop", {"host": "x", "port": 1}, "'shop' is no party's id"),
            (10000, {"host": "x"}, "no usable host and port"),
        ],
    )
    def test_a_row(self, key: Any, row: Tree, message: str) -> None:
        """FATE 1.x looks integers up."""
        site, gate = broker("rabbitmq", {key: row})
        assert message in told(site)
        assert gate.table.entries == {}

    def test_pulsar(self) -> None:
        """Plain ports, unless the broker dials by TLS; then unknown parties go through the exchange by name."""
        site, gate = broker("pulsar", {9999: OWN, 10000: ROW})
        assert told(site) == ""
        assert gate.table == RouteTable(9999, {10000: Endpoint("10.0.0.1", 30104)})
        assert [each.container_port for each in gate.exposed] == [6650]
        proxied = {**ROW, "proxy": "10.0.0.8:30001"}
        site, gate = broker("pulsar", {10000: ROW, 10001: proxied, "default": THROUGH}, settings=TLS)
        assert told(site) == ""
        entries = {10000: Endpoint("10.0.0.1", 30109), 10001: Endpoint("10.0.0.8", 30001)}
        assert gate.table == RouteTable(9999, entries, (Endpoint("10.0.0.9", 30000),), domain="fate.org")
        assert [each.container_port for each in gate.exposed] == [6650, 6651]

    def test_pulsar_without_tls(self) -> None:
        """An exchange asks for TLS."""
        site, _ = broker("pulsar", {"default": THROUGH})
        assert "the broker does not dial by TLS" in told(site)
        site, gate = broker("pulsar", {"default": {"domain": "fate.org"}, 10000: {"host": "x"}}, settings=TLS)
        assert "without a proxy unknown parties have no route" in told(site)
        assert gate.table.entries == {10000: NOWHERE}

    def test_pulsar_of_fate_2(self) -> None:
        """Every entry needs both ports."""
        site, _ = broker("pulsar", {10000: {"host": "10.0.0.1", "port": 1}}, is_second=True)
        assert "no sslPort" in told(site)


RECORDS = """
CONFIG proxy.config.http.server_ports STRING 8080 443:ssl
CONFIG proxy.config.http.connect_ports STRING 443 6650-6700 30000-33000
CONFIG proxy.config.ssl.servername.filename STRING sni/sni.yaml
"""


def names(rows: list[Tree], records: str = RECORDS) -> tuple[Site, Gate]:
    """What Traffic Server makes of its names."""
    home = "/opt/trafficserver/etc/trafficserver"
    files = {f"{home}/records.config": records, f"{home}/sni/sni.yaml": yaml.safe_dump({"sni": rows})}
    site, pod = of(pods("traffic-server", 443, files=files), "traffic-server")
    return site, traffic_server.gate(site, pod)


class TestTrafficServer:
    """components.md section 7."""

    def test_names(self) -> None:
        """Parties by their names of one domain."""
        site, gate = names([{"fqdn": "9999.fate.org", "tunnel_route": "10.0.0.1:30109"}])
        assert told(site) == ""
        assert gate.table == RouteTable(None, {9999: Endpoint("10.0.0.1", 30109)}, domain="fate.org")
        assert [each.container_port for each in gate.exposed] == [443]

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ({"fqdn": "shop.fate.org", "tunnel_route": "10.0.0.1:30109"}, "is no party's name"),
            ({"fqdn": "10000.other.org", "tunnel_route": "10.0.0.1:30109"}, "the other rows' domain is fate.org"),
            ({"fqdn": "10000.fate.org", "tunnel_route": "10.0.0.1"}, "is no host:port"),
            ({"fqdn": "10000.fate.org", "tunnel_route": "10.0.0.1:80"}, "not to 80"),
            ({"fqdn": "9999.fate.org", "tunnel_route": "10.0.0.1:30109"}, "party 9999 is listed twice"),
        ],
    )
    def test_a_row(self, row: Tree, message: str) -> None:
        """A name that nobody asks for, or a port that is refused."""
        site, gate = names([{"fqdn": "9999.fate.org", "tunnel_route": "10.0.0.1:30100"}, row])
        assert message in told(site)
        assert [*gate.table.entries] == [9999]

    def test_records(self) -> None:
        """It must listen for TLS, and find its names."""
        site, _ = names([], RECORDS.replace("443:ssl", "443"))
        assert "does not make it listen on 443" in told(site)
        site, _ = names([], RECORDS.replace("sni/sni.yaml", "other.yaml"))
        assert "looks for its names (sni.yaml)" in told(site)


def osx(table: Tree, *, is_party: bool = True, properties: str = "") -> tuple[Site, Gate]:
    """What OSX makes of its files."""
    folder = "/data/projects/fate/osx/conf/broker"
    text = "grpc.port=9370\nopen.http.server=false\n" + properties
    text += "eggroll.cluster.manager.ip=clustermanager\neggroll.cluster.manager.port=4670\n"
    files = {f"{folder}/broker.properties": text, f"{folder}/route_table.json": json.dumps(table)}
    objects = pods("osx", 9370, files=files)
    if is_party:
        objects += [*pods("clustermanager", 4670), *pods("python", 9360, 9380)]
    site, pod = of(objects, "osx")
    return site, routers.osx(site, pod, 9999, is_party=is_party)


FLOW: Tree = {"fateflow": [{"ip": "python", "port": 9360}]}
PEER: Tree = {"default": [{"ip": "10.0.0.1", "port": 30101}, {"ip": "10.0.0.2", "port": 30101}]}


class TestOsx:
    """components.md section 3.4."""

    def test_a_party(self) -> None:
        """Any endpoint of a list may be taken."""
        site, gate = osx({"route_table": {"9999": FLOW, "10000": PEER}, "self_party": ["9999"]})
        assert told(site) == ""
        more = {10000: (Endpoint("10.0.0.2", 30101),)}
        assert gate.table == RouteTable(9999, {10000: Endpoint("10.0.0.1", 30101)}, (), more)

    def test_an_exchange(self) -> None:
        """It answers for nobody."""
        site, gate = osx({"route_table": {"9999": PEER}, "self_party": ["default"]}, is_party=False)
        assert told(site) == ""
        assert [*gate.table.entries] == [9999]

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ({"route_table": {"9999": FLOW}}, "self_party is None"),
            ({"route_table": {"9999": FLOW}, "self_party": [9999]}, "self_party is [9999]"),
            ({"route_table": {}, "self_party": ["9999"]}, "messages to the site itself go to nobody"),
            ({"self_party": ["9999"]}, "it has no route_table"),
            ({"route_table": {"9999": FLOW, "shop": PEER}, "self_party": ["9999"]}, "'shop' is no party's id"),
        ],
    )
    def test_a_table(self, table: Tree, message: str) -> None:
        """What OSX refuses or cannot follow."""
        site, _ = osx(table)
        assert message in told(site)

    def test_a_key_twice(self) -> None:
        """Only the last one counts."""
        site, pod = of(
            pods(
                "osx",
                9370,
                files={
                    "/data/projects/fate/osx/conf/broker/route_table.json": '{"route_table": {"1": {}, "1": {}}}',
                    "/data/projects/fate/osx/conf/broker/broker.properties": "",
                },
            ),
            "osx",
        )
        routers.osx(site, pod, 9999, is_party=False)
        assert "'1' is listed twice" in told(site)
        assert "OSX opens a second port" in told(site)


SERVING = "/data/projects/fate-serving"


def served(table: Tree, proxy: str = "", server: str = "") -> tuple[Site, Pod, Pod]:
    """serving-proxy and serving-server of a party."""
    plain = f"coordinator=9999\nuseZkRouter=false\nroute.table={SERVING}/routes/route_table.json\n"
    own = "party.id=9999\nport=8000\nproxy=serving-proxy:8879\nuseZkRouter=false\nuseRegister=false\n"
    own += "model.transfer.url=http://10.0.0.1:30097/v1/model/transfer\n"
    home = f"{SERVING}/serving-proxy"
    files = {
        f"{home}/conf/application.properties": plain + proxy,
        f"{SERVING}/routes/route_table.json": json.dumps({"route_table": table}),
    }
    objects = pods("serving-proxy", 8059, 8869, 8879, files=files)
    objects += pods(
        "serving-server", 8000, files={f"{SERVING}/serving-server/conf/serving-server.properties": own + server}
    )
    site, pod = of(objects, "serving-proxy")
    other = site.pod("serving-server")
    assert other is not None
    return site, pod, other


SERVER: Tree = {"serving": [{"ip": "serving-server", "port": 8000}]}


class TestServing:
    """components.md section 6."""

    def test_a_party(self) -> None:
        """Ports may be texts; the own server is found in the table."""
        site, pod, server = served({"9999": SERVER, "10000": {"default": [{"ip": "10.0.0.1", "port": "30106"}]}})
        gate = serving.proxy(site, pod, 9999, is_party=True)
        load, transfer = serving.server(site, server, 9999)
        assert told(site) == ""
        assert gate.table == RouteTable(9999, {10000: Endpoint("10.0.0.1", 30106)})
        assert [each.container_port for each in gate.exposed] == [8869]
        assert [each.container_port for each in load.exposed] == [8000]
        assert transfer.table.entries == {9999: Endpoint("10.0.0.1", 30097)}

    @pytest.mark.parametrize(
        ("proxy", "server", "message"),
        [
            ("useZkRouter=true\nzk.url=serving-zookeeper:2181\n", "", "which the site does not have"),
            ("coordinator=1\n", "", "coordinator is 1, and the site is 9999"),
            ("", "party.id=1\n", "party.id is 1"),
            ("", "proxy=serving-proxy:8869\n", "serving-proxy:8869 does not lead to the site's own serving-proxy"),
            ("", "proxy=nobody:8879\n", "nobody:8879 does not lead to the site's own serving-proxy"),
            ("", "model.transfer.url=10.0.0.1\n", "without a usable URL"),
            ("", "cache.type=redis\nredis.ip=serving-redis\nredis.port=6379\n", "serving-redis:6379 does not lead"),
        ],
    )
    def test_a_setting(self, proxy: str, server: str, message: str) -> None:
        """What does not lead to the site's own is remarked on."""
        site, pod, other = served({"9999": SERVER}, proxy, server)
        serving.proxy(site, pod, 9999, is_party=True)
        list(serving.server(site, other, 9999))
        assert message in told(site)

    def test_no_own_server(self) -> None:
        """Without ZooKeeper the proxy needs the entry."""
        site, pod, _ = served({})
        serving.proxy(site, pod, 9999, is_party=True)
        assert "does not lead to the site's own serving-server" in told(site)
