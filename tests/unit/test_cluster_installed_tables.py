"""The live route tables of a release, compared with what its site is planned to dial."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from planner.channels import Channel
from planner.site_json import Dial
from renderers.cluster.live_tables import Compared, compare
from tests.unit.chart_double import Live, config_map, site
from tests.unit.cluster_double import DEADLINE

PEER = Dial(Channel.ROLLSITE, "party-10000", "192.168.10.1", 30101)
HUB = Dial(Channel.ROLLSITE, "exchange-hub", "192.168.0.1", 30000)


def row(host: str, port: int | str) -> dict[str, list[dict[str, int | str]]]:
    return {"default": [{"ip": host, "port": port}]}


OWN = {"fateflow": [{"ip": "fateflow", "port": 9360}], **row("rollsite", 9370)}


def routes(**rows: object) -> str:
    """A table of rollsite; the party ids have a `p` before them."""
    table = {key.removeprefix("p"): value for key, value in rows.items()}
    return json.dumps({"route_table": table, "permission": {"default_allow": True}})


def compared(
    dials: Sequence[Dial], text: str, name: str = "rollsite-config", key: str = "route_table.json"
) -> Compared:
    server = Live((config_map(name, **{key: text}),))
    return compare(server.api, site(dials=dials), DEADLINE)


def wrong(dials: Sequence[Dial], text: str, *where: str) -> list[tuple[str, str, str]]:
    """The entries that lead elsewhere: which, to where, and what is planned."""
    found = compared(dials, text, *where)
    assert found.unread == ()
    return [(each.entry, each.live, each.planned) for each in found.wrong]


def test_a_table_as_planned() -> None:
    """The site's own entry leads inside, and is nobody's business."""
    assert wrong([PEER], routes(p10000=row("192.168.10.1", 30101), p9999=OWN)) == []
    assert wrong([PEER, HUB], routes(default=row("192.168.0.1", 30000), p10000=row("192.168.10.1", 30101))) == []


def test_a_chart_s_own_defaults_are_found() -> None:
    """They lead to addresses of somebody's example."""
    text = routes(default=row("192.168.1.1", 30000), p8888=row("192.168.8.1", 30081), p10000=row("192.168.10.1", 30101))
    assert wrong([PEER], text) == [("default", "192.168.1.1:30000", ""), ("8888", "192.168.8.1:30081", "")]
    text = routes(p10000=row("192.168.10.9", 30101))
    assert wrong([PEER], text) == [("10000", "192.168.10.9:30101", "192.168.10.1:30101")]


def test_a_missing_entry_leads_nowhere_or_to_the_default() -> None:
    """Which may be right."""
    assert wrong([PEER], routes(p9999=OWN)) == [("10000", "", "192.168.10.1:30101")]
    assert wrong([HUB], routes(p9999=OWN)) == [("default", "", "192.168.0.1:30000")]
    assert wrong([PEER], routes(default=row("192.168.10.1", 30101))) == []
    text = routes(default=row("192.168.1.1", 30000))
    assert wrong([PEER], text) == [("10000", "192.168.1.1:30000", "192.168.10.1:30101")]
    assert wrong([HUB], routes(default=row("default-serving-proxy", 8869))) != []


def test_an_exchange_may_be_reached_by_entries() -> None:
    """Where a site has several."""
    assert wrong([HUB], routes(p10000=row("192.168.0.1", 30000))) == []


def test_what_stands_in_the_spec_is_planned() -> None:
    """A user may add peers of their own under `overrides`; a name alone is no address of anybody."""
    server = Live(
        (config_map("rollsite-config", route_table__json=routes(p7=row("10.0.0.7", 1), p8=row("10.0.0.70", 1))),)
    )
    folder = site(dials=[PEER], files={"cluster.yaml": "partyIp: 10.0.0.7\n"})
    found = compare(server.api, folder, DEADLINE).wrong
    assert [each.entry for each in found if not each.planned] == ["8"]
    assert wrong([], routes(default=row("rollsite", 9370))) == []


def test_polling_parties_are_dialled_by_nobody() -> None:
    """Their entry has no address."""
    polled = {"default": [{"port": -1, "ip": "", "is_polling": True}]}
    assert wrong([PEER], routes(p10000=row("192.168.10.1", 30101), p10001=polled)) == []


def test_lbrollsite_leads_on_to_its_exchanges() -> None:
    """Its table names its own nginx, whose configuration names them."""
    nginx = "upstream exchange_services {\n least_conn;\n server 192.168.0.1:30000;\n server 192.168.0.2:30000;\n}\n"
    texts = {"route_table.json": routes(default=row("exchange", 9390)), "nginx.conf": nginx}
    assert compare(Live((config_map("rollsite-config", **texts),)).api, site(dials=[HUB]), DEADLINE).wrong == ()
    texts["nginx.conf"] = ""
    found = compare(Live((config_map("rollsite-config", **texts),)).api, site(dials=[HUB]), DEADLINE).wrong
    assert [each.live for each in found] == ["exchange:9390"]


NGINX = """
default:
  proxy:
    - {host: 192.168.0.1, http_port: 30003, grpc_port: 30008}
9999:
  proxy:
    - {host: nginx, http_port: 9300, grpc_port: 9310}
  fateflow:
    - {host: fateflow, http_port: 9380, grpc_port: 9360}
10000:
  fateflow:
    - {host: 192.168.10.1, http_port: 30103, grpc_port: 30108}
"""
RABBITMQ = "9999: {host: rabbitmq, port: 5672}\n10000: {host: 192.168.10.1, port: 30104}\n"
PULSAR = """
9999: {host: pulsar, port: 6650, sslPort: 6651, proxy: ""}
10000: {host: 192.168.10.1, port: 30105, sslPort: 30106, proxy: ""}
10001: {host: 10001.fate.org, port: 6650, sslPort: 6651, proxy: "192.168.0.1:30007"}
default: {proxy: "192.168.0.1:30007", domain: fate.org}
"""
SNI = "sni:\n  - {fqdn: 9999.fate.org, tunnel_route: '192.168.9.1:30098'}\n  - {fqdn: '*', tunnel_route: x}\n"


@pytest.mark.parametrize(
    ("channel", "name", "key", "text", "good", "bad"),
    [
        (Channel.ROLLSITE, "osx-config", "route_table.json", routes(p10000=row("h", 1)), ("10000", "h", 1), 2),
        (Channel.NGINX_HTTP, "nginx-config", "route_table.yaml", NGINX, ("10000", "192.168.10.1", 30103), 30108),
        (Channel.NGINX_GRPC, "nginx-config", "route_table.yaml", NGINX, ("hub", "192.168.0.1", 30008), 30003),
        (
            Channel.RABBITMQ, "rabbitmq-route-table", "rabbitmq_route_table.yaml", RABBITMQ,
            ("10000", "192.168.10.1", 30104), 5672,
        ),
        (
            Channel.PULSAR, "pulsar-route-table", "pulsar_route_table.yaml", PULSAR,
            ("10000", "192.168.10.1", 30105), 6650,
        ),
        (
            Channel.PULSAR, "pulsar-route-table", "pulsar_route_table.yaml", PULSAR,
            ("10000", "192.168.10.1", 30106), 6651,
        ),
        (
            Channel.PULSAR, "pulsar-route-table", "pulsar_route_table.yaml", PULSAR,
            ("hub", "192.168.0.1", 30007), 6651,
        ),
        (Channel.PULSAR, "traffic-server-sni", "sni.yaml", SNI, ("9999", "192.168.9.1", 30098), 6651),
        (
            Channel.SERVING, "serving-proxy-config", "route_table.json",
            json.dumps({"route_table": {"10000": row("h", "8869")}}), ("10000", "h", 8869), 1,
        ),
    ],
)  # fmt: skip
def test_the_table_of_each_channel(
    channel: Channel, name: str, key: str, text: str, good: tuple[str, str, int], bad: int
) -> None:
    """Where it stands in the charts, and how its reader takes it."""
    peer = f"party-{good[0]}" if good[0].isdecimal() else f"exchange-{good[0]}"
    dial = Dial(channel, peer, good[1], good[2])
    planned = [(entry, at) for entry, _, at in wrong([dial], text, name, key) if at]
    assert planned == []
    planned = [(entry, at) for entry, _, at in wrong([dial._replace(port=bad)], text, name, key) if at]
    assert planned == [(good[0] if good[0].isdecimal() else "default", f"{good[1]}:{bad}")]


@pytest.mark.parametrize(
    ("name", "key", "text", "reason"),
    [
        ("rollsite-config", "route_table.json", "{", "it is not JSON"),
        ("rollsite-config", "route_table.json", "[" * 100_000, "it is not JSON"),
        ("rollsite-config", "route_table.json", "[]", "it has no route_table"),
        ("nginx-config", "route_table.yaml", "a: [", "it is not YAML (line 2)"),
        ("nginx-config", "route_table.yaml", "- a", "it is no table"),
        ("nginx-config", "route_table.yaml", "{}\n---\n{}", "it is no table"),
    ],
)
def test_what_no_reader_takes_is_told(name: str, key: str, text: str, reason: str) -> None:
    """Rollsite never looks again after such a table."""
    channel = Channel.ROLLSITE if name.startswith("rollsite") else Channel.NGINX_HTTP
    (found,) = compared([PEER._replace(channel=channel)], text, name, key).unread
    assert (found.what, found.reason) == (f"{key} of ConfigMap fate-9999/{name}", reason)
    assert found.is_broken


def test_an_empty_table_is_one() -> None:
    """It has no entries."""
    dial = PEER._replace(channel=Channel.RABBITMQ)
    assert len(wrong([dial], "", "rabbitmq-route-table", "rabbitmq_route_table.yaml")) == 1


def test_what_cannot_be_looked_at_is_said() -> None:
    """No table, or no right to look."""
    found = compare(Live(()).api, site(dials=[PEER]), DEADLINE)
    assert [(each.what, each.reason, each.is_broken) for each in found.unread] == [
        ("ConfigMap fate-9999/rollsite-config or osx-config", "it has no route table", False)
    ]
    found = compare(Live((), hidden=frozenset({"ConfigMap"})).api, site(dials=[PEER]), DEADLINE)
    assert [each.reason for each in found.unread] == ["secrets is forbidden"]


def test_channels_inside_a_party_have_no_table() -> None:
    """FATE-Flow finds its own serving-server elsewhere."""
    dial = PEER._replace(channel=Channel.LOAD)
    assert compare(Live(()).api, site(dials=[dial]), DEADLINE) == Compared((), ())


def test_addresses_of_the_sixth_version() -> None:
    """They stand in brackets where a port follows."""
    text = routes(p10000=row("fd00::1", 30101))
    assert wrong([PEER], text) == [("10000", "[fd00::1]:30101", "192.168.10.1:30101")]
