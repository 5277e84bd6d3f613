"""What chart fate-serving makes of a cluster.yaml: of a party's FATE-Serving, and of a serving exchange."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.releases import SERVING_NAMES
from renderers import charts
from renderers.reading import Exposed, Gate, Reading, Unreadable

SERVING = """\
name: fate-serving-9999
namespace: fate-serving-9999
chartName: fate-serving
chartVersion: v2.1.6
partyId: 9999
modules: [servingProxy, servingRedis, servingServer, servingZookeeper, servingAdmin]
servingProxy:
  nodePort: 30096
  type: NodePort
  partyList:
    - partyId: 10000
      partyIp: 192.168.10.1
      partyPort: 30106
servingServer:
  type: NodePort
  nodePort: 30095
  fateflow:
    ip: 192.168.9.1
    port: 30097
"""
PEER = Endpoint("192.168.10.1", 30106)
OLD = SERVING.replace("v2.1.6", "v2.0.0").replace("  type: NodePort\n  partyList", "  partyList")
OLD = OLD.replace(", servingZookeeper, servingAdmin", "")


def read(text: str) -> Reading:
    """A readable file."""
    reading = charts.read(text, "serving.yaml")
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


class TestAPartyAsItShouldBe:
    """The samples of KubeFATE, whole."""

    def test_v2_1_6(self) -> None:
        """Peers dial the proxy, the own FATE-Flow the server, and the server FATE-Flow."""
        reading = read(SERVING)
        assert (reading.chart, reading.release, reading.module) == ("fate-serving", "v2.1.6", "servingProxy")
        assert (reading.party, reading.dropped, reading.remarks, reading.tls) == (9999, (), (), False)
        assert reading.gates == (
            Gate(
                Channel.SERVING,
                RouteTable(9999, {10000: PEER}),
                (Exposed("serving-proxy", "NodePort", 8869, 30096, None, ("servingProxy", "type")),),
                ("servingProxy", "partyList"),
            ),
            Gate(
                Channel.LOAD,
                RouteTable(9999, {}),
                (Exposed("serving-server", "NodePort", 8000, 30095, None, ("servingServer", "type")),),
                ("servingServer", "type"),
            ),
            Gate(
                Channel.TRANSFER,
                RouteTable(9999, {9999: Endpoint("192.168.9.1", 30097)}),
                (),
                ("servingServer", "fateflow"),
            ),
        )

    def test_v2_0_0_needs_no_type(self) -> None:
        """INV-SRV-8: its proxy is a NodePort whatever is written."""
        door = Exposed("serving-proxy", "NodePort", 8869, 30096, None, ("servingProxy", "nodePort"))
        assert gate(OLD, Channel.SERVING).exposed == (door,)
        assert said(OLD) == []
        text = OLD.replace("  nodePort: 30096", "  type: ClusterIP\n  nodePort: 30096")
        assert (gate(text, Channel.SERVING).exposed, read(text).dropped) == ((door,), (("servingProxy", "type"),))

    @pytest.mark.parametrize("version", SERVING_NAMES)
    def test_every_published_chart(self, version: str) -> None:
        """The proxy's routes are written alike in all."""
        text = (SERVING if version >= "v2.0.4" else OLD).replace("v2.1.6", version).replace("v2.0.0", version)
        assert gate(text, Channel.SERVING).table == RouteTable(9999, {10000: PEER})
        assert gate(text, Channel.SERVING).exposed[0].node_port == 30096
        assert gate(text, Channel.TRANSFER).table.entries == {9999: Endpoint("192.168.9.1", 30097)}
        assert said(text) == []

    def test_v1_2_2_does_not_expose_its_server(self) -> None:
        """It has no keys for it."""
        text = OLD.replace("v2.0.0", "v1.2.2")
        assert gate(text, Channel.LOAD).exposed[0][1:4] == ("ClusterIP", 8000, None)
        assert read(text).dropped == (("servingServer", "type"), ("servingServer", "nodePort"))


class TestRoutes:
    """INV-SRV-1, and components.md section 6."""

    def test_the_exchange_is_the_default_route(self) -> None:
        """Beside direct routes."""
        text = SERVING.replace(
            "  type: NodePort\n  partyList", "  type: NodePort\n  exchange: {ip: 192.168.1.1, port: 30100}\n  partyList"
        )
        found = gate(text, Channel.SERVING).table
        assert (found.entries, found.default) == ({10000: PEER}, (Endpoint("192.168.1.1", 30100),))

    def test_a_row_without_an_endpoint_leaves_the_others(self) -> None:
        """The chart quotes both, so the table stays valid."""
        text = SERVING.replace("      partyPort: 30106\n", "")
        assert gate(text, Channel.SERVING).table.entries == {}
        assert said(text) == ["the row has no usable partyIp and partyPort"]

    @pytest.mark.parametrize(
        ("party", "message"),
        [
            ("9999", "the site lists itself, a key the chart already writes"),
            ("default", "partyId 'default' is no party's id"),
        ],
    )
    def test_rows_of_nobody_else(self, party: str, message: str) -> None:
        """As in rollsite's table."""
        text = SERVING.replace("partyId: 10000", f"partyId: {party}")
        assert (gate(text, Channel.SERVING).table.entries, said(text)) == ({}, [message])

    def test_a_rollsite_block_is_lost(self) -> None:
        """KubeFATE's guide of v1.5.0 shows one for a serving exchange."""
        text = SERVING + "rollsite:\n  partyList:\n    - {partyId: 1, partyIp: a, partyPort: 2}\n"
        assert {path[0] for path in read(text).dropped} == {"rollsite"}

    def test_an_exchange_is_a_proxy_alone(self) -> None:
        """With the zookeeper it looks for (INV-SRV-5)."""
        text = SERVING.split("servingServer:\n", maxsplit=1)[0]
        text = text.replace("servingProxy, servingRedis, servingServer, servingZookeeper, servingAdmin", "servingProxy")
        assert [found.channel for found in read(text).gates] == [Channel.SERVING]
        assert said(text) == ["servingProxy looks for serving-zookeeper:2181, and module servingZookeeper is missing"]
        assert said(text.replace("[servingProxy]", "[servingProxy, servingZookeeper]")) == []
        assert said(text.replace("v2.1.6", "v2.0.0")) == []


class TestServices:
    """INV-SRV-8 and INV-PORT-3."""

    @pytest.mark.parametrize("service", ["nodePort: 30096", "nodePort: 30096\n  type: ClusterIP"])
    def test_kubernetes_refuses_a_node_port_of_a_cluster_ip(self, service: str) -> None:
        """The proxy's type has no default since v2.0.4, and the port is set whatever it is."""
        text = SERVING.replace("nodePort: 30096\n  type: NodePort", service)
        assert said(text) == ["Kubernetes refuses a nodePort while type is ClusterIP"]
        assert gate(text, Channel.SERVING).exposed[0][1:4] == ("ClusterIP", 8869, None)

    def test_the_servers_is_ignored(self) -> None:
        """Its template looks at the type."""
        text = SERVING.replace("  type: NodePort\n  nodePort: 30095", "  nodePort: 30095")
        assert said(text) == ["nodePort has no effect while type is ClusterIP"]
        assert gate(text, Channel.LOAD).exposed[0][1:4] == ("ClusterIP", 8000, None)

    def test_behind_load_balancers(self) -> None:
        """Charts since v2.1.5 ask for an address."""
        text = SERVING.replace("type: NodePort", "type: LoadBalancer\n  loadBalancerIP: 10.0.0.7")
        assert [gate(text, channel).exposed[0].load_balancer for channel in (Channel.SERVING, Channel.LOAD)] == [
            "10.0.0.7",
            "10.0.0.7",
        ]
        older = text.replace("v2.1.6", "v2.0.4")
        assert gate(older, Channel.SERVING).exposed[0].load_balancer is None


class TestModules:
    """What is deployed at all."""

    def test_without_a_server_there_is_nothing_inside_the_party(self) -> None:
        """And without a proxy no peer."""
        assert [found.channel for found in read(SERVING.replace("servingServer, ", "", 1)).gates] == [Channel.SERVING]
        text = SERVING.replace("[servingProxy, ", "[")
        assert read(text).module == "servingServer"
        assert [found.channel for found in read(text).gates] == [Channel.LOAD, Channel.TRANSFER]

    def test_neither(self) -> None:
        """Nothing serves."""
        text = SERVING.replace("[servingProxy, servingRedis, servingServer, ", "[")
        assert (read(text).module, read(text).gates) == ("", ())
        assert said(text) == ["no module serves: servingProxy and servingServer are missing"]

    def test_ipv6(self) -> None:
        """The chart joins ip and port to a URL."""
        text = SERVING.replace("ip: 192.168.9.1", 'ip: "[fd00::9]"')
        assert gate(text, Channel.TRANSFER).table.entries == {9999: Endpoint("fd00::9", 30097)}

    @pytest.mark.parametrize(
        "fateflow", ["", "  fateflow:\n", "  fateflow: {ip: 192.168.9.1}\n", "  fateflow: {ip: fd00::9, port: 30097}\n"]
    )
    def test_a_server_that_knows_no_fateflow(self, fateflow: str) -> None:
        """INV-SRV-3: it cannot fetch what FATE-Flow tells it to load."""
        text = SERVING.split("  fateflow:", maxsplit=1)[0] + fateflow
        assert gate(text, Channel.TRANSFER).table.entries == {}
        assert [(remark.path, remark.message) for remark in read(text).remarks] == [
            (("servingServer", "fateflow"), "without ip and port serving-server fetches no models")
        ]

    @pytest.mark.parametrize("version", ["v2.1.0", "2.1.6", "v1.11.2"])
    def test_charts_that_were_never_published(self, version: str) -> None:
        """They are numbered after FATE-Serving."""
        found = charts.read(SERVING.replace("v2.1.6", version), "f")
        assert found == Unreadable("f", f"there is no chart fate-serving {version}", ("chartVersion",))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**7) | st.sampled_from(["", "a", "NodePort", "9999", "10.0.0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["partyId", "partyIp", "partyPort", "ip", "port"]), inner, max_size=4)
    ),
    max_leaves=6,
)
BLOCK = ANYTHING | st.dictionaries(
    st.sampled_from(["type", "nodePort", "loadBalancerIP", "partyList", "exchange", "fateflow"]), ANYTHING
)


@settings(max_examples=50)
@given(
    st.sampled_from(SERVING_NAMES),
    st.fixed_dictionaries(
        {"modules": st.lists(st.sampled_from(["servingProxy", "servingServer"]), max_size=3) | ANYTHING},
        optional=dict.fromkeys(("servingProxy", "servingServer", "partyId"), BLOCK),
    ),
)
def test_reading_never_raises(version: str, data: dict[str, Any]) -> None:
    """Whatever a person wrote under `overrides` or into the file."""
    head = {"name": "a", "namespace": "a", "chartName": "fate-serving", "chartVersion": version}
    assert isinstance(charts.read(yaml.safe_dump({**head, **data}), "f"), Reading)
