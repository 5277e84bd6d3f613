"""The rounds of toy examples: all that was asked for, no party in two jobs of a round, the same each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain, combinations, islice, pairwise, permutations
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.model import Links, Mesh, Pair, Shape, Star
from planner.routes import Topology
from planner.toy_schedule import Round, cover, every_pair, in_rounds, of_guest, of_three, self_tests

PARTIES = st.integers(1, 12)


def topology(shapes: Iterable[Shape], never: Iterable[tuple[int, int]] = ()) -> Topology:
    """As much of a federation as the rounds are made from."""
    barred = tuple(Pair(first, second, ()) for first, second in never)
    federation: Any = SimpleNamespace(shapes=tuple(shapes), never=barred)
    return Topology(federation)


def _members(least: int = 2) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(PARTIES, min_size=least, max_size=9, unique=True).map(tuple)


def _star(members: tuple[int, ...], cuts: list[int]) -> Star:
    edges = sorted({0, len(members), *(cut % len(members) for cut in cuts)})
    parts = [members[low:high] for low, high in pairwise(edges)]
    return Star(tuple((f"exchange-{number}", part) for number, part in enumerate(parts)))


_PAIRS = st.tuples(PARTIES, PARTIES).filter(lambda pair: pair[0] != pair[1])
_SHAPES = st.one_of(
    _members().map(Mesh),
    st.builds(_star, _members(), st.lists(st.integers(0, 8), max_size=2)),
    st.lists(_PAIRS, min_size=1, max_size=6).map(lambda pairs: Links(tuple(pairs))),
)
TOPOLOGIES = st.builds(topology, st.lists(_SHAPES, min_size=1, max_size=4), st.lists(_PAIRS, max_size=3))
BRIEF = settings(max_examples=40)


def clash(rounds: Iterable[Round]) -> bool:
    """Whether a party takes part in two jobs of a round."""
    return any(max(Counter(chain.from_iterable(each)).values(), default=0) > 1 for each in rounds)


@BRIEF
@given(TOPOLOGIES)
def test_every_pair_is_run_once_and_no_party_twice_at_once(found: Topology) -> None:
    """All ordered pairs that must talk, none twice."""
    rounds = list(every_pair(found))
    pairs = Counter(chain.from_iterable(rounds))
    assert set(pairs) == {pair for pair in permutations(range(1, 13), 2) if found.must_talk(*pair)}
    assert set(pairs.values()) <= {1}
    assert sum(pairs.values()) == found.count_pairs()
    assert not clash(rounds)
    assert all(rounds)
    assert list(every_pair(found)) == rounds


@BRIEF
@given(TOPOLOGIES)
def test_the_cover_has_everybody_on_both_sides_and_all_links(found: Topology) -> None:
    """Who must talk with anybody is guest and host once at least; links both ways; nothing forbidden."""
    rounds = cover(found)
    pairs = list(chain.from_iterable(rounds))
    assert all(found.must_talk(*pair) for pair in pairs)
    assert len(set(pairs)) == len(pairs)
    assert not clash(rounds)
    assert cover(found) == rounds
    talking = {party for party in range(1, 13) if found.partners(party)}
    assert {guest for guest, _ in pairs} == talking == {host for _, host in pairs}
    for shape in found.federation.shapes:
        if isinstance(shape, Links):
            wanted = {pair for pair in shape.pairs if found.must_talk(*pair)}
            assert wanted | {(second, first) for first, second in wanted} <= set(pairs)


@BRIEF
@given(TOPOLOGIES)
def test_there_is_a_job_of_three_where_three_must_talk(found: Topology) -> None:
    """Of anybody, and of every guest; nobody else's."""
    all_three = [
        three
        for three in combinations(range(1, 13), 3)
        if all(found.must_talk(*pair) for pair in combinations(three, 2))
    ]
    for guest in (None, *range(1, 13)):
        job = of_three(found, guest)
        wanted = [three for three in all_three if guest is None or guest in three]
        assert (job is None) == (not wanted)
        if job is not None:
            assert tuple(sorted(job)) in wanted
            assert guest is None or job[0] == guest
            assert of_three(found, guest) == job


@pytest.mark.parametrize(
    ("groups", "guest", "exchanges"),
    [
        (((1, 2, 3), (4, 5), (6,)), None, "abc"),
        (((1, 2, 3), (4, 5), (6,)), 3, "abc"),
        (((1, 2, 3), (4, 5), (6,)), 5, "abc"),
        (((1, 2, 3), (4,)), None, "ab"),
        (((1, 2, 3), (4,)), 4, "ab"),
    ],
)
def test_three_are_members_of_different_exchanges(
    groups: tuple[tuple[int, ...], ...], guest: int | None, exchanges: str
) -> None:
    """As far as there are three."""
    star = Star(tuple((f"exchange-{name}", members) for name, members in zip("abc", groups, strict=False)))
    home = {member: name for name, members in zip("abc", groups, strict=False) for member in members}
    job = of_three(topology([star]), guest)
    assert job is not None
    assert "".join(sorted({home[party] for party in job})) == exchanges


def test_three_are_found_at_once_among_many() -> None:
    """3,000 parties: in a mesh, and where all are linked to one and no three must talk."""
    many = range(1, 3_001)
    found = [topology([Mesh(tuple(many))]), topology([Links(tuple((1_500, each) for each in many if each != 1_500))])]
    assert [of_three(each) for each in found] == [(1, 2, 3), None]


@BRIEF
@given(st.lists(_PAIRS, max_size=40))
def test_any_pairs_fit_in_rounds(pairs: list[tuple[int, int]]) -> None:
    """Each as often as it was given."""
    rounds = in_rounds(pairs)
    assert Counter(chain.from_iterable(rounds)) == Counter(pairs)
    assert not clash(rounds)


@pytest.mark.parametrize(("number", "rounds"), [(2, 2), (3, 3), (4, 2), (5, 3), (1000, 2), (1001, 3)])
def test_a_cover_takes_two_rounds_or_three(number: int, rounds: int) -> None:
    """Of a mesh, and of a star of one exchange."""
    members = tuple(range(1, number + 1))
    for shape in (Mesh(members), Star((("exchange-hub", members),)), Star((), ("exchange-hub",), members)):
        found = cover(topology([shape]))
        assert (len(found), sum(map(len, found))) == (rounds, number)


def test_every_two_exchanges_are_crossed_both_ways() -> None:
    """Three exchanges, of which the ring crosses half the directions."""
    star = Star((("exchange-a", (1, 2)), ("exchange-b", (3,)), ("exchange-c", (4, 5))))
    home = {1: "a", 2: "a", 3: "b", 4: "c", 5: "c"}
    crossed = {(home[guest], home[host]) for guest, host in chain.from_iterable(cover(topology([star])))}
    assert set(permutations("abc", 2)) <= crossed


def test_rounds_are_streamed() -> None:
    """All of a thousand parties; the first of a hundred thousand, which have ten thousand million pairs."""
    rounds = every_pair(topology([Mesh(tuple(range(1, 1001)))]))
    assert sum(map(len, rounds)) == 999_000
    (first,) = islice(every_pair(topology([Mesh(tuple(range(1, 100_001)))])), 1)
    assert len(first) == 50_000


def test_one_guest_and_self_tests() -> None:
    """A guest runs its pairs one after the other; self tests all at once."""
    found = topology([Mesh((3, 1, 2))], [(1, 2)])
    assert of_guest(found, 3) == (((3, 1),), ((3, 2),))
    assert of_guest(found, 1) == (((1, 3),),)
    assert self_tests([3, 1, 3]) == ((1, 1), (3, 3))
