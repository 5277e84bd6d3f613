"""What charts make of a cluster.yaml of the eggroll family: dropped keys, Services and route tables."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.channels import Channel
from planner.diagnostics import Span
from planner.lookup import POLLED, Endpoint, RouteTable
from renderers import charts
from renderers.reading import Exposed, Gate, Reading, Unreadable

PARTY = """\
name: fate-9999
namespace: fate-9999
chartName: fate
chartVersion: v1.11.2
partyId: 9999
modules: [rollsite, clustermanager, nodemanager, mysql, python, fateboard, client]
rollsite:
  type: NodePort
  nodePort: 30091
  partyList:
    - partyId: 10000
      partyIp: 192.168.10.1
      partyPort: 30101
"""
OSX = PARTY.replace("rollsite", "osx").replace("v1.11.2", "v2.0.0")
PEER = Endpoint("192.168.10.1", 30101)
HUB = Endpoint("192.168.1.1", 30000)
EXCHANGE = "  exchange: {ip: 192.168.1.1, port: 30000}\n"


def read(text: str) -> Reading:
    """A readable file."""
    reading = charts.read(text, "cluster.yaml")
    assert isinstance(reading, Reading), reading
    return reading


def gate(text: str) -> Gate:
    """The router of a readable file."""
    found = read(text).gate(Channel.ROLLSITE)
    assert found is not None
    return found


def table(text: str) -> RouteTable:
    """The route table of a readable file."""
    return gate(text).table


def remarks(text: str) -> list[str]:
    """What is remarked about a file."""
    return [remark.message for remark in read(text).remarks]


class TestAPartyAsItShouldBe:
    """The whole reading of an ordinary file."""

    def test_everything_is_read(self) -> None:
        """Name, place, id, version, routes and Service."""
        reading = read(PARTY)
        assert reading == Reading(
            file="cluster.yaml",
            name="fate-9999",
            namespace="fate-9999",
            party=9999,
            chart="fate",
            release="v1.11.2",
            module="rollsite",
            modules=("rollsite", "clustermanager", "nodemanager", "mysql", "python", "fateboard", "client"),
            gates=(
                Gate(
                    Channel.ROLLSITE,
                    RouteTable(9999, {10000: PEER}),
                    (Exposed("rollsite", "NodePort", 9370, 30091, None, ("rollsite", "type")),),
                    ("rollsite", "partyList"),
                ),
                Gate(
                    Channel.TRANSFER,
                    RouteTable(9999, {}),
                    (Exposed("fateflow-client", "ClusterIP", 9380, None, None, ("python", "type")),),
                    ("python", "type"),
                ),
            ),
        )

    def test_the_exchange_is_the_default_route(self) -> None:
        """Beside direct routes, which win (INV-EGG-6)."""
        found = table(PARTY + EXCHANGE)
        assert (found.entries, found.default) == ({10000: PEER}, (HUB,))

    def test_osx_is_read_alike(self) -> None:
        """Only the block has another name."""
        found = gate(OSX)
        assert (read(OSX).module, found.exposed[0].node_port, found.table.entries) == ("osx", 30091, {10000: PEER})
        assert (found.exposed[0].service, found.path) == ("osx", ("osx", "partyList"))


class TestUnreadable:
    """What KubeFATE's CLI or service refuses is a value, never an exception."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a: [", "it is not YAML: while parsing a flow node"),
            ("- a\n", "it is not a mapping"),
            ("", "it is not a mapping"),
            (PARTY.replace("name: fate-9999\n", "", 1), "name is missing or no text, which KubeFATE's CLI refuses"),
            (
                PARTY.replace("chartVersion: v1.11.2", "chartVersion:"),
                "chartVersion is missing or no text, which KubeFATE's CLI refuses",
            ),
            (
                PARTY.replace("namespace: fate-9999", "namespace: 9999"),
                "namespace is missing or no text, which KubeFATE's CLI refuses",
            ),
            (PARTY.replace("v1.11.2", "v1.11.3"), "there is no chart fate v1.11.3"),
            (
                PARTY.replace("chartName: fate", "chartName: fate-exchange").replace("v1.11.2", "v2.0.0"),
                "there is no chart fate-exchange v2.0.0",
            ),
        ],
    )
    def test_message(self, text: str, message: str) -> None:
        """One clause that names the reason."""
        found = charts.read(text, "f")
        assert isinstance(found, Unreadable)
        assert (found.file, found.message) == ("f", message)

    @pytest.mark.parametrize(
        "text",
        [
            PARTY.replace("192.168.10.1", "2020-13-01"),
            PARTY.replace("192.168.10.1", "0x_"),
            PARTY + "a: " + "[" * 2000,
        ],
    )
    def test_a_scalar_that_yaml_cannot_build(self, text: str) -> None:
        """PyYAML raises ValueError for a date that is none, and runs out of stack for deep nesting."""
        assert isinstance(charts.read(text, "f"), Unreadable)


class TestDroppedKeys:
    """Keys that the values template does not name, or that no template reads, have no effect (section 1.3)."""

    @pytest.mark.parametrize(
        ("text", "dropped"),
        [
            (PARTY, ()),
            (PARTY + "skippedKeys: [a]\n", ()),
            (PARTY + "nginx: {httpNodePort: 30093}\n", ()),
            (PARTY + "osx: {nodePort: 30091}\n", (("osx", "nodePort"),)),
            (PARTY + "backend: eggroll\n", (("backend",),)),
            (PARTY + "imageTag: 1.11.2-release\n", (("imageTag",),)),
            (PARTY + "python: {htttpNodePort: 30097}\n", (("python", "htttpNodePort"),)),
            (PARTY + "python: {resources: {limits: {cpu: 1}}}\n", ()),
            (
                PARTY.replace("partyPort", "partyport"),
                (("rollsite", "partyList", 0, "partyport"),),
            ),
            (OSX + EXCHANGE, (("osx", "exchange", "ip"), ("osx", "exchange", "port"))),
            (OSX + "  polling: {enabled: true}\n", (("osx", "polling", "enabled"),)),
        ],
    )
    def test_paths(self, text: str, dropped: tuple[tuple[str | int, ...], ...]) -> None:
        """Each key by its path."""
        assert read(text).dropped == dropped

    def test_the_rollsite_block_of_a_v2_sample_is_lost(self) -> None:
        """KubeFATE's own samples of v2.0.0 have module and block rollsite, which its chart does not know."""
        reading = read(PARTY.replace("v1.11.2", "v2.0.0"))
        assert {path[0] for path in reading.dropped} == {"rollsite"}


class TestService:
    """How peers reach the site."""

    @pytest.mark.parametrize(
        ("service", "expected", "remarked"),
        [
            ("type: NodePort\n  nodePort: 30091", ("NodePort", 30091, None), []),
            ("nodePort: 30091", ("ClusterIP", None, None), ["nodePort has no effect while type is ClusterIP"]),
            (
                "type: ClusterIP\n  nodePort: 30091",
                ("ClusterIP", None, None),
                ["nodePort has no effect while type is ClusterIP"],
            ),
            ("type:\n  nodePort: 30091", ("ClusterIP", None, None), ["nodePort has no effect while type is ClusterIP"]),
            (
                "type: NodePort",
                ("NodePort", None, None),
                ["without a nodePort Kubernetes picks one that no peer knows"],
            ),
            (
                'type: NodePort\n  nodePort: "30091"',
                ("NodePort", None, None),
                ["without a nodePort Kubernetes picks one that no peer knows"],
            ),
            ("type: LoadBalancer\n  loadBalancerIP: 10.0.0.7", ("LoadBalancer", None, "10.0.0.7"), []),
            (
                "type: LoadBalancer\n  loadBalancerIP: 10.0.0.7\n  nodePort: 30091",
                ("LoadBalancer", 30091, "10.0.0.7"),
                [],
            ),
            (
                "type: NodePort\n  nodePort: 30091\n  loadBalancerIP: 10.0.0.7",
                ("NodePort", 30091, None),
                [],
            ),
        ],
    )
    def test_what_is_exposed(
        self, service: str, expected: tuple[str, int | None, str | None], remarked: list[str]
    ) -> None:
        """INV-PORT-3: without a type the Service is ClusterIP, and the nodePort goes unnoticed."""
        text = PARTY.replace("type: NodePort\n  nodePort: 30091", service)
        assert gate(text).exposed[0][1:2] + gate(text).exposed[0][3:5] == expected
        assert remarks(text) == remarked

    def test_fate_exchange_drops_the_load_balancer_address(self) -> None:
        """INV-EGG-16: its values template does not map the key."""
        text = (
            "name: fate-hub\nnamespace: fate-hub\nchartName: fate-exchange\nchartVersion: v1.11.2\npartyId: 1\n"
            "modules: [rollsite]\nrollsite:\n  type: LoadBalancer\n  loadBalancerIP: 10.0.0.7\n  partyList: []\n"
        )
        reading = read(text)
        door = gate(text).exposed[0]
        assert (door.service_type, door.load_balancer) == ("LoadBalancer", None)
        assert reading.dropped == (("rollsite", "loadBalancerIP"),)

    def test_tls(self) -> None:
        """Only rollsite has it, and only as a boolean."""
        assert read(PARTY + "  enableTLS: true\n").tls
        assert not read(PARTY + "  enableTLS: false\n").tls
        assert not read(OSX + "  enableTLS: true\n").tls
        assert not read(PARTY.replace("v1.11.2", "v1.8.0") + "  enableTLS: true\n").tls


class TestRouteTable:
    """Section 2.1: what the ConfigMap's route table holds."""

    def test_the_own_id_is_remarked_and_no_entry(self) -> None:
        """INV-ID-3: the chart writes that key itself."""
        text = PARTY.replace("partyId: 10000", "partyId: 9999")
        assert table(text).entries == {}
        assert remarks(text) == ["the site lists itself, a key the chart already writes"]

    def test_of_two_rows_for_one_party_the_last_counts(self) -> None:
        """Two keys of one name in a JSON object."""
        text = PARTY + "    - {partyId: 10000, partyIp: 10.0.0.9, partyPort: 30111}\n"
        assert table(text).entries == {10000: Endpoint("10.0.0.9", 30111)}
        assert remarks(text) == ["party 10000 is listed twice; only the last row counts"]

    def test_a_port_in_quotes_is_a_port_to_rollsite(self) -> None:
        """The values template prints it without them (INV-PORT-7)."""
        text = PARTY.replace("partyPort: 30101", 'partyPort: "30101"')
        assert (table(text).entries, remarks(text)) == ({10000: PEER}, [])

    @pytest.mark.parametrize(
        "row",
        [
            "{partyId: 10000}",
            "{partyId: 10000, partyIp: 192.168.10.1}",
            "{partyId: 10000, partyIp: 192.168.10.1, partyPort: }",
            "{partyId: 10000, partyIp: 192.168.10.1, partyPort: none}",
            "{partyId: 10000, partyIp: , partyPort: 30101}",
            '{partyId: 10000, partyIp: "", partyPort: 30101}',
            "10000",
        ],
    )
    def test_a_row_without_an_endpoint_is_remarked(self, row: str) -> None:
        """The chart would print `port: }` and make the whole table invalid."""
        text = PARTY.split("    - ", maxsplit=1)[0] + f"    - {row}\n"
        assert table(text).entries == {}
        assert remarks(text) == ["the row has no usable partyIp and partyPort: the whole table becomes invalid"]

    @pytest.mark.parametrize("party", ["abc", "default", "-1", "1.5", "", "true"])
    def test_an_id_that_is_none_is_remarked(self, party: str) -> None:
        """Rollsite has no row `default`: its default route is the exchange."""
        text = PARTY.replace("partyId: 10000", f"partyId: {party}")
        assert table(text).entries == {}
        assert remarks(text) == [f"partyId {yaml.safe_load(party)!r} is no party's id"]

    def test_an_id_that_changes_on_the_way_is_no_entry(self) -> None:
        """INV-ID-4: the chart writes 1e+06 into the table; and so it does with polling parties."""
        text = PARTY.replace("partyId: 10000", "partyId: 1000000")
        assert table(text).entries == {}
        assert remarks(text) == ["partyId 1000000 reaches FATE as another id"]
        polled = PARTY + "  polling: {enabled: true, type: server, clientList: [{partID: 1000000}]}\n"
        assert table(polled).entries == {10000: PEER}
        assert remarks(polled) == ["partID 1000000 reaches FATE as another id"]

    @pytest.mark.parametrize(("party", "own"), [("exchange", 0), ("0", 0), ("1000000", 1000000), ("1.5", 0)])
    def test_an_own_id_that_changes_on_the_way_is_remarked(self, party: str, own: int) -> None:
        """INV-ID-4: no number becomes 0, seven digits become 1e+06."""
        text = PARTY.replace("partyId: 9999", f"partyId: {party}")
        assert read(text).party == own
        assert remarks(text) == [f"partyId {yaml.safe_load(party)!r} reaches FATE as another id"]

    def test_without_a_party_list_there_are_no_entries(self) -> None:
        """Whether it is missing, null or empty."""
        for rows in ("", "  partyList:\n", "  partyList: []\n"):
            text = PARTY.split("  partyList:", maxsplit=1)[0] + rows
            assert (table(text).entries, table(text).default) == ({}, ())


class TestPolling:
    """INV-EGG-11, charts v1.6.1 to v1.11.2."""

    CLIENT = "  polling: {enabled: true, type: client, server: {ip: 192.168.1.1, port: 30000}}\n"
    SERVER = "  polling: {enabled: true, type: server, clientList: [{partID: 10001}]}\n"

    def test_a_client_has_its_server_as_default_route(self) -> None:
        """And its direct routes besides."""
        found = table(PARTY + self.CLIENT)
        assert (found.entries, found.default) == ({10000: PEER}, (HUB,))

    def test_an_exchange_wins_over_the_server(self) -> None:
        """The ConfigMap asks for the exchange first."""
        other = Endpoint("10.0.0.1", 30001)
        text = PARTY + self.CLIENT + "  exchange: {ip: 10.0.0.1, port: 30001}\n"
        assert table(text).default == (other,)

    def test_a_server_has_entries_without_an_address(self) -> None:
        """One for each client."""
        assert table(PARTY + self.SERVER).entries == {10000: PEER, 10001: POLLED}

    def test_a_client_that_is_also_listed_is_remarked(self) -> None:
        """Two keys of one name."""
        text = PARTY + self.SERVER.replace("10001", "10000")
        assert remarks(text) == ["party 10000 also stands in partyList"]

    @pytest.mark.parametrize("row", ["{partyId: 10001}", "{partID: ten}", "{}", "10001"])
    def test_a_client_without_part_id_is_remarked(self, row: str) -> None:
        """The key is partID, whatever one expects."""
        text = PARTY + self.SERVER.replace("{partID: 10001}", row)
        assert table(text).entries == {10000: PEER}
        assert remarks(text) == ["the row has no partID"]

    def test_polling_that_is_not_enabled_is_none(self) -> None:
        """`enabled` decides."""
        assert table(PARTY + self.CLIENT.replace("true", "false")).default == ()

    def test_charts_before_polling_ignore_it(self) -> None:
        """v1.6.0 has no such key, so it is dropped."""
        reading = read(PARTY.replace("v1.11.2", "v1.6.0") + self.CLIENT)
        assert table(PARTY.replace("v1.11.2", "v1.6.0") + self.CLIENT).default == ()
        assert {path[:2] for path in reading.dropped} == {("rollsite", "polling")}


class TestLbrollsite:
    """Module lbrollsite balances over exchanges (INV-EGG-9, INV-EGG-10)."""

    LB = PARTY.replace("modules: [rollsite", "modules: [lbrollsite") + (
        "lbrollsite:\n  type: NodePort\n  nodePort: 30095\n"
        "  exchangeList:\n    - {id: 1, ip: 192.168.1.1, port: 30000}\n    - {id: 2, ip: 192.168.1.2, port: 30000}\n"
    )

    def test_the_exchange_list_is_the_default_route(self) -> None:
        """The Service is lbrollsite's, direct routes are read from rollsite.partyList all the same."""
        reading = read(self.LB)
        door = gate(self.LB).exposed[0]
        assert (reading.module, door.service, door.node_port) == ("lbrollsite", "rollsite", 30095)
        assert table(self.LB).entries == {10000: PEER}
        assert table(self.LB).default == (HUB, Endpoint("192.168.1.2", 30000))

    def test_an_exchange_of_rollsite_is_ignored(self) -> None:
        """The default route is the balancer on the pod itself."""
        text = self.LB.replace("  partyList:", "  exchange: {ip: 10.0.0.1, port: 30001}\n  partyList:")
        assert table(text).default == (HUB, Endpoint("192.168.1.2", 30000))

    def test_no_exchange_at_all_is_remarked(self) -> None:
        """Rows without an address count for nothing."""
        text = self.LB.split("  exchangeList:")[0] + "  exchangeList: [{id: 1}]\n"
        assert remarks(text) == ["lbrollsite balances over no exchange"]

    def test_ipv6(self) -> None:
        """The chart writes `server ip:port` into the configuration of nginx."""
        text = self.LB.replace("192.168.1.1", '"[fd00::1]"')
        assert table(text).default == (Endpoint("fd00::1", 30000), Endpoint("192.168.1.2", 30000))
        text = self.LB.replace("192.168.1.1", "fd00::1")
        assert table(text).default == (Endpoint("192.168.1.2", 30000),)
        assert remarks(text) == ["nginx takes no fd00::1: an IPv6 address needs brackets here"]

    def test_both_modules_together_are_remarked(self) -> None:
        """Their objects have the same names."""
        text = self.LB.replace("modules: [lbrollsite", "modules: [rollsite, lbrollsite")
        assert remarks(text) == ["rollsite and lbrollsite make objects of the same names"]


class TestModules:
    """What routes at all."""

    def test_no_router_is_remarked(self) -> None:
        """A party without one hears nobody."""
        text = PARTY.replace("modules: [rollsite, ", "modules: [")
        assert remarks(text) == ["no module routes messages: rollsite, lbrollsite or osx is missing"]

    def test_rollsite_needs_clustermanager_from_v1_8(self) -> None:
        """INV-EGG-8: eggroll-config is rendered with clustermanager only."""
        text = PARTY.replace("clustermanager, ", "")
        assert remarks(text) == ["without clustermanager the chart writes no configuration for rollsite"]
        assert remarks(text.replace("v1.11.2", "v1.7.2")) == []


class TestOsx:
    """INV-EGG-7: the chart of v2.0.0."""

    def test_exchange_and_polling_are_ignored(self) -> None:
        """The chart accepts and never renders them."""
        found = table(OSX + EXCHANGE + TestPolling.SERVER)
        assert (found.entries, found.default) == ({10000: PEER}, ())

    def test_a_row_named_default_is_the_default_route(self) -> None:
        """The chart prints the row's id as it is, and OSX falls back to that key."""
        reading = read(OSX + "    - {partyId: default, partyIp: 192.168.1.1, partyPort: 30000}\n")
        assert (reading.gates[0].table.entries, reading.gates[0].table.default) == ({10000: PEER}, (HUB,))
        assert reading.remarks == ()


class TestLocate:
    """The place of a path in a text."""

    @pytest.mark.parametrize(
        ("path", "span"),
        [
            ((), Span(1, 1)),
            (("partyId",), Span(5, 1)),
            (("rollsite", "nodePort"), Span(9, 3)),
            (("rollsite", "partyList", 0), Span(11, 7)),
            (("rollsite", "partyList", 0, "partyPort"), Span(13, 7)),
            (("rollsite", "partyList", 7), Span(10, 3)),
            (("rollsite", "polling", "type"), Span(7, 1)),
            (("nowhere",), Span(1, 1)),
            (("partyId", "deeper"), Span(5, 1)),
        ],
    )
    def test_span(self, path: tuple[str | int, ...], span: Span) -> None:
        """Of what is missing, the deepest part that is there."""
        assert charts.locate(PARTY, path) == span


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**7)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["", "a", "NodePort", "ClusterIP", "LoadBalancer", "client", "server", "default", "9999", "\uff12"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["partyId", "partyIp", "partyPort", "ip", "port", "partID", "enabled", "type", "server"])
            | st.integers(0, 3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
SERVICE = ANYTHING | st.dictionaries(
    st.sampled_from(["type", "nodePort", "loadBalancerIP", "partyList", "exchange", "polling", "exchangeList"]),
    ANYTHING,
)
MODULES = st.lists(st.sampled_from(["rollsite", "lbrollsite", "osx", "python"]), max_size=2) | ANYTHING


@settings(max_examples=50)
@given(
    st.sampled_from(["v1.5.0", "v1.7.2", "v1.8.0", "v1.11.2", "v2.0.0"]),
    st.fixed_dictionaries(
        {"modules": MODULES}, optional={"partyId": ANYTHING, "rollsite": SERVICE, "lbrollsite": SERVICE, "osx": SERVICE}
    ),
)
def test_reading_never_raises(version: str, data: dict[str, Any]) -> None:
    """Whatever a person wrote under `overrides` or into the file."""
    head = {"name": "a", "namespace": "a", "chartName": "fate", "chartVersion": version}
    assert isinstance(charts.read(yaml.safe_dump({**head, **data}), "f"), Reading)
