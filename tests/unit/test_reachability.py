"""The difference of two sides: who is lost, gained and re-routed, why, and how that is told."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import yaml

from planner.lookup import Endpoint, RouteTable
from planner.pipeline import check
from planner.reachability import Difference, Endpoints, Fate, Side, Table, compare
from renderers.planning import render_site
from renderers.proving import way
from renderers.reachability import Compared, SideReader
from renderers.reachability_report import difference_lines, findings, sections, steps
from renderers.report import State
from tests.quick_yaml import loaded

BASE = """\
version: 1
name: demo
release: v1.11.2
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
exchanges: {exchanges}
parties:
  - {{id: 9999, cluster: bank}}
  - {{id: 10000, cluster: shop}}
  - {{id: 10001, cluster: bank}}
defaults:
  credentials: {{mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}}
"""
MESH = BASE.format(topology="mesh", exchanges="[]")
STAR = BASE.format(topology="[{star: all, through: hub}]", exchanges="[{name: hub, cluster: bank}]")
TWO = BASE.format(
    topology="[{star: {hub: [9999], yard: [10000, 10001]}}]",
    exchanges="[{name: hub, cluster: bank}, {name: yard, cluster: shop}]",
)
TWO_MOVED = TWO.replace("{hub: [9999], yard: [10000, 10001]}", "{hub: [9999, 10001], yard: [10000]}")
FAN = BASE.format(topology="[{links: [[9999, 10000], [9999, 10001]]}]", exchanges="[]")
POLLED = FAN.replace("{id: 10001, cluster: bank}", "{id: 10001, cluster: bank, polling: 9999}")
SERVED = MESH.replace(", cluster: shop}", ", cluster: shop, serving: {}}").replace(
    "{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, serving: {}}"
)

Edit = tuple[str, Callable[[Any], None]]


def side(text: str, endpoints: Endpoints, edits: Sequence[Edit] = ()) -> Side:
    """One side: a federation planned, and its files read back, some of them changed before."""
    checked = check(text.encode())
    assert checked.plan is not None, [each.message for each in checked.diagnostics]
    reader, render = SideReader(checked.plan, endpoints), render_site(checked.plan)
    for planned in checked.plan.sites:
        files = dict(render(planned))
        for edit in (edit for site, edit in edits if site == planned.key):
            data = loaded(files["cluster.yaml"])
            edit(data)
            files["cluster.yaml"] = yaml.safe_dump(data)
        reader.read_back(planned, files)
    return reader.side()


def sides(before: str, after: str, *edits: Edit) -> tuple[Side, Side]:
    """Both sides; files of the second may be changed first."""
    endpoints = Endpoints()
    return side(before, endpoints), side(after, endpoints, edits)


def told(found: Difference) -> list[tuple[str, str, int, list[int]]]:
    """The groups in short."""
    return [(str(group.fate), group.cause.text, group.pairs, sorted(group.pivots)) for group in found.groups]


def named(number: int, port: int | None = None) -> Edit:
    """An edit that gives a row of a mesh party another port, or drops it."""

    def edit(data: Any) -> None:
        rows = data["rollsite"]["partyList"]
        if port is None:
            data["rollsite"]["partyList"] = [row for row in rows if row["partyId"] != number]
        else:
            next(row for row in rows if row["partyId"] == number)["partyPort"] = port

    return "party-9999", edit


LESS = MESH.replace("  - {id: 10001, cluster: bank}\n", "")
SPARK = MESH.replace("defaults:\n", "defaults:\n  engine: spark_rabbitmq\n")


@pytest.mark.parametrize(
    ("before", "after", "expected", "kept"),
    [
        (MESH, MESH + " ", [], 6),
        (MESH, LESS, [("lost", "{} gone", 4, [10001])], 2),
        (LESS, MESH, [("gained", "{} new", 4, [10001])], 2),
        (
            MESH,
            MESH.replace("192.168.10.1", "192.168.10.7"),
            [("re-routed", "party 10000 is dialled at another endpoint", 2, [])],
            4,
        ),
        (
            STAR,
            STAR.replace("{name: hub, cluster: bank}", "{name: hub, cluster: shop}"),
            [("re-routed", "exchange hub is dialled at another endpoint", 6, [])],
            0,
        ),
        (STAR, MESH, [("re-routed", "directly instead of through exchange hub", 6, [])], 0),
        (
            TWO,
            TWO_MOVED,
            [
                ("re-routed", "through exchange hub and exchange yard instead of through exchange yard", 1, []),
                ("re-routed", "through exchange hub instead of through exchange hub and exchange yard", 1, []),
                ("re-routed", "through exchange hub instead of through exchange yard and exchange hub", 1, []),
                ("re-routed", "through exchange yard and exchange hub instead of through exchange yard", 1, []),
            ],
            2,
        ),
        (
            MESH,
            BASE.format(topology="[{links: [[9999, 10000], [10000, 10001]]}]", exchanges="[]"),
            [("lost", "no shape has the two any more", 2, [])],
            4,
        ),
        (FAN, POLLED, [("re-routed", "party 10001 polls", 1, [])], 3),
        (POLLED, FAN, [("re-routed", "party 10001 no longer polls", 1, [])], 3),
        (MESH, SPARK, [("re-routed", "over nginx http and nginx grpc and rabbitmq instead of rollsite", 6, [])], 0),
        (MESH, SERVED, [("gained", "no shape had the two before", 2, [])], 6),
        (MESH, MESH.replace("defaults:\n", "defaults:\n  tls: true\n"), [("re-routed", "TLS is on now", 6, [])], 0),
    ],
    ids=[
        "same",
        "gone",
        "new",
        "moved",
        "hub",
        "direct",
        "other",
        "links",
        "polls",
        "dials",
        "engine",
        "serving",
        "tls",
    ],
)
def test_causes(before: str, after: str, expected: list[Any], kept: int) -> None:
    """Each kind of change is told by its cause, with the number of its pairs and the parties it is about."""
    found = compare(*sides(before, after))
    assert told(found) == expected
    assert found.counts[Fate.KEPT] == kept


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([named(10001)], ("lost", "now: no route", 1, [])),
        ([named(10001, 1)], ("lost", "now: nobody listens there at 192.168.9.1:1", 1, [])),
        (
            [("party-10001", lambda data: data["rollsite"].update(type="ClusterIP"))],
            ("lost", "now: nobody listens there at 192.168.9.1:30101", 2, []),
        ),
    ],
    ids=["row", "port", "door"],
)
def test_what_the_files_say_counts_and_not_the_plan(edits: list[Edit], expected: tuple[Any, ...]) -> None:
    """A file that was changed after it was planned loses the pairs that it breaks, and only those."""
    found = compare(*sides(MESH, MESH + " ", *edits))
    assert told(found) == [expected]
    assert found.is_worse


def test_both_ways_are_told() -> None:
    """The lines give counts, causes and both ways of a few pairs in the words of --path, and nothing twice."""
    before, after = sides(MESH, LESS.replace("192.168.10.1", "192.168.10.7"))
    compared = Compared("main", "c" * 40, before, after, compare(before, after))
    lines = difference_lines(compared, colour=False)
    assert lines == (
        "",
        "Against out/ at main: 4 pairs lost, 1 re-routed, 0 gained, 1 as before",
        "",
        "-  4 pairs lost: party 10001 is gone",
        "     9999:10001   before  party 9999 -> party 10001 (192.168.9.1:30101)",
        "     10000:10001  before  party 10000 -> party 10001 (192.168.9.1:30101)",
        "     10001:9999   before  party 10001 -> party 9999 (192.168.9.1:30091)",
        "     … and 1 more",
        "",
        "~  1 pair re-routed: party 10000 is dialled at another endpoint",
        "     9999:10000  before  party 9999 -> party 10000 (192.168.10.1:30091)",
        "                 now     party 9999 -> party 10000 (192.168.10.7:30091)",
    )
    coloured = difference_lines(compared, colour=True)
    assert [line.split("m", 1)[-1].removesuffix("\x1b[0m") for line in coloured if line.startswith("\x1b")] == [
        line for line in lines if line[:1] in {"-", "~"}
    ]
    assert [each.fault.code for each in findings(compared)] == ["FED731", "FED732"]
    assert [step.state for step in steps(compared)] == [State.FAILED, State.FAILED]
    lost, rerouted = sections(compared)
    assert lost.rows[0][:3] == ("4", "party 10001 is gone", "9999:10001")
    assert rerouted.rows[0][3:] == (
        "party 9999 -> party 10000 (192.168.10.1:30091)",
        "party 9999 -> party 10000 (192.168.10.7:30091)",
    )


def test_expectations_of_both_sides() -> None:
    """What was dropped is judged on the new files as well, and what still stands on the old ones."""
    expect = "expect:\n  - {pair: [9999, 10000], via: hub}\n  - {pair: [9999, 10001]}\nnever: []\n"
    before, after = sides(STAR + expect.replace("never: []\n", ""), MESH + "expect: [{pair: [10000, 10001]}]\n")
    found = compare(before, after)
    actual = [(each.first, each.second, each.via, each.is_asked, each.held, each.holds) for each in found.expectations]
    assert actual == [
        (9999, 10000, "exchange-hub", False, True, False),
        (9999, 10001, None, False, True, True),
        (10000, 10001, None, True, True, True),
    ]
    compared = Compared("main", "c" * 40, before, after, found)
    assert "FED733" in [each.fault.code for each in findings(compared)]
    assert "     9999 and 10000 talk through hub: holds at main, not asked for (does not hold) now" in difference_lines(
        compared, colour=False
    )


def test_a_way_through_several_exchanges_is_told_whole() -> None:
    """The ways of a side are those of the proof, hop by hop."""
    before = side(TWO, Endpoints())
    (found,) = before.ways(9999, 10000, next(iter(before.topologies))).values()
    assert way(found[0]) == (
        "party 9999 -> exchange hub (192.168.9.1:30000) -> exchange yard (192.168.10.1:30000) "
        "-> party 10000 (192.168.10.1:30091)"
    )


def test_a_table_in_little_space_is_the_table() -> None:
    """Nothing of a route table is lost in the arrays."""
    endpoints = Endpoints()
    table = RouteTable(
        9999,
        {10000: Endpoint("a", 1), 10001: Endpoint("b", 2), 10002: Endpoint("a", 1)},
        (Endpoint("c", 3),),
        {10000: (Endpoint("d", 4),)},
        "fate.org",
    )
    assert Table.of(table, endpoints).read(endpoints) == table
    assert len(endpoints.known) == 2


def star(number: int, hub: str) -> str:
    """A star of many parties."""
    parties = "\n".join(f"  - {{id: {10000 + each}, cluster: c{each % 5}}}" for each in range(number))
    clusters = "\n".join(f"  - {{name: c{each}, address: 10.0.0.{each + 1}}}" for each in range(5))
    head, tail = STAR.split("clusters:\n")[0], STAR.split("defaults:\n")[1]
    exchanges = "exchanges: [{name: hub, cluster: hub}]"
    hubs = f"  - {{name: hub, address: {hub}}}"
    return f"{head}clusters:\n{hubs}\n{clusters}\n{exchanges}\nparties:\n{parties}\ndefaults:\n{tail}"


def counted(before: Side, after: Side) -> tuple[Difference, int]:
    """The difference of two sides, and how many functions were called for it."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        found = compare(before, after)
    finally:
        sys.setprofile(None)
    return found, calls


def test_cost_grows_with_sites_and_not_with_pairs() -> None:
    """A star whose hub moves and which loses a party: every pair is counted, and no pair is looked at."""
    found, calls = counted(*sides(star(50, "10.1.0.1"), star(49, "10.1.0.2")))
    _, more = counted(*sides(star(200, "10.1.0.1"), star(199, "10.1.0.2")))
    assert more < 5 * calls  # four times the sites, sixteen times the pairs
    assert told(found) == [
        ("lost", "{} gone", 2 * 49, [10049]),
        ("re-routed", "exchange hub is dialled at another endpoint", 49 * 48, []),
    ]
    assert [group.examples for group in found.groups] == [
        [(10000, 10049), (10001, 10049), (10002, 10049)],
        [(10000, 10001), (10000, 10002), (10000, 10003)],
    ]


def test_many_causes_are_told_by_number() -> None:
    """A hundred parties that move are ten groups in text, and all pairs are in the counts."""
    before, after = sides(star(60, "10.1.0.1"), star(60, "10.1.0.1").replace("address: 10.0", "address: 10.9"))
    compared = Compared("main", "c" * 40, before, after, compare(before, after))
    lines = difference_lines(compared, colour=False)
    assert len(compared.difference.groups) == 60
    assert lines[-1] == "   … and 50 more causes, of 2,950 pairs; --format json lists them"
    (finding,) = findings(compared)
    assert [note.message for note in finding.notes][-1] == "3,245 pairs: 55 more causes"
    assert len(sections(compared)[0].rows) == 60


KUBERNETES = MESH.replace("defaults:\n", "defaults:\n  target: kubernetes\n")
SCRIPTED = re.sub(r"defaults:.*", "", MESH.replace("v1.11.2", "v1.2.0").replace("exchanges: []\n", ""), flags=re.DOTALL)


@pytest.mark.parametrize("text", [KUBERNETES, SCRIPTED], ids=["manifests", "script"])
def test_other_targets_are_read_back_as_well(text: str) -> None:
    """Manifests and kube.cfg give the same difference as the files of the charts do."""
    before, after = sides(text, text.replace("  - {id: 10001, cluster: bank}\n", "").replace("168.10.1", "168.10.7"))
    found = compare(before, after)
    assert told(found) == [
        ("lost", "{} gone", 4, [10001]),
        ("re-routed", "party 10000 is dialled at another endpoint", 1, []),
    ]
    assert found.counts[Fate.KEPT] == 1
