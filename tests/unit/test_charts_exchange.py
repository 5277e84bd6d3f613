"""What charts make of an exchange's cluster.yaml: trafficServer with nginx, nginx alone, rollsite and proxy."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers import charts
from renderers.reading import Exposed, Gate, Reading, Unreadable

HEAD = """\
name: fate-exchange
namespace: fate-exchange
chartName: fate-exchange
chartVersion: v1.11.2
partyId: 1
modules: [trafficServer, nginx]
"""
TRAFFIC = """\
trafficServer:
  type: NodePort
  nodePort: 30000
  route_table:
    sni:
      - fqdn: 10000.fate.org
        tunnelRoute: 192.168.10.1:30109
      - fqdn: 9999.fate.org
        tunnelRoute: 192.168.9.1:30099
"""
NGINX = """\
nginx:
  type: NodePort
  httpNodePort: 30003
  grpcNodePort: 30008
  route_table:
    9999:
      proxy:
        - {host: 192.168.9.1, http_port: 30093, grpc_port: 30098}
      fateflow:
        - {host: 192.168.9.1, http_port: 30097, grpc_port: 30092}
    10000:
      fateflow:
        - {host: 192.168.10.1, http_port: 30103, grpc_port: 30108}
"""
EXCHANGE = HEAD + TRAFFIC + NGINX
PARTIES = {10000: Endpoint("192.168.10.1", 30109), 9999: Endpoint("192.168.9.1", 30099)}
ROWS = ("trafficServer", "route_table", "sni")


def read(text: str) -> Reading:
    """A readable file."""
    reading = charts.read(text, "cluster.yaml")
    assert isinstance(reading, Reading), reading
    return reading


def gate(text: str, channel: Channel) -> Gate:
    """A channel that a readable file has."""
    found = read(text).gate(channel)
    assert found is not None
    return found


def said(text: str) -> list[str]:
    """What is remarked about a file."""
    return [remark.message for remark in read(text).remarks]


def sni(*rows: str) -> str:
    """An exchange with these rows."""
    listed = "".join(f"      - {row}\n" for row in rows)
    return HEAD + NGINX + f"trafficServer:\n  type: NodePort\n  nodePort: 30000\n  route_table:\n    sni:\n{listed}"


class TestTrafficServer:
    """INV-PUL-3 to 7 and INV-PUL-10."""

    def test_the_sample(self) -> None:
        """Names for data, ids for control; an unknown party leads nginx to itself, which is nowhere."""
        reading = read(EXCHANGE)
        assert (reading.chart, reading.release, reading.module) == ("fate-exchange", "v1.11.2", "trafficServer")
        assert (reading.party, reading.dropped, reading.remarks) == (1, (), ())
        assert reading.gates == (
            Gate(
                Channel.NGINX_HTTP,
                RouteTable(1, {9999: Endpoint("192.168.9.1", 30097), 10000: Endpoint("192.168.10.1", 30103)}),
                (Exposed("nginx", "NodePort", 9300, 30003, None, ("nginx", "type")),),
                ("nginx", "route_table"),
            ),
            Gate(
                Channel.NGINX_GRPC,
                RouteTable(1, {9999: Endpoint("192.168.9.1", 30092), 10000: Endpoint("192.168.10.1", 30108)}),
                (Exposed("nginx", "NodePort", 9310, 30008, None, ("nginx", "type")),),
                ("nginx", "route_table"),
            ),
            Gate(
                Channel.PULSAR,
                RouteTable(1, PARTIES, domain="fate.org"),
                (Exposed("traffic-server", "NodePort", 443, 30000, None, ("trafficServer", "type")),),
                ROWS,
            ),
        )

    def test_v1_6_0_has_no_nginx(self) -> None:
        """It came with v1.6.0-a, and its block is lost before."""
        text = (HEAD + TRAFFIC).replace("v1.11.2", "v1.6.0").replace(", nginx]", "]")
        assert [found.channel for found in read(text).gates] == [Channel.PULSAR]
        assert said(text) == []

    def test_without_nginx_there_is_no_control(self) -> None:
        """INV-PUL-10."""
        assert said((HEAD + TRAFFIC).replace(", nginx]", "]")) == [
            "without nginx the exchange passes on no control messages"
        ]

    def test_nginx_alone_is_an_exchange_for_control(self) -> None:
        """RabbitMQ's parties, which have no exchange for data, may use one."""
        text = (HEAD + NGINX).replace("trafficServer, ", "")
        assert (read(text).module, said(text)) == ("nginx", [])
        assert [found.channel for found in read(text).gates] == [Channel.NGINX_HTTP, Channel.NGINX_GRPC]

    @pytest.mark.parametrize("service", ["nodePort: 30000", "type: ClusterIP\n  nodePort: 30000"])
    def test_kubernetes_refuses_a_node_port_of_a_cluster_ip(self, service: str) -> None:
        """INV-PORT-3: this chart sets the port whatever the type is."""
        text = EXCHANGE.replace("type: NodePort\n  nodePort: 30000", service)
        assert said(text) == ["Kubernetes refuses a nodePort while type is ClusterIP"]
        assert gate(text, Channel.PULSAR).exposed[0][1:4] == ("ClusterIP", 443, None)

    def test_a_cluster_ip_alone_is_fine(self) -> None:
        """For parties on the same cluster."""
        text = EXCHANGE.replace("type: NodePort\n  nodePort: 30000", "type: ClusterIP")
        assert (gate(text, Channel.PULSAR).exposed[0].service_type, said(text)) == ("ClusterIP", [])

    def test_a_load_balancers_address_is_dropped(self) -> None:
        """INV-EGG-16."""
        text = EXCHANGE.replace("type: NodePort", "type: LoadBalancer\n  loadBalancerIP: 10.0.0.7")
        assert {door.load_balancer for found in read(text).gates for door in found.exposed} == {None}
        assert read(text).dropped == (("trafficServer", "loadBalancerIP"), ("nginx", "loadBalancerIP"))

    @pytest.mark.parametrize("port", [443, 6650, 6700, 30000, 33000])
    def test_ports_that_the_chart_allows(self, port: int) -> None:
        """INV-PUL-7."""
        text = sni(f"{{fqdn: 9999.fate.org, tunnelRoute: '192.168.9.1:{port}'}}")
        assert gate(text, Channel.PULSAR).table.entries == {9999: Endpoint("192.168.9.1", port)}

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            (
                "{fqdn: 9999.fate.org, tunnelRoute: '192.168.9.1:6649'}",
                "trafficServer connects to ports 443, 6650 to 6700 and 30000 to 33000 only, not to 6649",
            ),
            ("{fqdn: 9999.fate.org, tunnelRoute: 192.168.9.1}", "tunnelRoute '192.168.9.1' is no host:port"),
            ("{fqdn: 9999.fate.org}", "tunnelRoute None is no host:port"),
            ("{tunnelRoute: '192.168.9.1:6651'}", "fqdn None is no party's name, <party id>.fate.org"),
            (
                "{fqdn: hub.fate.org, tunnelRoute: '192.168.9.1:6651'}",
                "fqdn 'hub.fate.org' is no party's name, <party id>.fate.org",
            ),
            (
                "{fqdn: 9999.example.org, tunnelRoute: '192.168.9.1:6651'}",
                "the other rows' domain is fate.org: parties ask for 9999.fate.org",
            ),
            (
                "{fqdn: 10000.fate.org, tunnelRoute: '192.168.9.1:6651'}",
                "party 10000 is listed twice; only the first row counts",
            ),
            ("9999", "fqdn None is no party's name, <party id>.fate.org"),
        ],
    )
    def test_rows_that_lead_nowhere(self, row: str, message: str) -> None:
        """Each is remarked where it stands, and is no entry."""
        others = [f"{{fqdn: {party}.fate.org, tunnelRoute: '192.168.10.1:30109'}}" for party in (10000, 10001)]
        text = sni(*others, row)
        assert dict(gate(text, Channel.PULSAR).table.entries) == {
            10000: Endpoint("192.168.10.1", 30109),
            10001: Endpoint("192.168.10.1", 30109),
        }
        assert [(remark.path, remark.message) for remark in read(text).remarks] == [((*ROWS, 2), message)]

    def test_hosts_may_be_names_and_ipv6(self) -> None:
        """TrafficServer looks names up."""
        text = sni(
            "{fqdn: 9999.fate.org, tunnelRoute: 'shop.example.com:6651'}",
            "{fqdn: 10000.fate.org, tunnelRoute: '[fe80::1]:6651'}",
        )
        assert gate(text, Channel.PULSAR).table.entries == {
            9999: Endpoint("shop.example.com", 6651),
            10000: Endpoint("fe80::1", 6651),
        }

    @pytest.mark.parametrize("rows", ["", "    sni: []\n", "    sni:\n"])
    def test_no_rows(self, rows: str) -> None:
        """And no domain."""
        text = HEAD + NGINX + f"trafficServer:\n  type: NodePort\n  nodePort: 30000\n  route_table:\n{rows}"
        assert gate(text, Channel.PULSAR).table == RouteTable(1, {})

    def test_a_name_leads_nginx_to_the_exchange_itself(self) -> None:
        """Fact 1: the placeholder of this chart is itself."""
        text = EXCHANGE.replace("host: 192.168.10.1", "host: shop.example.com")
        assert gate(text, Channel.NGINX_HTTP).table.entries == {9999: Endpoint("192.168.9.1", 30097)}
        assert said(text) == [
            "nginx does not look up names: what is sent to shop.example.com goes to the exchange itself"
        ]


class TestRollsite:
    """Chart fate-exchange, and chart fate with module rollsite alone."""

    TEXT = HEAD.replace("trafficServer, nginx", "rollsite") + (
        "rollsite:\n  type: NodePort\n  nodePort: 30000\n"
        "  partyList:\n    - {partyId: 9999, partyIp: 192.168.9.1, partyPort: 30091}\n"
    )

    @pytest.mark.parametrize(
        ("chart", "version"),
        [("fate-exchange", "v1.11.2"), ("fate-exchange", "v1.6.0"), ("fate", "v1.7.2"), ("fate", "v1.5.0")],
    )
    def test_its_parties(self, chart: str, version: str) -> None:
        """One channel, and nothing of FATE-Flow's."""
        text = self.TEXT.replace("chartName: fate-exchange", f"chartName: {chart}").replace("v1.11.2", version)
        assert read(text).gates == (
            Gate(
                Channel.ROLLSITE,
                RouteTable(1, {9999: Endpoint("192.168.9.1", 30091)}),
                (Exposed("rollsite", "NodePort", 9370, 30000, None, ("rollsite", "type")),),
                ("rollsite", "partyList"),
            ),
        )
        assert said(text) == []

    def test_an_exchange_without_modules(self) -> None:
        """Said in the words of its chart."""
        assert said(self.TEXT.replace("[rollsite]", "[]")) == [
            "no module routes messages: rollsite, trafficServer or nginx is missing"
        ]

    @pytest.mark.parametrize("version", ["v1.5.1", "v2.0.0", "1.11.2"])
    def test_charts_that_were_never_published(self, version: str) -> None:
        """Chart fate-exchange came with v1.6.0, and stopped at v1.11.2, which v2.0.0's samples name."""
        found = charts.read(self.TEXT.replace("v1.11.2", version), "f")
        assert found == Unreadable("f", f"there is no chart fate-exchange {version}", ("chartVersion",))


class TestProxy:
    """Charts v1.3.0-a and v1.3.0-b, whose files name no chart."""

    TEXT = """\
name: fate-9999
namespace: fate-9999
chartVersion: v1.3.0-a
partyId: 9999
modules: [proxy, egg, federation, metaService, mysql, redis, roll, python]
proxy:
  type: NodePort
  nodePort: 30009
  partyList:
    - partyId: 8888
      partyIp: 192.168.1.10
      partyPort: 30008
  exchange:
    ip: proxy.fate-10000
    port: 9370
egg:
  count: 3
"""

    def test_the_sample(self) -> None:
        """Routes like rollsite's."""
        reading = read(self.TEXT)
        assert (reading.chart, reading.release, reading.module) == ("fate", "v1.3.0-a", "proxy")
        assert reading.gates == (
            Gate(
                Channel.ROLLSITE,
                RouteTable(9999, {8888: Endpoint("192.168.1.10", 30008)}, (Endpoint("proxy.fate-10000", 9370),)),
                (Exposed("proxy", "NodePort", 9370, 30009, None, ("proxy", "type")),),
                ("proxy", "partyList"),
            ),
        )
        assert (reading.dropped, reading.remarks) == ((), ())

    @pytest.mark.parametrize("version", ["v1.3.0-a", "v1.3.0-b"])
    def test_version_is_another_word(self, version: str) -> None:
        """KubeFATE's guide of the time writes `version`."""
        text = self.TEXT.replace("chartVersion: v1.3.0-a", f"version: {version}")
        assert (read(text).release, read(text).dropped) == (version, ())

    def test_the_chart_may_be_named(self) -> None:
        """As later files do; another one is none."""
        assert read(self.TEXT + "chartName: fate\n").chart == "fate"
        found = charts.read(self.TEXT + "chartName: fate-exchange\n", "f")
        assert isinstance(found, Unreadable)

    def test_later_releases_must_name_their_chart(self) -> None:
        """And their version."""
        for text in (
            self.TEXT.replace("v1.3.0-a", "v1.4.0"),
            self.TEXT.replace("chartVersion: v1.3.0-a", "version: v1.4.0"),
        ):
            found = charts.read(text, "f")
            assert isinstance(found, Unreadable)
            assert found.message == "chartName is missing or no text, which KubeFATE's CLI refuses"
            assert found.path == ("chartName",)

    def test_an_exchange_is_a_proxy_alone(self) -> None:
        """Chart fate with one module."""
        text = self.TEXT.replace("proxy, egg, federation, metaService, mysql, redis, roll, python", "proxy")
        assert (read(text).module, said(text)) == ("proxy", [])
        assert said(text.replace("[proxy]", "[egg]")) == ["no module routes messages: proxy is missing"]

    def test_v1_3_0_b_knows_a_serving_server(self) -> None:
        """V1.3.0-a does not."""
        text = self.TEXT + "servingIp: 192.168.9.1\nservingPort: 30095\n"
        newer = read(text.replace("v1.3.0-a", "v1.3.0-b")).gate(Channel.LOAD)
        assert newer is not None
        assert newer.table.find(9999) == (Endpoint("192.168.9.1", 30095),)
        bare = text.replace("v1.3.0-a", "v1.3.0-b").replace("192.168.9.1", "fd00::9")
        assert read(bare).gate(Channel.LOAD) is None
        assert said(bare) == ["fd00::9:30095 is no host and port: an IPv6 address needs brackets here"]
        assert read(text).gate(Channel.LOAD) is None
        assert read(text).dropped == (("servingIp",), ("servingPort",))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**7)
    | st.sampled_from(["", "a", "NodePort", "9999.fate.org", "1.a", "10.0.0.1:6651", "[::1]:443", "x:99999"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["sni", "fqdn", "tunnelRoute", "fateflow", "host", "partyId"]) | st.integers(0, 3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
BLOCK = ANYTHING | st.dictionaries(st.sampled_from(["type", "nodePort", "route_table", "partyList"]), ANYTHING)


@settings(max_examples=50)
@given(
    st.sampled_from(["v1.6.0", "v1.6.0-a", "v1.11.2"]),
    st.fixed_dictionaries(
        {"modules": st.lists(st.sampled_from(["trafficServer", "nginx", "rollsite"]), max_size=3) | ANYTHING},
        optional=dict.fromkeys(("trafficServer", "nginx", "rollsite", "partyId"), BLOCK),
    ),
)
def test_reading_never_raises(version: str, data: dict[str, Any]) -> None:
    """Whatever a person wrote under `overrides` or into the file."""
    head = {"name": "a", "namespace": "a", "chartName": "fate-exchange", "chartVersion": version}
    assert isinstance(charts.read(yaml.safe_dump({**head, **data}), "f"), Reading)
