"""Allocation of NodePorts: KubeFATE's own numbers, what the lock keeps, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from planner.interpret import interpret
from planner.lock import Lock, LockedSite
from planner.plan import Plan, examine, resolve
from planner.ports import (
    DIGITS,
    EXCHANGE_BASE,
    EXCHANGE_DIGITS,
    PARTY_BASE,
    Allocation,
    Clash,
    Full,
    Held,
    Origin,
    OutOfRange,
    Request,
    allocate,
)

NAMES = ("rollsite", "fateflowGrpc", "fateflowHttp")
DEFAULT = {"bank": (30000, 32767)}


def party(
    site: str,
    cluster: str = "bank",
    pins: Mapping[str, int] | None = None,
    locked: Mapping[str, int] | None = None,
    names: tuple[str, ...] = NAMES,
) -> Request:
    """The request of a party."""
    return Request(site, cluster, names, pins or {}, locked or {}, DIGITS, PARTY_BASE)


def exchange(site: str, cluster: str = "bank", pins: Mapping[str, int] | None = None) -> Request:
    """The request of an exchange."""
    return Request(site, cluster, ("rollsite",), pins or {}, {}, EXCHANGE_DIGITS, EXCHANGE_BASE)


def block(start: int) -> dict[str, int]:
    """A party's ports in the block that starts there."""
    return {name: start + DIGITS[name] for name in NAMES}


def plan(*sites: str, lock: Lock | None = None, exchanges: str = "") -> Plan:
    """The plan of parties, each written as `id` or `id@cluster`, and of exchanges on cluster bank."""
    clusters = dict.fromkeys([site.partition("@")[2] or "bank" for site in sites])
    data = {
        "release": "v1.11.2",
        "topology": "mesh",
        "clusters": [{"name": name, "address": f"{name}.example"} for name in {**clusters, "bank": None}],
        "exchanges": [{"name": name, "cluster": "bank"} for name in exchanges.split()],
        "parties": [{"id": int(s.partition("@")[0]), "cluster": s.partition("@")[2] or "bank"} for s in sites],
    }
    subject = examine(interpret(data, complete=True), lock or Lock())
    assert subject.allocation.problems == ()
    return resolve(subject)


def ports(planned: Plan) -> dict[str, dict[str, int]]:
    """All ports of a plan."""
    return {site.key: dict(site.ports) for site in planned.sites}


# ---------------------------------------------------------------- KubeFATE's own numbers


def test_two_parties_on_clusters_of_their_own() -> None:
    """Each cluster starts at 30090 (v1.11.2:k8s-deploy/examples/party-9999/cluster.yaml)."""
    assert ports(plan("9999@bank", "10000@shop")) == {
        "party-9999": {"rollsite": 30091, "fateflowGrpc": 30092, "fateflowHttp": 30097},
        "party-10000": {"rollsite": 30091, "fateflowGrpc": 30092, "fateflowHttp": 30097},
    }


def test_two_parties_and_an_exchange_on_one_cluster() -> None:
    """3009x and 3010x for the parties, 30000 for the exchange: the samples of one machine."""
    assert ports(plan("9999", "10000", exchanges="hub")) == {
        "exchange-hub": {"rollsite": 30000},
        "party-9999": block(30090),
        "party-10000": block(30100),
    }


def test_ports_of_the_tutorial() -> None:
    """KubeFATE's tutorial pins 30009 and 30010, which lie outside any convention; the rest is allocated around them."""
    actual = allocate([party("a", pins={"rollsite": 30009}), party("b", pins={"rollsite": 30010})], DEFAULT)
    assert actual == Allocation(
        {
            "a": {"rollsite": 30009, "fateflowGrpc": 30092, "fateflowHttp": 30097},
            "b": {"rollsite": 30010, "fateflowGrpc": 30102, "fateflowHttp": 30107},
        },
        (),
    )


def test_exchange_avoids_blocks_with_pins() -> None:
    """A block in which a party has pinned a port is that party's."""
    actual = allocate([party("a", pins={"rollsite": 30009}), exchange("hub")], DEFAULT)
    assert actual.ports["hub"] == {"rollsite": 30010}


def test_last_digits() -> None:
    """Every port of a site has its digit, so that a block of ten holds them all (INV-PORT-8)."""
    assert {name: DIGITS[name] for name in ("rollsite", "fateflowGrpc", "nginxHttp", "pulsar", "fateflowHttp")} == {
        "rollsite": 1,
        "fateflowGrpc": 2,
        "nginxHttp": 3,
        "pulsar": 4,
        "fateflowHttp": 7,
    }
    assert EXCHANGE_DIGITS["rollsite"] == EXCHANGE_DIGITS["osx"] == EXCHANGE_DIGITS["trafficServer"] == 0


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("ends", "starts"),
    [
        ((30000, 32767), [30090, 30100]),
        ((31000, 31999), [31000, 31010]),
        ((30095, 30200), [30100, 30110]),
        ((30091, 30200), [30090, 30100]),
        ((30092, 30200), [30100, 30110]),
        ((30000, 30100), [30090, 30000]),
        ((30000, 30097), [30090, 30000]),
        ((30000, 30096), [30000, 30010]),
        ((20000, 20019), [20000, 20010]),
        ((1, 20), [0, 10]),
        ((65520, 65535), [65520]),
        ((30090, 30099), [30090]),
        ((30091, 30097), [30090]),
        ((30092, 30097), []),
        ((32767, 30000), []),
    ],
)
def test_blocks_of_a_range(ends: tuple[int, int], starts: list[int]) -> None:
    """From 30090 up where the range has it, then below; a block cut off by an end serves if its ports are inside."""
    actual = allocate([party("a"), party("b")], {"bank": ends})
    assert [actual.ports[site] for site in ("a", "b")[: len(starts)]] == [block(start) for start in starts]
    without = tuple(Full("bank", site, NAMES) for site in ("a", "b")[len(starts) :])
    assert actual.problems == without


def test_a_range_is_used_to_its_end() -> None:
    """The default range has 277 blocks with a party's ports, the last one cut short."""
    actual = allocate([party(str(n)) for n in range(280)], DEFAULT)
    assert sum(bool(given) for given in actual.ports.values()) == 277
    assert [problem.site for problem in actual.problems] == ["277", "278", "279"]
    taken = [port for given in actual.ports.values() for port in given.values()]
    assert len(taken) == len(set(taken)) == 277 * 3


def test_a_new_range_moves_only_what_is_outside() -> None:
    """Locked ports outside the cluster's new range get new ones; the others stay."""
    requests = [party("a", locked=block(30090)), party("b", locked=block(31000))]
    actual = allocate(requests, {"bank": (30500, 32767)})
    assert actual == Allocation({"a": block(30500), "b": block(31000)}, ())


def test_pin_outside_the_range() -> None:
    """It is kept as written, with the port that the site could have."""
    actual = allocate([party("a", pins={"rollsite": 9370})], DEFAULT)
    assert actual.ports["a"]["rollsite"] == 9370
    assert actual.problems == (OutOfRange("bank", "a", "rollsite", 9370, 30091),)


def test_unknown_cluster() -> None:
    """A request on a cluster that is not there is left out."""
    assert allocate([party("a", cluster="nowhere")], DEFAULT) == Allocation({}, ())


# ---------------------------------------------------------------- pins and clashes


def test_other_ports_follow_the_pin() -> None:
    """A pin at its digit draws the site's other ports into its block."""
    assert allocate([party("a", pins={"rollsite": 30191})], DEFAULT).ports["a"] == block(30190)


def test_pins_come_before_everything() -> None:
    """An earlier party makes room for a later one's pin, when nothing was planned before."""
    actual = allocate([party("a"), party("b", pins={"rollsite": 30091})], DEFAULT)
    assert actual == Allocation({"b": block(30090), "a": block(30100)}, ())


def test_two_pins_on_one_port() -> None:
    """The first keeps it; the second is told what is free in the block that its other ports have."""
    actual = allocate([party("a", pins={"rollsite": 30091}), party("b", pins={"rollsite": 30091})], DEFAULT)
    assert actual.problems == (Clash("bank", 30091, "b", "rollsite", Origin.PIN, "a", "rollsite", Origin.PIN, 30101),)


def test_pin_on_a_locked_port() -> None:
    """The pin is at fault, not the site that had the port first; both keep what is written."""
    actual = allocate([party("a", pins={"rollsite": 30091}), party("b", locked=block(30090))], DEFAULT)
    assert actual.ports["b"] == block(30090)
    assert actual.problems == (Clash("bank", 30091, "a", "rollsite", Origin.PIN, "b", "rollsite", Origin.LOCK, 30101),)


def test_pin_on_a_removed_sites_port() -> None:
    """What a removed site may still have is taken."""
    actual = allocate([party("a", pins={"rollsite": 30091})], DEFAULT, [Held("z", "bank", "rollsite", 30091)])
    [problem] = actual.problems
    assert isinstance(problem, Clash)
    assert (problem.site, problem.holder, problem.holder_origin) == ("a", "z", Origin.REMOVED)


def test_two_removed_sites_on_one_port() -> None:
    """They no longer ask for it: nothing to report, and the port stays taken."""
    held = [Held("y", "bank", "rollsite", 30091), Held("z", "bank", "rollsite", 30091)]
    assert allocate([party("a")], DEFAULT, held) == Allocation({"a": block(30100)}, ())


def test_two_locked_sites_on_one_port() -> None:
    """Neither is moved; the later one in the file is reported."""
    actual = allocate([party("a", locked=block(30100)), party("b", locked=block(30100))], DEFAULT)
    assert actual.ports == {"a": block(30100), "b": block(30100)}
    assert [(p.site, p.holder, p.port) for p in actual.problems if isinstance(p, Clash)] == [
        ("b", "a", port) for port in (30101, 30102, 30107)
    ]


def test_second_request_of_one_site_is_left_out() -> None:
    """Two parties with one id are another fault: the first has the ports."""
    twice = [party("a", pins={"rollsite": 30091}), party("a", pins={"rollsite": 30091})]
    assert allocate(twice, DEFAULT) == Allocation({"a": block(30090)}, ())
    elsewhere = [party("a"), party("a", cluster="shop")]
    assert allocate(elsewhere, {**DEFAULT, "shop": (31000, 31999)}) == Allocation({"a": block(30090)}, ())


def test_port_that_is_needed_again() -> None:
    """A site that exposes FATE-Flow later finds its ports in its own block."""
    requests = [party("a", locked={"rollsite": 30091}), party("b", locked=block(30100)), party("c")]
    assert allocate(requests, DEFAULT) == Allocation({"a": block(30090), "b": block(30100), "c": block(30110)}, ())


# ---------------------------------------------------------------- the lock over time


def test_inserted_and_removed_parties_move_nobody() -> None:
    """A party keeps its ports whoever comes before it, and a removed one's stay reserved."""
    first = plan("1", "2", "3")
    assert ports(first)["party-3"] == block(30110)
    second = plan("9", "1", "3", lock=first.lock)
    assert ports(second) == {"party-9": block(30120), "party-1": block(30090), "party-3": block(30110)}
    assert second.lock.sites["party-2"] == LockedSite("bank", "fate-2", "kubefate", block(30100), removed=True)


def test_removed_party_returns() -> None:
    """A party that comes back before it was taken down has its old ports, and is no tombstone any more."""
    gone = plan("1", "3", lock=plan("1", "2", "3").lock)
    back = plan("1", "3", "2", lock=gone.lock)
    assert ports(back)["party-2"] == block(30100)
    assert not back.lock.sites["party-2"].removed


def test_forgotten_party_makes_room() -> None:
    """Without its tombstone a block is free again."""
    lock = plan("2", lock=plan("1", "2").lock).lock
    forgotten = Lock({key: site for key, site in lock.sites.items() if not site.removed})
    assert ports(plan("2", "3", lock=lock))["party-3"] == block(30110)
    assert ports(plan("2", "3", lock=forgotten))["party-3"] == block(30090)


def test_moved_party_leaves_a_tombstone_and_may_return() -> None:
    """On the old cluster its ports stay reserved; when it returns it has them again, and leaves the new ones behind."""
    moved = plan("1@shop", "2@bank", lock=plan("1@bank", "2@bank").lock)
    assert ports(moved) == {"party-1": block(30090), "party-2": block(30100)}
    assert moved.lock.sites["party-1@bank"].removed
    third = plan("1@shop", "2@bank", "3@bank", lock=moved.lock)
    assert ports(third)["party-3"] == block(30110)
    back = plan("1@bank", "2@bank", "3@bank", "4@shop", lock=third.lock)
    assert ports(back)["party-1"] == block(30090)
    assert sorted(back.lock.sites) == ["party-1", "party-1@shop", "party-2", "party-3", "party-4"]
    assert ports(back)["party-4"] == block(30100)
    entry = moved.lock.entry("party-1", "bank")
    assert entry is not None
    assert entry.removed
    assert moved.lock.entry("party-1", "mill") is None


@pytest.mark.slow
def test_ten_thousand_parties_in_a_wide_range() -> None:
    """Cost grows with the sites, not with sites times blocks."""
    requests = [party(str(n), locked={} if n % 2 else {"rollsite": 31 + 10 * (n % 6000)}) for n in range(10_000)]
    actual = allocate(requests, {"bank": (1, 65535)})
    assert len(actual.ports) == 10_000
