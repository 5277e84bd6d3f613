"""What charts make of a cluster.yaml of the Spark families: nginx, RabbitMQ, Pulsar, and what FATE-Flow is set to."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.channels import Channel
from planner.diagnostics import KeyPath
from planner.lookup import Endpoint, RouteTable
from renderers import charts
from renderers.charts.nginx import NOWHERE
from renderers.reading import Exposed, Gate, Reading

HEAD = """\
name: fate-9999
namespace: fate-9999
chartName: fate
chartVersion: v1.11.2
partyId: 9999
modules: [python, mysql, fateboard, client, spark, hdfs, nginx, pulsar]
computing: Spark
federation: Pulsar
storage: HDFS
python:
  type: NodePort
  httpNodePort: 30097
  grpcNodePort: 30092
"""
NGINX = """\
nginx:
  type: NodePort
  httpNodePort: 30093
  grpcNodePort: 30098
"""
ROUTES = """\
  route_table:
    10000:
      fateflow:
        - host: 192.168.10.1
          http_port: 30103
          grpc_port: 30108
"""
PULSAR = """\
pulsar:
  type: NodePort
  httpNodePort: 30094
  httpsNodePort: 30099
"""
PULSAR_ROUTES = """\
  route_table:
    9999: {host: pulsar, port: 6650, sslPort: 6651}
    10000: {host: 192.168.10.1, port: 30104, sslPort: 30109, proxy: ""}
"""
EXCHANGE = "  exchange: {ip: 192.168.1.1, port: 30000}\n"
PARTY = HEAD + NGINX + ROUTES + PULSAR + PULSAR_ROUTES
RABBITMQ = HEAD.replace("pulsar", "rabbitmq").replace("Pulsar", "RabbitMQ") + NGINX + ROUTES
BROKER = """\
rabbitmq:
  type: NodePort
  nodePort: 30094
  route_table:
    9999: {host: rabbitmq, port: 5672}
    10000: {host: 192.168.10.1, port: 30104}
"""
HTTP, GRPC = Channel.NGINX_HTTP, Channel.NGINX_GRPC
LIVE = Endpoint("192.168.10.1", 30003)


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


def table(text: str, channel: Channel = HTTP) -> RouteTable:
    """The routes on a channel."""
    return gate(text, channel).table


def remarks(text: str) -> list[tuple[KeyPath, str]]:
    """What is remarked about a file, and where."""
    return [(remark.path, remark.message) for remark in read(text).remarks]


def said(text: str) -> list[str]:
    """What is remarked about a file."""
    return [message for _, message in remarks(text)]


def nginx(routes: str, version: str = "v1.11.2") -> str:
    """A party with these lines under `nginx`, and no data channel's routes."""
    return HEAD.replace("v1.11.2", version) + NGINX + routes


def items(*rows: str) -> str:
    """Routes to party 10000 by these items."""
    listed = "".join(f"        - {row}\n" for row in rows)
    return nginx(f"  route_table:\n    10000:\n      fateflow:\n{listed}")


class TestAPartyAsItShouldBe:
    """The samples of KubeFATE, whole."""

    def test_pulsar(self) -> None:
        """Control over nginx by two protocols, data over Pulsar, and FATE-Flow's own doors."""
        reading = read(PARTY)
        assert (reading.chart, reading.release, reading.module) == ("fate", "v1.11.2", "nginx")
        assert (reading.dropped, reading.remarks) == ((), ())
        assert [found.channel for found in reading.gates] == [HTTP, GRPC, Channel.PULSAR, Channel.TRANSFER]
        assert gate(PARTY, HTTP) == Gate(
            HTTP,
            RouteTable(9999, {10000: Endpoint("192.168.10.1", 30103)}, (LIVE,)),
            (
                Exposed("nginx", "NodePort", 9300, 30093, None, ("nginx", "type")),
                Exposed("fateflow-client", "NodePort", 9380, 30097, None, ("python", "type")),
            ),
            ("nginx", "route_table"),
        )
        assert gate(PARTY, GRPC) == Gate(
            GRPC,
            RouteTable(9999, {10000: Endpoint("192.168.10.1", 30108)}, (Endpoint("192.168.10.1", 30008),)),
            (
                Exposed("nginx", "NodePort", 9310, 30098, None, ("nginx", "type")),
                Exposed("fateflow-client", "NodePort", 9360, 30092, None, ("python", "type")),
            ),
            ("nginx", "route_table"),
        )
        assert gate(PARTY, Channel.PULSAR) == Gate(
            Channel.PULSAR,
            RouteTable(9999, {10000: Endpoint("192.168.10.1", 30104)}),
            (Exposed("pulsar", "NodePort", 6650, 30094, None, ("pulsar", "type")),),
            ("pulsar", "route_table"),
        )

    def test_rabbitmq(self) -> None:
        """One port, and no default route."""
        text = RABBITMQ + BROKER
        assert gate(text, Channel.RABBITMQ) == Gate(
            Channel.RABBITMQ,
            RouteTable(9999, {10000: Endpoint("192.168.10.1", 30104)}),
            (Exposed("rabbitmq", "NodePort", 5672, 30094, None, ("rabbitmq", "type")),),
            ("rabbitmq", "route_table"),
        )
        assert (read(text).dropped, read(text).remarks) == ((), ())

    def test_spark_local_needs_no_spark(self) -> None:
        """Nor HDFS."""
        text = PARTY.replace("spark, hdfs, ", "").replace("Spark", "Spark_local").replace("HDFS", "LocalFS")
        assert (read(text).module, read(text).remarks) == ("nginx", ())

    @pytest.mark.parametrize(
        ("version", "backend", "broker"),
        [
            ("v1.5.3", "spark", "rabbitmq"),
            ("v1.6.1", "spark", "pulsar"),
            ("v1.7.2", "spark_rabbitmq", "rabbitmq"),
            ("v1.8.0", "spark_pulsar", "pulsar"),
            ("v1.8.0", "spark_local_pulsar", "pulsar"),
        ],
    )
    def test_releases_with_a_backend(self, version: str, backend: str, broker: str) -> None:
        """Before v1.9.0 one word chooses the engine."""
        text = PARTY if broker == "pulsar" else RABBITMQ + BROKER
        for line in ("computing: Spark\n", "federation: Pulsar\n", "federation: RabbitMQ\n", "storage: HDFS\n"):
            text = text.replace(line, "")
        text = text.replace("v1.11.2", version) + f"backend: {backend}\n"
        reading = read(text)
        own = [("rabbitmq", "route_table", 9999)] if version == "v1.5.3" else []
        assert (reading.module, [remark.path for remark in reading.remarks]) == ("nginx", own)
        assert reading.dropped == ()

    def test_v1_5_0_has_one_port(self) -> None:
        """INV-NGX-3: items have one `port`, that of FATE-Flow's gRPC, and nobody dials nginx."""
        text = HEAD.replace("v1.11.2", "v1.5.0").replace(", pulsar]", ", rabbitmq]") + (
            "backend: spark\nnginx:\n  type: NodePort\n  nodePort: 30093\n  route_table:\n    10000:\n"
            "      proxy:\n        - {host: 192.168.10.1, port: 30103}\n"
            "      fateflow:\n        - {host: 192.168.10.1, port: 30102}\n"
        )
        reading = read(text)
        assert [found.channel for found in reading.gates] == [GRPC, Channel.RABBITMQ, Channel.TRANSFER]
        found = gate(text, GRPC)
        assert (found.table.entries, found.table.default) == ({10000: Endpoint("192.168.10.1", 30102)}, ())
        assert [(door.service, door.node_port) for door in found.exposed] == [("fateflow-client", 30092)]
        assert reading.remarks == ()


class TestNginxRows:
    """Section 2.2 of cluster-yaml.md, INV-NGX-5, and fact 1 of components.md."""

    def test_any_item_may_be_picked(self) -> None:
        """So all of them count."""
        text = items(
            "{host: 192.168.10.1, http_port: 30103, grpc_port: 30108}",
            "{host: 192.168.10.2, http_port: 30113, grpc_port: 30118}",
        )
        assert table(text).find(10000) == (Endpoint("192.168.10.1", 30103), Endpoint("192.168.10.2", 30113))
        assert table(text, GRPC).find(10000) == (Endpoint("192.168.10.1", 30108), Endpoint("192.168.10.2", 30118))

    def test_a_key_in_quotes_is_found(self) -> None:
        """The chart prints it without them."""
        text = PARTY.replace("    10000:\n", '    "10000":\n')
        assert table(text).entries == {10000: Endpoint("192.168.10.1", 30103)}

    @pytest.mark.parametrize("host", ["shop.example.com", "fateflow", "192.168.10", "fe80::1"])
    def test_a_name_goes_to_the_placeholder(self, host: str) -> None:
        """That is the party's own FATE-Flow, and not the default route."""
        text = items(f'{{host: "{host}", http_port: 30103, grpc_port: 30108}}')
        assert table(text).entries == table(text, GRPC).entries == {10000: NOWHERE}
        message = f"nginx does not look up names: what is sent to {host} goes to the party's own FATE-Flow"
        assert remarks(text) == [(("nginx", "route_table", 10000, "fateflow", 0), message)]

    def test_an_ipv6_address_in_brackets_is_one(self) -> None:
        """Nginx joins host and port with a colon."""
        text = items('{host: "[fe80::1]", http_port: 30103, grpc_port: 30108}')
        assert table(text).entries == {10000: Endpoint("fe80::1", 30103)}
        assert remarks(text) == []

    def test_of_two_items_the_usable_one_counts(self) -> None:
        """The other is remarked."""
        text = items(
            "{host: shop.example.com, http_port: 30103, grpc_port: 30108}",
            "{host: 192.168.10.1, http_port: 30103, grpc_port: 30108}",
        )
        assert table(text).find(10000) == (Endpoint("192.168.10.1", 30103),)
        assert [path for path, _ in remarks(text)] == [("nginx", "route_table", 10000, "fateflow", 0)]

    @pytest.mark.parametrize(
        "row",
        [
            "{proxy: [{host: 192.168.10.1, http_port: 1, grpc_port: 2}]}",
            "{fateflow: []}",
            "{fateflow: }",
            "{fateflow: {host: 192.168.10.1}}",
            "",
            "[]",
        ],
    )
    def test_a_party_without_fateflow_gets_error_500(self, row: str) -> None:
        """INV-NGX-5: nginx looks up the party, and then a list that is not there."""
        text = nginx(f"  route_table:\n    10000: {row}\n")
        assert table(text).entries == {10000: NOWHERE}
        message = "without items here nginx answers messages to party 10000 with error 500"
        assert remarks(text) == [(("nginx", "route_table", 10000, "fateflow"), message)]

    def test_without_a_default_route_there_is_just_no_entry(self) -> None:
        """V1.6.0's nginx leads unknown parties to itself."""
        routes = "  route_table:\n    10000: {fateflow: []}\n"
        assert table(nginx(routes, "v1.6.0").replace("computing: Spark", "backend: spark")).entries == {}

    @pytest.mark.parametrize(
        ("item", "message"),
        [
            ("{http_port: 30103, grpc_port: 30108}", "the item has no usable host"),
            ("{host: , http_port: 30103, grpc_port: 30108}", "the item has no usable host"),
            ("30103", "the item has no usable host"),
            ("{host: 192.168.10.1, http_port: 30103}", "the item has no usable grpc_port"),
            ("{host: 192.168.10.1, http_port: high, grpc_port: 30108}", "the item has no usable http_port"),
        ],
    )
    def test_an_item_that_lacks_something(self, item: str, message: str) -> None:
        """Only the protocol that lacks its port is lost."""
        text = items(item)
        assert remarks(text) == [(("nginx", "route_table", 10000, "fateflow", 0), message)]
        assert (table(text).entries == {10000: NOWHERE}) is ("grpc_port" not in message)
        assert (table(text, GRPC).entries == {10000: NOWHERE}) is ("http_port" not in message)

    @pytest.mark.parametrize(
        ("key", "message"),
        [
            ("9999", "the site lists itself, a key the chart already writes"),
            ("default", "'default' is no party's id"),
            ("true", "True is no party's id"),
            ("-1", "-1 is no party's id"),
        ],
    )
    def test_a_key_that_is_no_other_party(self, key: str, message: str) -> None:
        """The chart's own keys come first, and nginx keeps the first of two."""
        text = nginx(f"  route_table:\n    {key}: {{fateflow: []}}\n")
        assert (table(text).entries, said(text)) == ({}, [message])

    def test_more_than_500_entries_are_too_many(self) -> None:
        """Fact 3: the cache holds 500, the party's own and the default among them."""
        row = "fateflow: [{host: 10.0.0.1, http_port: 1, grpc_port: 2}]"
        rows = [f"    {party}: {{{row}}}\n" for party in range(1, 500)]
        assert said(nginx("  route_table:\n" + "".join(rows[:498]))) == []
        assert said(nginx("  route_table:\n" + "".join(rows))) == [
            "nginx keeps 500 entries at most and forgets parties when there are more"
        ]


class TestNginxDefault:
    """INV-NGX-6, INV-NGX-7, and section 1.4: what is not written stays alive."""

    @pytest.mark.parametrize(
        ("version", "default"),
        [
            ("v1.5.3", ()),
            ("v1.6.0", ()),
            ("v1.6.0-a", (LIVE,)),
            ("v1.8.0", (LIVE,)),
            ("v1.11.2", (LIVE,)),
            ("v2.0.0", ()),
        ],
    )
    def test_without_an_exchange_the_chart_has_its_own(self, version: str, default: tuple[Endpoint, ...]) -> None:
        """An example's address in most releases, nginx itself in the others."""
        assert table(nginx("", version)).default == default

    @pytest.mark.parametrize("written", ["exchange:", "exchange: {}", "exchange: ~"])
    def test_an_empty_exchange_changes_nothing(self, written: str) -> None:
        """The template leaves it out, and so does not remove the chart's."""
        text = nginx(f"  {written}\n")
        assert table(text).default == (LIVE,)
        message = "an empty exchange leaves the chart's own, 192.168.10.1:30003/30008, in force"
        assert remarks(text) == [(("nginx", "exchange"), message)]

    def test_an_exchange_is_the_default_route(self) -> None:
        """Of each protocol by its own port."""
        text = nginx("  exchange: {ip: 192.168.1.1, httpPort: 30003, grpcPort: 30008}\n")
        assert table(text).default == (Endpoint("192.168.1.1", 30003),)
        assert table(text, GRPC).default == (Endpoint("192.168.1.1", 30008),)
        assert remarks(text) == []

    @pytest.mark.parametrize(
        ("exchange", "message"),
        [
            ("{ip: 192.168.1.1}", "without ip, httpPort and grpcPort unknown parties have no route"),
            ("{httpPort: 1, grpcPort: 2}", "without ip, httpPort and grpcPort unknown parties have no route"),
            (
                "{ip: hub.example.com, httpPort: 1, grpcPort: 2}",
                "nginx does not look up names: what is sent to hub.example.com goes to the party's own FATE-Flow",
            ),
        ],
    )
    def test_an_exchange_that_cannot_be_dialled(self, exchange: str, message: str) -> None:
        """Replaces the chart's all the same."""
        text = nginx(f"  exchange: {exchange}\n")
        assert (table(text).default, remarks(text)) == ((), [(("nginx", "exchange"), message)])

    def test_before_it_was_a_key_it_is_lost(self) -> None:
        """V1.6.0 has none."""
        text = nginx("  exchange: {ip: 192.168.1.1, httpPort: 30003, grpcPort: 30008}\n", "v1.6.0")
        assert table(text).default == ()
        assert {path[:2] for path in read(text).dropped} >= {("nginx", "exchange")}


class TestServices:
    """INV-PORT-3, INV-PORT-4 and INV-NGX-4."""

    def test_the_samples_of_party_10000_expose_nothing(self) -> None:
        """INV-NGX-4: `http_port` and `grpc_port` right under `nginx` are ignored."""
        text = PARTY.replace("httpNodePort: 30093\n  grpcNodePort: 30098", "http_port: 30093\n  grpc_port: 30098")
        assert [door.node_port for door in (gate(text, HTTP).exposed[0], gate(text, GRPC).exposed[0])] == [None, None]
        assert read(text).dropped == (("nginx", "http_port"), ("nginx", "grpc_port"))
        assert remarks(text) == [
            (("nginx", "httpNodePort"), "without a httpNodePort Kubernetes picks one that no peer knows"),
            (("nginx", "grpcNodePort"), "without a grpcNodePort Kubernetes picks one that no peer knows"),
        ]

    def test_without_a_type_nothing_is_exposed(self) -> None:
        """For each component alike."""
        text = PARTY.replace("  type: NodePort\n", "")
        doors = [door for found in read(text).gates for door in found.exposed]
        assert {(door.service_type, door.node_port) for door in doors} == {("ClusterIP", None)}
        assert [path for path, _ in remarks(text)] == [
            ("python", "httpNodePort"),
            ("python", "grpcNodePort"),
            ("nginx", "httpNodePort"),
            ("nginx", "grpcNodePort"),
            ("pulsar", "httpNodePort"),
        ]

    def test_behind_load_balancers_the_container_ports_count(self) -> None:
        """And the addresses that were asked for."""
        text = PARTY.replace("type: NodePort", "type: LoadBalancer\n  loadBalancerIP: 10.0.0.7")
        doors = [door for found in read(text).gates for door in found.exposed]
        assert {door.load_balancer for door in doors} == {"10.0.0.7"}
        assert [door.container_port for door in doors] == [9300, 9380, 9310, 9360, 6650, 9380]

    def test_before_v1_6_1_no_address_can_be_asked_for(self) -> None:
        """The key is dropped."""
        text = PARTY.replace("v1.11.2", "v1.6.0").replace("type: NodePort", "type: LoadBalancer\n  loadBalancerIP: 1")
        assert {door.load_balancer for found in read(text).gates for door in found.exposed} == {None}


QUOTED = "FATE looks for the number {}; it finds it here only because the template drops the quotes"


class TestRabbitmqRows:
    """Section 2.3 of cluster-yaml.md."""

    def table(self, rows: str, version: str = "v1.11.2") -> tuple[dict[int, Endpoint], list[str]]:
        """The routes of a table with these rows, and what is remarked."""
        text = RABBITMQ.replace("v1.11.2", version) + f"rabbitmq:\n  type: NodePort\n  nodePort: 30094\n{rows}"
        return dict(table(text, Channel.RABBITMQ).entries), said(text)

    def test_a_text_for_a_key_is_remarked(self) -> None:
        """INV-ID-5: FATE 1.x asks for a number. The values template prints the key bare, and so it is one again."""
        rows = '  route_table:\n    "10000": {host: 192.168.10.1, port: 30104}\n'
        entries = {10000: Endpoint("192.168.10.1", 30104)}
        assert self.table(rows) == (entries, [QUOTED.format(10000)])
        assert self.table(rows, "v2.0.0")[0] == entries

    @pytest.mark.parametrize("row", ["{host: 192.168.10.1}", "{port: 30104}", "{host: '', port: 1}", "", "7", "[]"])
    def test_an_entry_without_an_endpoint(self, row: str) -> None:
        """FATE would fail the job."""
        assert self.table(f"  route_table:\n    10000: {row}\n") == ({}, ["the entry has no usable host and port"])

    def test_a_key_that_is_no_party(self) -> None:
        """RabbitMQ has no default route."""
        rows = "  route_table:\n    default: {host: 192.168.10.1, port: 30104}\n"
        assert self.table(rows) == ({}, ["'default' is no party's id"])

    @pytest.mark.parametrize("rows", ["", "  route_table:\n", "  route_table: {}\n"])
    def test_an_empty_table_is_the_charts(self, rows: str) -> None:
        """It then holds the party's own entry."""
        assert self.table(rows, "v1.10.0") == ({}, [])

    @pytest.mark.parametrize(
        ("version", "has_own", "message"),
        [
            ("v1.5.1", True, "the site lists itself, a key the chart already writes"),
            ("v1.5.1", False, None),
            ("v1.6.1", True, None),
            ("v1.6.1", False, "the table has no entry for party 9999 itself, and then the chart writes none"),
            ("v1.11.1", False, "the table has no entry for party 9999 itself, and then the chart writes none"),
            ("v1.11.2", True, None),
            ("v1.11.2", False, None),
        ],
    )
    def test_the_own_entry(self, version: str, has_own: bool, message: str | None) -> None:
        """INV-RMQ-2 and INV-PUL-2, as components.md corrects them: v1.11.2 does not look it up."""
        rows = "  route_table:\n    10000: {host: 192.168.10.1, port: 30104}\n"
        own = "    9999: {host: rabbitmq, port: 5672}\n" if has_own else ""
        entries, found = self.table(rows + own, version)
        assert entries == {10000: Endpoint("192.168.10.1", 30104)}
        assert [each for each in found if "FATE-Flow" not in each] == ([] if message is None else [message])


class TestPulsar:
    """Section 2.3, INV-PUL-*, and components.md section 5.4."""

    STAR = HEAD + NGINX + PULSAR + EXCHANGE

    def test_with_an_exchange_everybody_is_dialled_over_tls(self) -> None:
        """By the entries' sslPort; unknown parties through the exchange, by name."""
        found = table(self.STAR + PULSAR_ROUTES, Channel.PULSAR)
        assert found.entries == {10000: Endpoint("192.168.10.1", 30109)}
        assert (found.default, found.domain) == ((Endpoint("192.168.1.1", 30000),), "fate.org")

    def test_the_domain_is_a_key_since_v1_6_1(self) -> None:
        """INV-PUL-5: before, it is fate.org whatever is written."""
        text = self.STAR.replace("port: 30000}", "port: 30000, domain: example.org}")
        assert table(text, Channel.PULSAR).domain == "example.org"
        old = text.replace("v1.11.2", "v1.6.0")
        assert table(old, Channel.PULSAR).domain == "fate.org"
        assert ("pulsar", "exchange", "domain") in read(old).dropped

    def test_an_entry_with_a_proxy_is_dialled_there(self) -> None:
        """INV-PUL-9: an entry wins over the default, and may name the exchange itself."""
        rows = "  route_table:\n    10000: {host: 10000.fate.org, sslPort: 6651, proxy: '192.168.1.9:30001'}\n"
        assert table(self.STAR + rows, Channel.PULSAR).entries == {10000: Endpoint("192.168.1.9", 30001)}

    def test_without_an_exchange_a_proxy_is_of_no_use(self) -> None:
        """It needs TLS."""
        rows = "  route_table:\n    10000: {host: 192.168.10.1, port: 30104, proxy: '192.168.1.9:30001'}\n"
        text = HEAD + NGINX + PULSAR + rows
        assert table(text, Channel.PULSAR).entries == {10000: Endpoint("192.168.10.1", 30104)}

    def test_ports_that_are_left_out_are_the_containers(self) -> None:
        """FATE's own defaults."""
        rows = "  route_table:\n    10000: {host: 192.168.10.1}\n"
        assert table(HEAD + NGINX + PULSAR + rows, Channel.PULSAR).entries == {10000: Endpoint("192.168.10.1", 6650)}
        assert table(self.STAR + rows, Channel.PULSAR).entries == {10000: Endpoint("192.168.10.1", 6651)}

    def test_an_entry_that_leads_nowhere_wins_over_the_default(self) -> None:
        """So does one with a quoted key."""
        rows = "  route_table:\n    10000: {port: 1}\n    '10001': {host: 192.168.10.1}\n"
        found = table(self.STAR + rows, Channel.PULSAR)
        assert found.entries == {10000: NOWHERE, 10001: Endpoint("192.168.10.1", 6651)}
        assert said(self.STAR + rows) == ["the entry has no usable host and sslPort", QUOTED.format(10001)]

    @pytest.mark.parametrize("exchange", ["{ip: 192.168.1.1}", "{port: 30000}", "{domain: example.org}"])
    def test_an_exchange_without_an_endpoint(self, exchange: str) -> None:
        """TLS is on all the same."""
        text = HEAD + NGINX + PULSAR + f"  exchange: {exchange}\n" + PULSAR_ROUTES
        assert table(text, Channel.PULSAR).default == ()
        assert table(text, Channel.PULSAR).entries == {10000: Endpoint("192.168.10.1", 30109)}
        assert said(text) == ["without ip and port unknown parties have no route"]

    def test_the_tls_port_is_there_only_with_an_exchange(self) -> None:
        """The broker does not listen on it otherwise."""
        plain = Exposed("pulsar", "NodePort", 6650, 30094, None, ("pulsar", "type"))
        tls = Exposed("pulsar", "NodePort", 6651, 30099, None, ("pulsar", "type"))
        assert gate(PARTY, Channel.PULSAR).exposed == (plain,)
        assert gate(self.STAR, Channel.PULSAR).exposed == (plain, tls)

    def test_only_the_port_that_is_dialled_must_be_fixed(self) -> None:
        """The plain one in a mesh, that of TLS behind an exchange."""
        mesh = PARTY.replace("  httpsNodePort: 30099\n", "")
        star = self.STAR.replace("  httpNodePort: 30094\n", "")
        assert (said(mesh), said(star)) == ([], [])
        assert said(PARTY.replace("  httpNodePort: 30094\n", "")) == [
            "without a httpNodePort Kubernetes picks one that no peer knows"
        ]
        assert said(self.STAR.replace("  httpsNodePort: 30099\n", "")) == [
            "without a httpsNodePort Kubernetes picks one that no peer knows"
        ]

    def test_a_public_load_balancer_is_a_service_of_its_own(self) -> None:
        """INV-PUL-11: TLS only, and its address is nobody's choice."""
        public = "  publicLB: {enabled: true}\n"
        path = ("pulsar", "publicLB", "enabled")
        assert gate(self.STAR + public, Channel.PULSAR).exposed[2:] == (
            Exposed("pulsar-public-tls", "LoadBalancer", 6651, None, None, path),
        )
        text = PARTY + public
        assert len(gate(text, Channel.PULSAR).exposed) == 1
        assert remarks(text) == [(path, "Pulsar listens on 6651 only where it has an exchange")]


class TestEngine:
    """INV-NGX-8 and INV-VER-4: one key alone sends control through nginx."""

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("nginx, ", "", "computing Spark needs module nginx"),
            (", pulsar]", "]", "computing Spark needs module pulsar"),
            (", pulsar]", ", rabbitmq]", "computing Spark needs module pulsar"),
            ("spark, ", "", "computing Spark needs module spark"),
            ("hdfs, ", "", "computing Spark needs module hdfs"),
            (
                "federation: Pulsar",
                "federation: Eggroll",
                "FATE-Flow has no engine for computing 'Spark' and federation 'Eggroll'",
            ),
            ("federation: Pulsar\n", "", "FATE-Flow has no engine for computing 'Spark'"),
            (
                "computing: Spark",
                "computing: Eggroll",
                "FATE-Flow sends nothing through nginx unless computing is Spark or Spark_local",
            ),
            (
                "computing: Spark\n",
                "",
                "FATE-Flow sends nothing through nginx unless computing is Spark or Spark_local",
            ),
        ],
    )
    def test_what_does_not_fit_is_remarked(self, old: str, new: str, expected: str) -> None:
        """Modules that the engine needs, and engines that the modules need."""
        text = PARTY.replace(old, new, 1)
        assert expected in said(text)

    def test_without_nginx_there_is_no_control(self) -> None:
        """And no channel for it."""
        reading = read(PARTY.replace("nginx, ", "", 1))
        assert reading.module == ""
        assert [found.channel for found in reading.gates] == [Channel.PULSAR, Channel.TRANSFER]

    def test_a_spark_and_an_hdfs_elsewhere_will_do(self) -> None:
        """Keys of module python name them."""
        text = PARTY.replace("spark, hdfs, ", "").replace(
            "python:\n", "python:\n  spark: {master: 'spark://10.0.0.1:7077'}\n  hdfs: {name_node: 'hdfs://10.0.0.1'}\n"
        )
        assert said(text) == []

    @pytest.mark.parametrize(
        ("version", "backend", "expected"),
        [
            ("v1.7.2", "spark_tape", "FATE-Flow has no engine for backend 'spark_tape'"),
            ("v1.7.2", "spark_rabbitmq", "backend spark_rabbitmq needs module rabbitmq"),
            ("v1.5.3", "eggroll", "FATE-Flow sends nothing through nginx unless backend is one of Spark's"),
        ],
    )
    def test_backends(self, version: str, backend: str, expected: str) -> None:
        """The same before v1.9.0."""
        text = PARTY.replace("v1.11.2", version) + f"backend: {backend}\n"
        assert expected in said(text)

    def test_before_v1_7_0_either_broker_will_do(self) -> None:
        """Backend `spark` does not tell them apart."""
        text = PARTY.replace("v1.11.2", "v1.6.1") + "backend: spark\n"
        assert said(text) == []
        assert said(text.replace(", pulsar]", "]")) == ["backend spark needs module rabbitmq"]

    def test_v2_0_0_does_not_read_the_brokers_tables(self) -> None:
        """Fact 12: the routes are there for whoever mends it, and the remark says that nobody looks."""
        text = PARTY.replace("v1.11.2", "v2.0.0")
        assert table(text, Channel.PULSAR).entries == {10000: Endpoint("192.168.10.1", 30104)}
        message = "the chart puts this table where FATE-Flow does not look: FATE-Flow uses its image's own"
        assert remarks(text) == [(("pulsar", "route_table"), message)]

    def test_v2_0_0_has_no_spark_local(self) -> None:
        """INV-VER-4 as components.md corrects it."""
        text = PARTY.replace("v1.11.2", "v2.0.0").replace("Spark", "Spark_local")
        assert "FATE-Flow has no engine for computing 'Spark_local' and federation 'Pulsar'" in said(text)


class TestLoadingModels:
    """INV-SRV-2 and INV-SRV-6."""

    def load(self, lines: str, version: str = "v1.11.2") -> tuple[tuple[Endpoint, ...], list[str]]:
        """Where models are loaded into, and what is remarked."""
        text = PARTY.replace("v1.11.2", version) + lines
        found = read(text).gate(Channel.LOAD)
        return () if found is None else found.table.find(9999), said(text)

    def test_the_own_serving_server(self) -> None:
        """By address and port."""
        assert self.load("servingIp: 192.168.9.1\nservingPort: 30095\n") == ((Endpoint("192.168.9.1", 30095),), [])
        assert self.load("servingIp: 192.168.9.1\nservingPort: '30095'\n")[0] == (Endpoint("192.168.9.1", 30095),)

    @pytest.mark.parametrize("lines", ["", "servingIp: \nservingPort: \n"])
    def test_none_at_all(self, lines: str) -> None:
        """Most parties have none."""
        assert read(PARTY + lines).gate(Channel.LOAD) is None
        assert said(PARTY + lines) == []

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            ("servingIp: 192.168.9.1\n", "without a usable servingPort FATE-Flow knows no serving-server"),
            ("servingPort: 30095\n", "without a usable servingIp FATE-Flow knows no serving-server"),
        ],
    )
    def test_half_of_it_is_nothing(self, lines: str, message: str) -> None:
        """The chart writes neither then."""
        assert self.load(lines) == ((), [message])

    def test_the_registry_takes_its_place(self) -> None:
        """Any of the ZooKeeper hosts may be asked."""
        lines = (
            "servingIp: 192.168.9.1\nservingPort: 30095\n"
            "serving: {useRegistry: true, zookeeper: {hosts: ['zookeeper.fate-serving-9999:2181', '10.0.0.1:2181']}}\n"
        )
        hosts = (Endpoint("zookeeper.fate-serving-9999", 2181), Endpoint("10.0.0.1", 2181))
        assert self.load(lines) == (hosts, [])

    def test_a_registry_without_hosts_is_an_examples(self) -> None:
        """INV-SRV-6."""
        message = "without zookeeper.hosts FATE-Flow asks the chart's example, another party's zookeeper"
        assert self.load("serving: {useRegistry: true}\n") == ((), [message])

    def test_v2_0_0_does_not_read_the_registry_switch(self) -> None:
        """The key is mapped and not rendered."""
        lines = "serving: {useRegistry: true}\nservingIp: 192.168.9.1\nservingPort: 30095\n"
        assert self.load(lines, "v2.0.0")[0] == (Endpoint("192.168.9.1", 30095),)
        assert ("serving", "useRegistry") in read(PARTY.replace("v1.11.2", "v2.0.0") + lines).dropped


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**7)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "a", "NodePort", "ClusterIP", "LoadBalancer", "9999", "10.0.0.1", "10.0.0.1:1", "[::1]:2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("fateflow", "host", "port", "http_port", "grpc_port", "sslPort", "proxy", "ip", "httpPort"),
                    *("grpcPort", "domain", "enabled", "hosts", "useRegistry", "zookeeper", "10000", "spark", "master"),
                ]
            )
            | st.integers(0, 3)
            | st.booleans(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
BLOCK = ANYTHING | st.dictionaries(
    st.sampled_from(
        [
            *("type", "nodePort", "httpNodePort", "grpcNodePort", "httpsNodePort", "loadBalancerIP"),
            *("route_table", "exchange", "publicLB", "useRegistry", "zookeeper", "spark", "hdfs"),
        ]
    ),
    ANYTHING,
)
WORDS = ["python", "nginx", "rabbitmq", "pulsar", "spark", "rollsite"]


@settings(max_examples=50)
@given(
    st.sampled_from(["v1.4.0", "v1.5.0", "v1.6.0-a", "v1.7.2", "v1.11.2", "v2.0.0"]),
    st.fixed_dictionaries(
        {"modules": st.lists(st.sampled_from(WORDS), max_size=5) | ANYTHING},
        optional={
            "partyId": ANYTHING,
            "computing": st.sampled_from(["Spark", "Spark_local", "Eggroll"]) | ANYTHING,
            "federation": st.sampled_from(["Pulsar", "RabbitMQ"]) | ANYTHING,
            "backend": st.sampled_from(["spark", "spark_pulsar", "eggroll"]) | ANYTHING,
            "servingIp": ANYTHING,
            "servingPort": ANYTHING,
            **dict.fromkeys(("nginx", "rabbitmq", "pulsar", "python", "serving"), BLOCK),
        },
    ),
)
def test_reading_never_raises(version: str, data: dict[str, Any]) -> None:
    """Whatever a person wrote under `overrides` or into the file."""
    head = {"name": "a", "namespace": "a", "chartName": "fate", "chartVersion": version}
    assert isinstance(charts.read(yaml.safe_dump({**head, **data}), "f"), Reading)
