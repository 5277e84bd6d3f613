"""The checks of names and routes: each mistake gives its one finding, at the key to be edited.

Every case runs all of these checks, so a second finding for the same mistake fails it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from planner.checks import (
    broken_balance,
    contradicting_topology,
    duplicate_id,
    duplicate_member,
    duplicate_name,
    duplicate_route,
    exchange_is_party,
    forbidden_route,
    forwarding_loop,
    isolated_party,
    missing_route,
    one_way_route,
    redundant_direct_route,
    self_link,
    tls_mismatch,
    uncovered_party,
    unknown_cluster,
    unknown_exchange,
    unknown_party,
    unmet_expectation,
    unreachable_polling_client,
    unused_exchange,
    unused_route,
    wrong_endpoint,
    wrong_polling_server,
)
from planner.diagnostics import Diagnostic, KeyPath, Place
from planner.interpret import interpret
from planner.lock import Lock
from planner.plan import examine
from planner.routes import POLLED, NextHops, Topology

CHECKS = (
    duplicate_id,
    duplicate_name,
    unknown_party,
    unknown_cluster,
    unknown_exchange,
    exchange_is_party,
    forbidden_route,
    forwarding_loop,
    self_link,
    unreachable_polling_client,
    unmet_expectation,
    redundant_direct_route,
    contradicting_topology,
    isolated_party,
    unused_exchange,
    wrong_polling_server,
    tls_mismatch,
    broken_balance,
    unused_route,
    duplicate_member,
    duplicate_route,
)
Found = list[tuple[str, KeyPath]]


def federation(topology: object = "mesh", parties: int = 3, hubs: str = "", **more: Any) -> dict[str, Any]:
    """Parties 1, 2, 3 … and one exchange per letter of `hubs`, all on one cluster; `more` are further keys.

    `party_2={...}` and `exchange_a={...}` add keys to one site.
    """
    data: dict[str, Any] = {
        "version": 1,
        "name": "demo",
        "release": "v1.7.2",
        "topology": topology,
        "clusters": [{"name": "bank", "address": "192.168.9.1"}],
        "exchanges": [{"name": name, "cluster": "bank", **more.pop(f"exchange_{name}", {})} for name in hubs],
        "parties": [{"id": n, "cluster": "bank", **more.pop(f"party_{n}", {})} for n in range(1, parties + 1)],
    }
    return {**data, **more}


def diagnostics(data: Mapping[str, Any], *, complete: bool = True) -> list[Diagnostic]:
    """All findings of the checks of this module."""
    subject = examine(interpret(data, complete=complete), Lock())
    return [diagnostic for module in CHECKS for diagnostic in module.check(subject)]


def found(data: Mapping[str, Any], *, complete: bool = True) -> Found:
    """Code and place of all findings."""
    return [(diagnostic.fault.code, diagnostic.place.path) for diagnostic in diagnostics(data, complete=complete)]


STAR_AB = {"star": {"a": [1, 2], "b": [3]}}

GOOD: dict[str, dict[str, Any]] = {
    "mesh": federation(),
    "star": federation("star", hubs="a"),
    "star without through": federation([{"star": [1, 2, 3]}], hubs="a"),
    "grouped star": federation([STAR_AB], hubs="ab"),
    "balanced star": federation([{"star": "all", "through": ["a", "b"]}], hubs="ab", release="v1.11.2"),
    "two balanced stars, one set": federation(
        [{"star": [1, 2], "through": ["a", "b"]}, {"star": [2, 3], "through": ["b", "a"]}], hubs="ab"
    ),
    "never in a mesh": federation(never=[[1, 2]]),
    "never over two exchanges": federation(
        [{"star": [1, 2], "through": "a"}, {"star": [2, 3], "through": "b"}], hubs="ab", never=[[1, 3]]
    ),
    "polling an exchange": federation("star", hubs="a", party_3={"polling": "a"}),
    "all poll the exchange": federation(
        "star", hubs="a", party_1={"polling": "a"}, party_2={"polling": "a"}, party_3={"polling": "a"}
    ),
    "polling the exchange of its group": federation([STAR_AB], hubs="ab", party_3={"polling": "b"}),
    "polling a party": federation([{"links": [[1, 2], [1, 3]]}], party_3={"polling": 1}),
    "polling a party in a mesh of two": federation(parties=2, party_2={"polling": 1}),
    "polling a party of its star": federation(
        [{"star": [1, 2], "through": "a"}], parties=2, hubs="a", party_2={"polling": 1}
    ),
    "upstream": federation(
        [{"star": [1, 2], "through": "a"}, {"star": [2, 3], "through": "b"}], hubs="abc", exchange_a={"upstream": "c"}
    ),
    "exchange named like a party": federation("star", exchanges=[{"name": "1", "id": 9, "cluster": "bank"}]),
    "met expectations": federation(
        [{"star": [1, 2], "through": "a"}, {"mesh": [2, 3]}],
        hubs="a",
        expect=[{"pair": [2, 1], "via": "a"}, {"pair": [2, 3]}],
    ),
    "via both exchanges": federation([STAR_AB], hubs="ab", expect=[{"pair": [1, 3], "via": v} for v in "ab"]),
    "via the second star": federation(
        [{"star": [1, 2], "through": "a"}, {"star": [2, 3], "through": "b"}],
        hubs="ab",
        expect=[{"pair": [2, 3], "via": "b"}, {"pair": [1, 2], "via": "a"}],
    ),
    "via the polled exchange": federation(
        "star", hubs="a", party_3={"polling": "a"}, expect=[{"pair": [3, 1], "via": "a"}]
    ),
    "routes in both directions": federation(
        routes=[{"from": 1, "to": 2, "port": 5}, {"from": 2, "to": 1, "address": "10.0.0.1"}]
    ),
    "routes of a star": federation(
        [STAR_AB], hubs="ab", routes=[{"from": f, "to": t, "port": 5} for f, t in ((1, "a"), ("a", 1), ("a", "b"))]
    ),
    "route to an upstream": federation(
        [{"star": "all", "through": "a"}],
        hubs="ab",
        exchange_a={"upstream": "b"},
        routes=[{"from": "a", "to": "b", "port": 5}],
    ),
    "TLS everywhere": federation("star", hubs="a", defaults={"tls": True}, release="v1.11.2"),
    "TLS apart": federation(
        [{"mesh": [1, 2]}, {"mesh": [3, 4]}],
        parties=4,
        release="v1.11.2",
        party_1={"tls": True},
        party_2={"tls": True},
    ),
    "a link beside a star": federation([{"star": [1, 2], "through": "a"}, {"links": [[1, 3]]}], hubs="a"),
    "star and mesh share one party": federation([{"star": [1, 2], "through": "a"}, {"mesh": [2, 3]}], hubs="a"),
    "star and mesh share a forbidden pair": federation(
        [{"star": {"a": [1, 2]}}, {"star": {"b": [3, 4]}}, {"mesh": [1, 3]}, {"mesh": [2, 4]}], parties=4, hubs="ab"
    ),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD.keys())
def test_nothing_is_found_where_nothing_is_wrong(data: Mapping[str, Any]) -> None:
    """What the topology can do is no mistake."""
    assert found(data) == []


BAD: dict[str, tuple[dict[str, Any], Found]] = {
    "two exchanges of one name": (
        federation("star", hubs="aa"),
        [("FED121", ("exchanges", 1, "name"))],
    ),
    "unknown party in a mesh": (
        federation([{"mesh": [1, 2, 4]}]),
        [("FED123", ("topology", 0, "mesh", 2))],
    ),
    "unknown party in a star": (
        federation([{"star": [1, 2, 3, 7], "through": "a"}], hubs="a"),
        [("FED123", ("topology", 0, "star", 3))],
    ),
    "unknown party in a group": (
        federation([{"star": {"a": [1, 2], "b": [3, 7]}}], hubs="ab"),
        [("FED123", ("topology", 0, "star", "b", 1))],
    ),
    "unknown party in a balanced star": (
        federation([{"star": [7, 1, 2, 3], "through": ["a", "b"]}], hubs="ab"),
        [("FED123", ("topology", 0, "star", 0))],
    ),
    "unknown party in links": (
        federation([{"links": [[1, 2], [2, 7]]}], parties=2),
        [("FED123", ("topology", 0, "links", 1, 1))],
    ),
    "unknown party under never": (federation(never=[[7, 1]]), [("FED123", ("never", 0, 0))]),
    "unknown party under expect": (
        federation(expect=[{"pair": [1, 7]}]),
        [("FED123", ("expect", 0, "pair", 1))],
    ),
    "unknown parties under routes": (
        federation(routes=[{"from": 7, "to": 1, "port": 5}, {"from": 1, "to": 8, "port": 5}]),
        [("FED123", ("routes", 0, "from")), ("FED123", ("routes", 1, "to"))],
    ),
    "unknown polling server": (federation(party_3={"polling": 7}), [("FED123", ("parties", 2, "polling"))]),
    "one unknown party in many places": (
        federation([{"mesh": [1, 2, 7]}, {"links": [[1, 7], [3, 7]]}], never=[[2, 7]], expect=[{"pair": [1, 7]}]),
        [("FED123", ("topology", 0, "mesh", 2))],
    ),
    "unknown cluster of two sites": (
        federation(party_2={"cluster": "bnk"}, party_3={"cluster": "bnk"}),
        [("FED124", ("parties", 1, "cluster"))],
    ),
    "unknown cluster of an exchange": (
        federation("star", hubs="a", exchange_a={"cluster": "x"}),
        [("FED124", ("exchanges", 0, "cluster"))],
    ),
    "unknown through": (
        federation([{"star": "all", "through": "z"}], hubs="a"),
        [("FED125", ("topology", 0, "through"))],
    ),
    "unknown exchange of a balanced star": (
        federation([{"star": "all", "through": ["a", "z"]}], hubs="a"),
        [("FED125", ("topology", 0, "through", 1))],
    ),
    "unknown group": (
        federation([{"star": {"a": [1, 2], "z": [3]}}], hubs="a"),
        [("FED125", ("topology", 0, "star", "z"))],
    ),
    "unknown via": (
        federation(expect=[{"pair": [1, 2], "via": "z"}]),
        [("FED125", ("expect", 0, "via"))],
    ),
    "unknown upstream": (
        federation("star", hubs="a", exchange_a={"upstream": "z"}),
        [("FED125", ("exchanges", 0, "upstream"))],
    ),
    "unknown polled exchange": (
        federation("star", hubs="a", party_1={"polling": "z"}),
        [("FED125", ("parties", 0, "polling"))],
    ),
    "unknown exchange under routes": (
        federation(routes=[{"from": 1, "to": "z", "port": 5}]),
        [("FED125", ("routes", 0, "to"))],
    ),
    "star without exchanges": (federation("star"), [("FED125", ("topology",))]),
    "star of two exchanges": (federation("star", hubs="ab"), [("FED125", ("topology",))]),
    "shape without through": (
        federation([{"mesh": [1, 2]}, {"star": [2, 3]}], hubs="ab"),
        [("FED125", ("topology", 1, "star"))],
    ),
    "exchange has a party's id": (
        federation("star", hubs="a", exchange_a={"id": 2}),
        [("FED126", ("exchanges", 0, "id"))],
    ),
    "two exchanges have one id": (
        federation([STAR_AB], hubs="ab", exchange_a={"id": 9}, exchange_b={"id": 9}),
        [("FED126", ("exchanges", 1, "id"))],
    ),
    "never in a star": (federation("star", hubs="a", never=[[1, 2]]), [("FED203", ("never", 0))]),
    "never over two groups": (federation([STAR_AB], hubs="ab", never=[[1, 3]]), [("FED203", ("never", 0))]),
    "never in a balanced star": (
        federation([{"star": "all", "through": ["a", "b"]}], hubs="ab", never=[[1, 3]]),
        [("FED203", ("never", 0))],
    ),
    "never over two stars of one exchange": (
        federation(
            [{"star": [1, 2], "through": "a"}, {"star": [3, 4], "through": "a"}], parties=4, hubs="a", never=[[1, 3]]
        ),
        [("FED203", ("never", 0))],
    ),
    "never over an upstream": (
        federation(
            [{"star": [1, 2], "through": "a"}, {"star": [3, 4], "through": "b"}],
            parties=4,
            hubs="ab",
            exchange_a={"upstream": "b"},
            never=[[3, 1]],
        ),
        [("FED203", ("never", 0))],
    ),
    "never over a polling server": (
        federation([{"links": [[1, 2], [1, 3]]}], party_3={"polling": 1}, never=[[2, 3]]),
        [("FED203", ("never", 0))],
    ),
    "never with its polling server": (
        federation([{"links": [[1, 2], [2, 3]]}], party_3={"polling": 1}, never=[[1, 3]]),
        [("FED203", ("never", 0))],
    ),
    "never over the polled party in a mesh": (
        federation(party_3={"polling": 1}, never=[[2, 3]]),
        [("FED203", ("never", 0))],
    ),
    "circle of three exchanges": (
        federation(
            [{"star": {"a": [1], "b": [2], "c": [3]}}],
            hubs="cba",
            exchange_c={"upstream": "a"},
            exchange_b={"upstream": "c"},
            exchange_a={"upstream": "b"},
        ),
        [("FED204", ("exchanges", 2, "upstream"))],
    ),
    "pairs of one party": (
        federation(
            [{"mesh": "all"}, {"links": [[1, 1]]}],
            never=[[2, 2]],
            expect=[{"pair": [3, 3]}],
            routes=[{"from": 1, "to": 1, "port": 5}],
        ),
        [
            ("FED205", ("topology", 1, "links", 0, 1)),
            ("FED205", ("never", 0, 1)),
            ("FED205", ("expect", 0, "pair", 1)),
            ("FED205", ("routes", 0, "to")),
        ],
    ),
    "polls itself": (federation(party_2={"polling": 2}), [("FED205", ("parties", 1, "polling"))]),
    "own upstream": (
        federation("star", hubs="a", exchange_a={"upstream": "a"}),
        [("FED205", ("exchanges", 0, "upstream"))],
    ),
    "client in a mesh": (federation(party_3={"polling": 1}), [("FED207", ("parties", 2, "polling"))]),
    "client dialled directly and behind its exchange": (
        federation([{"star": "all", "through": "a"}, {"links": [[1, 3]]}], hubs="a", party_3={"polling": "a"}),
        [("FED207", ("parties", 2, "polling"))],
    ),
    "client in a star of another exchange": (
        federation(
            [{"star": [1, 3], "through": "a"}, {"star": [2, 3], "through": "b"}], hubs="ab", party_3={"polling": "a"}
        ),
        [("FED207", ("parties", 2, "polling"))],
    ),
    "client of a client": (
        federation([{"links": [[1, 2], [2, 3]]}], party_3={"polling": 2}, party_2={"polling": 1}),
        [("FED207", ("parties", 1, "polling")), ("FED214", ("parties", 2, "polling"))],
    ),
    "client behind another group": (
        federation([STAR_AB], hubs="ab", party_3={"polling": "a"}),
        [("FED214", ("parties", 2, "polling"))],
    ),
    "client behind another group of one of its stars": (
        federation(
            [{"star": "all", "through": "a"}, {"star": {"a": [1], "b": [3]}}], hubs="ab", party_3={"polling": "a"}
        ),
        [("FED214", ("parties", 2, "polling"))],
    ),
    "client of an exchange without a star": (
        federation(hubs="a", party_3={"polling": "a"}),
        [("FED214", ("parties", 2, "polling"))],
    ),
    "client of a party in another shape": (
        federation([{"links": [[1, 2], [2, 3]]}], party_3={"polling": 1}),
        [("FED214", ("parties", 2, "polling"))],
    ),
    "expected pair in no shape": (
        federation([{"links": [[1, 2], [2, 3]]}], expect=[{"pair": [1, 3]}]),
        [("FED209", ("expect", 0, "pair"))],
    ),
    "expected exchange off the way": (
        federation(
            [{"star": [1, 2], "through": "a"}, {"star": [2, 3], "through": "b"}],
            hubs="ab",
            expect=[{"pair": [2, 3], "via": "a"}],
        ),
        [("FED209", ("expect", 0, "via"))],
    ),
    "expected exchange is one of two": (
        federation([{"star": "all", "through": ["a", "b"]}], hubs="ab", expect=[{"pair": [1, 2], "via": "a"}]),
        [("FED209", ("expect", 0, "via"))],
    ),
    "expected exchange in no star": (
        federation(hubs="a", expect=[{"pair": [1, 2], "via": "a"}]),
        [("FED209", ("expect", 0, "via"))],
    ),
    "link inside a star": (
        federation([{"star": "all", "through": "a"}, {"links": [[1, 2]]}], hubs="a"),
        [("FED210", ("topology", 1, "links", 0))],
    ),
    "mesh inside a star": (
        federation([{"mesh": [1, 2, 3]}, {"star": "all", "through": "a"}], hubs="a"),
        [("FED210", ("topology", 0, "mesh"))],
    ),
    "forbidden pair is linked and expected": (
        federation([{"links": [[1, 2], [2, 3]]}], expect=[{"pair": [2, 1]}], never=[[1, 2]]),
        [("FED211", ("never", 0)), ("FED212", ("parties", 0, "id"))],
    ),
    "forbidden pair is expected in a star": (
        federation("star", hubs="a", expect=[{"pair": [2, 1], "via": "a"}], never=[[1, 2]]),
        [("FED211", ("never", 0))],
    ),
    "party in no shape": (federation([{"mesh": [1, 2]}]), [("FED212", ("parties", 2, "id"))]),
    "party alone in its shapes": (
        federation([{"mesh": [1, 2]}, {"mesh": [3]}]),
        [("FED212", ("parties", 2, "id"))],
    ),
    "party with everybody under never": (
        federation(never=[[1, 3], [2, 3]]),
        [("FED212", ("parties", 2, "id"))],
    ),
    "party without TLS that never keeps from the others": (
        federation(release="v1.11.2", never=[[1, 3], [2, 3]], party_1={"tls": True}, party_2={"tls": True}),
        [("FED212", ("parties", 2, "id"))],
    ),
    "exchange without a star": (federation(hubs="a"), [("FED213", ("exchanges", 0, "name"))]),
    "TLS at one of two": (
        federation(parties=2, release="v1.11.2", party_1={"tls": True}),
        [("FED216", ("parties", 1, "tls"))],
    ),
    "TLS at one of three": (
        federation(release="v1.11.2", party_2={"tls": True}),
        [("FED216", ("parties", 1, "tls"))],
    ),
    "no TLS at an exchange": (
        federation("star", hubs="a", release="v1.11.2", exchange_a={"tls": False}, defaults={"tls": True}),
        [("FED216", ("exchanges", 0, "tls"))],
    ),
    "TLS from defaults at the smaller part": (
        federation(
            "star",
            hubs="a",
            release="v1.11.2",
            defaults={"tls": True},
            party_1={"tls": False},
            party_2={"tls": False},
            party_3={"tls": False},
        ),
        [("FED216", ("exchanges", 0, "tls"))],
    ),
    "party in two balanced stars": (
        federation([{"star": [1, 2], "through": ["a", "b"]}, {"star": [3, 2, 1], "through": ["a", "c"]}], hubs="abc"),
        [("FED217", ("topology", 1, "star", 1))],
    ),
    "client in a balanced star": (
        federation([{"star": "all", "through": ["a", "b"]}], hubs="ab", party_3={"polling": "a"}),
        [("FED217", ("parties", 2, "polling"))],
    ),
    "route past the exchange": (
        federation("star", hubs="a", routes=[{"from": 1, "to": 2, "port": 5}]),
        [("FED218", ("routes", 0))],
    ),
    "route of a forbidden pair": (
        federation(never=[[1, 2]], routes=[{"from": 1, "to": 2, "port": 5}]),
        [("FED218", ("routes", 0))],
    ),
    "route to a polling client": (
        federation(parties=2, party_2={"polling": 1}, routes=[{"from": 1, "to": 2, "port": 5}]),
        [("FED218", ("routes", 0))],
    ),
    "route of an exchange to a stranger": (
        federation(
            [{"star": [1, 2], "through": "a"}, {"mesh": [2, 3]}], hubs="a", routes=[{"from": "a", "to": 3, "port": 5}]
        ),
        [("FED218", ("routes", 0))],
    ),
    "member of two groups": (
        federation([{"star": {"a": [1, 2], "b": [2, 3]}}], hubs="ab"),
        [("FED220", ("topology", 0, "star", "b", 0))],
    ),
    "the typing mistake that leaves a party out": (
        federation([{"mesh": [1, 2, 2]}]),
        [("FED220", ("topology", 0, "mesh", 2))],
    ),
    "pairs twice": (
        federation(
            [{"links": [[1, 2], [2, 1]]}, {"links": [[1, 2], [2, 3]]}], parties=4, never=[[4, 1], [1, 4]], expect=[]
        )
        | {"parties": [{"id": n, "cluster": "bank"} for n in (1, 2, 3)], "never": [[3, 1], [1, 3]]},
        [
            ("FED220", ("topology", 0, "links", 1)),
            ("FED220", ("topology", 1, "links", 0)),
            ("FED220", ("never", 1)),
        ],
    ),
    "two routes of one direction": (
        federation(routes=[{"from": 1, "to": 2, "port": n} for n in (5, 6, 7)]),
        [("FED221", ("routes", 1)), ("FED221", ("routes", 2))],
    ),
}


@pytest.mark.parametrize(("data", "expected"), BAD.values(), ids=BAD.keys())
def test_one_mistake_is_one_finding(data: Mapping[str, Any], expected: Found) -> None:
    """The mistake is found where it is to be mended, and nothing else is."""
    assert found(data) == expected


@pytest.mark.parametrize(("data", "expected"), BAD.values(), ids=BAD.keys())
def test_unread_parts_of_a_file_are_no_mistakes(data: Mapping[str, Any], expected: Found) -> None:
    """What is missing may stand in the part that could not be read; what contradicts itself stays a mistake."""
    missing = {"FED123", "FED124", "FED125", "FED207", "FED209", "FED212", "FED213", "FED214", "FED218"}
    actual = [code for code, _ in found(data, complete=False)]
    assert actual == [code for code, _ in expected if code not in missing]


def test_repeated_members_of_a_list_with_gaps() -> None:
    """An item that was left out shifts the others, so the finding points at the list."""
    data = federation([{"mesh": [None, 1, 2, 2]}, {"links": [None, [1, 2], [2, 1], [3, 3]]}])
    assert found(data, complete=False) == [
        ("FED205", ("topology", 1, "links")),
        ("FED220", ("topology", 0, "mesh")),
        ("FED220", ("topology", 1, "links")),
    ]


MESSAGES = {
    "ids that are no ids": (
        federation(routes=[{"from": -1, "to": 1, "port": 5}]),
        ("no party -1 is declared", "write 1, or delete it here"),
    ),
    "an id one slip away": (
        federation([{"mesh": [1, 22, 3]}], parties=2, party_3={})
        | {"parties": [{"id": n, "cluster": "bank"} for n in (1, 2, 3)]},
        ("no party 22 is declared", "write 2, or declare party 22 under parties"),
    ),
    "an id like no other": (
        federation(expect=[{"pair": [1, 7777]}]),
        ("no party 7777 is declared", "declare party 7777 under parties, or delete it here"),
    ),
    "a quoted party id": (
        federation(party_2={"polling": "3"}),
        ("no exchange 3 is declared", "write 3 without quotes if you mean the party"),
    ),
    "a reference that is no name": (
        federation("star", hubs="a", party_2={"polling": "\x1b[31m" + "x" * 99}),
        (
            'no exchange "\\u001b[31m' + "x" * 32 + '..." is declared',
            "write a, or name a party by its id",
        ),
    ),
    "no exchange at all": (
        federation("star"),
        (
            "this star has no exchange to go through: the file declares none",
            "declare one, for example exchanges: [{name: hub, cluster: bank}]",
        ),
    ),
    "one exchange too many": (
        federation("star", hubs="ab"),
        (
            "this star does not say which of the 2 exchanges it goes through",
            "write topology: [{star: all, through: a}] (the other exchange is b)",
        ),
    ),
    "a star that does not choose": (
        federation([{"star": "all"}], hubs="abc"),
        (
            "this star does not say which of the 3 exchanges it goes through",
            "add through: a (or name another one)",
        ),
    ),
    "many peers of a client": (
        federation(parties=9, party_9={"polling": 1}),
        (
            "party 9 cannot be dialled (it polls party 1), and parties 2, 3, 4 and 4 more dial it",
            "let them meet in a star through one exchange and poll that exchange, or link it with party 1 only",
        ),
    ),
    "the way of a forbidden message": (
        federation([STAR_AB], hubs="ab", never=[[3, 1]]),
        (
            "party 3 and party 1 must never talk, and can: party 3 -> exchange b -> exchange a -> party 1",
            "put one of the two behind an exchange of its own, or drop the pair from never",
        ),
    ),
    "a better polling server": (
        federation([STAR_AB], hubs="ab", party_3={"polling": "a"}),
        (
            "party 3 polls exchange a, and is behind exchange b",
            "write polling: b, or move 3 to the group of a",
        ),
    ),
    "TLS from defaults is said once": (
        BAD["TLS from defaults at the smaller part"][0] | {"topology": [{"star": "all", "through": "a"}]},
        (
            "TLS is on at exchange a, and off at the sites on the other end of the link (party 1 and 2 more)",
            "set tls: false here, or tls: true at all sites it is connected with",
        ),
    ),
}


@pytest.mark.parametrize(("data", "expected"), MESSAGES.values(), ids=MESSAGES.keys())
def test_messages(data: Mapping[str, Any], expected: tuple[str, str]) -> None:
    """What is said, and the way out."""
    assert [(diagnostic.message, diagnostic.hint) for diagnostic in diagnostics(data)] == [expected]


def test_a_polling_server_always_lists_its_clients() -> None:
    """A server that reaches its client through an exchange otherwise still keeps the client's messages for it."""
    topology = Topology(interpret(GOOD["polling a party of its star"], complete=True))
    assert topology.hops(topology.sites["party-1"]) == NextHops({2: POLLED}, ("exchange-a",))
    assert topology.hops(topology.sites["party-2"]) == NextHops({1: "exchange-a"}, ("party-1",))


def test_further_places_of_one_mistake_are_notes() -> None:
    """Three are shown, the others counted."""
    data = federation([{"links": [[1, 2], [2, 3]]}], expect=[{"pair": [1, 77]}] * 6)
    (diagnostic,) = diagnostics(data)
    assert [(note.message, note.place) for note in diagnostic.notes] == [
        *[("party 77 is named here too", Place(("expect", index, "pair", 1))) for index in (1, 2, 3)],
        ("and so it is at 2 more places", None),
    ]


def test_findings_of_the_proof() -> None:
    """What the proof says about rendered files has the place it was given and a way out."""
    place = Place(("parties", 0, "overrides"), on_key=True)
    actual = [
        make("party 1", "party 2", place, "the way")
        for make in (
            one_way_route.one_way,
            missing_route.missing,
            forbidden_route.forbidden,
            forwarding_loop.loops,
            uncovered_party.uncovered,
            wrong_endpoint.wrong,
            unmet_expectation.unmet,
        )
    ]
    codes = ["FED201", "FED202", "FED203", "FED204", "FED206", "FED208", "FED209"]
    assert [diagnostic.fault.code for diagnostic in actual] == codes
    assert all(diagnostic.place is place and diagnostic.hint for diagnostic in actual)
    assert all(diagnostic.message.endswith(": the way") for diagnostic in actual)


SERVED: dict[str, Any] = {"serving": {}}
PROXY = {"kind": "servingProxy"}


def served(topology: object, hubs: str = "s", **more: Any) -> dict[str, Any]:
    """Three parties with FATE-Serving; exchange `s` is one for serving."""
    below = {f"exchange_{name}": PROXY for name in hubs if name in "st"}
    return federation(topology, hubs=hubs, defaults=SERVED, **{**below, **more})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (served([{"mesh": "all"}, {"star": "all", "through": "s"}]), []),
        (served("star", hubs="as"), []),
        (served("mesh"), [("FED213", ("exchanges", 0, "name"))]),
        (
            served(
                [{"mesh": "all"}, {"star": "all", "through": "s"}], routes=[{"from": 1, "to": "s", "address": "b.c"}]
            ),
            [],
        ),
        (served("star", hubs="a", routes=[{"from": 1, "to": 2, "ports": {"servingProxy": 31000}}]), []),
        (
            federation("star", hubs="a", routes=[{"from": 1, "to": 2, "port": 31000}]),
            [("FED218", ("routes", 0))],
        ),
        (
            served([{"mesh": [1, 2]}, {"mesh": [2, 3]}, {"star": "all", "through": "s"}], never=[[1, 3]]),
            [("FED203", ("never", 0))],
        ),
        (
            served(
                [{"star": "all", "through": "a"}, {"star": "all", "through": "s"}], hubs="as", party_3={"polling": "a"}
            ),
            [],
        ),
        (
            federation(
                [{"mesh": "all"}, {"star": "all", "through": "s"}], hubs="s", exchange_s=PROXY, release="v1.11.2",
                defaults={"serving": {}, "tls": True}
            ),
            [],
        ),
    ],
)  # fmt: skip
def test_serving_has_routes_of_its_own(data: Mapping[str, Any], expected: Found) -> None:
    """A star for serving says nothing about training, and the other way round."""
    assert found(data) == expected


def test_tls_is_eggrolls() -> None:
    """A party on Spark has no router that could differ, and may be in one file with parties that have."""
    settings: dict[str, Any] = {f"party_{n}": {"engine": "spark_rabbitmq"} for n in (3, 4)}
    settings |= {"party_1": {"tls": True}, "party_2": {"tls": True}}
    data = federation([{"mesh": [1, 2]}, {"mesh": [3, 4]}], parties=4, release="v1.11.2", **settings)
    assert found(data) == []
