"""In which order toy examples are run: rounds in which no party takes part in two jobs.

A party that takes part in two jobs at once shares its cores between them, and the verdict on one depends on the other
(verify.md section 2: jobs that wait for cores look like jobs whose data path is broken). So pairs are arranged in
rounds, which is an edge colouring of the graph of pairs. Where every two of a group must talk, the circle method gives
the least number of rounds one after the other and holds none of them; other pairs take the first round that is free.

Nothing here is random: the same federation gives the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, islice, permutations, zip_longest
from typing import Final, TypeAlias

from planner.model import Links, Shape, Star
from planner.routes import Topology

Pair: TypeAlias = tuple[int, int]
"""Guest and host, by party id: the guest starts the job."""
Job: TypeAlias = tuple[int, ...]
"""Guest and hosts, by party id: a pair, or three parties."""
Round: TypeAlias = tuple[Job, ...]
"""Jobs that may run at once."""
_PAIR: Final = 2
_MOST_TRIED: Final = 100_000
"""Threes that are looked at where only links make them: among ten thousand links there may be none."""


def self_tests(parties: Iterable[int]) -> Round:
    """Every party with itself: nothing but its own services takes part, so all of them may run at once."""
    return tuple((party, party) for party in sorted(set(parties)))


def every_pair(topology: Topology) -> Iterator[Round]:
    """Every ordered pair that must talk, once; rounds come as they are asked for."""
    groups = [group for group in topology.groups if len(group) > _PAIR]
    single = _belongs_to_one(topology)
    for layer in _disjoint(groups):
        matchings = zip_longest(*(_circle(sorted(group)) for group in layer), fillvalue=())
        for parts in matchings:
            forward = tuple(
                (first, second)
                for group, part in zip(layer, parts, strict=True)
                for first, second in part
                if _is_of(topology, group, first, second, single)
            )
            if forward:
                yield forward
                yield tuple((second, first) for first, second in forward)
    links = dict.fromkeys(frozenset(group) for group in topology.groups if len(group) == _PAIR)
    pairs = (pair for group in links for pair in permutations(sorted(group), 2) if _is_of_none(topology, *pair))
    yield from in_rounds(pairs)


def cover(topology: Topology) -> tuple[Round, ...]:
    """Fewer pairs, which use every leg: each party once as guest and once as host of every mesh and star it is in.

    In a ring of its members each party dials once and is dialled once: two rounds, or three where their number is odd.
    Both directions of every link are in it, and of every two exchanges of a star.
    """
    found: dict[Pair, None] = {}
    for shape in topology.federation.shapes:
        if isinstance(shape, Links):
            for first, second in shape.pairs:
                _add(topology, found, ((first, second), (second, first)))
        elif isinstance(shape, Star):
            _add(topology, found, _ring(topology, shape.members))
            _add(topology, found, _between_exchanges(topology, shape))
        else:
            _add(topology, found, _ring(topology, shape.members))
    return in_rounds(found)


def of_guest(topology: Topology, party: int) -> tuple[Round, ...]:
    """Every pair whose guest is this party, one after the other: it takes part in all of them."""
    return tuple(((party, other),) for other in sorted(topology.partners(party)))


def of_three(topology: Topology, guest: int | None = None) -> Job | None:
    """A job of three parties that must talk with each other, of this guest if one is named; None where there is none.

    In a star over several exchanges they are members of different ones, as far as there are three.
    """
    for members in _crossed(topology.federation.shapes, guest):
        threes = (
            (first, second, third)
            for first in ((guest,) if guest is not None else members)
            if first in members
            for second, third in combinations([each for each in members if topology.must_talk(first, each)], _PAIR)
            if topology.must_talk(second, third)
        )
        found = next(threes, None)
        if found is not None:
            return found
    guests = sorted(topology.groups_of) if guest is None else [guest]
    tried = (
        (first, second, third)
        for first in guests
        for second, third in combinations(sorted(topology.partners(first)), _PAIR)
    )
    return next((three for three in islice(tried, _MOST_TRIED) if topology.must_talk(*three[1:])), None)


def in_rounds(jobs: Iterable[Job]) -> tuple[Round, ...]:
    """Any jobs, each in the first round in which none of its parties takes part in another one."""
    used: dict[int, int] = {}
    rounds: list[list[Job]] = []
    for job in jobs:
        taken = 0
        for party in job:
            taken |= used.get(party, 0)
        free = ~taken & (taken + 1)  # the lowest bit that is not set
        for party in job:
            used[party] = used.get(party, 0) | free
        number = free.bit_length() - 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(job)
    return tuple(map(tuple, rounds))


def _crossed(shapes: Iterable[Shape], guest: int | None) -> Iterator[tuple[int, ...]]:
    """The members of each mesh and star; of a star one of each exchange in turn, those beside the guest last."""
    for shape in shapes:
        if isinstance(shape, Star):
            turns = zip_longest(*sorted((members for _, members in shape.groups), key=lambda each: guest in each))
            yield tuple(
                dict.fromkeys([*shape.pool, *(each for each in chain.from_iterable(turns) if each is not None)])
            )
        elif not isinstance(shape, Links):
            yield tuple(dict.fromkeys(shape.members))


def _circle(members: Sequence[int]) -> Iterator[tuple[Pair, ...]]:
    """Every two members once: one stays, the others go round it (with an odd number, one rests in each round)."""
    ring: list[int | None] = [*members] if len(members) % 2 == 0 else [*members, None]
    half = len(ring) // 2
    for _ in range(len(ring) - 1):
        facing = zip(ring[:half], reversed(ring[half:]), strict=True)
        yield tuple((one, other) for one, other in facing if one is not None and other is not None)
        ring.insert(1, ring.pop())


def _disjoint(groups: Sequence[frozenset[int]]) -> Iterator[list[frozenset[int]]]:
    """Groups in layers: those of a layer have no party in common, so their rounds run side by side."""
    layers: list[tuple[set[int], list[frozenset[int]]]] = []
    for group in dict.fromkeys(groups):
        layer = next((each for each in layers if each[0].isdisjoint(group)), None)
        if layer is None:
            layer = (set(), [])
            layers.append(layer)
        layer[0].update(group)
        layer[1].append(group)
    yield from (groups for _, groups in layers)


def _belongs_to_one(topology: Topology) -> frozenset[int]:
    """The parties of one group that are to talk with all of it: nothing has to be looked up for two of them."""
    barred = topology.never_of
    return frozenset(party for party, groups in topology.groups_of.items() if len(groups) == 1 and party not in barred)


def _is_of(topology: Topology, group: frozenset[int], first: int, second: int, single: frozenset[int]) -> bool:
    """Whether two members of a group must talk, and this is the first of the groups that say so."""
    if first in single or second in single:
        return True
    if not topology.must_talk(first, second):
        return False
    common = (each for each in topology.groups_of[first] if len(each) > _PAIR and second in each)
    return next(common) == group


def _is_of_none(topology: Topology, first: int, second: int) -> bool:
    """Whether two linked parties must talk, and no mesh or star of more says so too."""
    common = (each for each in topology.groups_of[first] if len(each) > _PAIR and second in each)
    return next(common, None) is None and topology.must_talk(first, second)


def _add(topology: Topology, found: dict[Pair, None], pairs: Iterable[Pair]) -> None:
    """Take those that must talk."""
    found.update(dict.fromkeys(pair for pair in pairs if topology.must_talk(*pair)))


def _ring(topology: Topology, members: Iterable[int]) -> Iterator[Pair]:
    """Each member with the next; with another one where these two must never talk."""
    ring = tuple(dict.fromkeys(members))
    if len(ring) < _PAIR:
        return
    barred = topology.never_of
    for number, guest in enumerate(ring):
        host = ring[(number + 1) % len(ring)]
        yield guest, host
        if host in barred.get(guest, ()):
            others = [*ring[number + 2 :], *ring[:number]]
            yield from islice(((guest, other) for other in others if topology.must_talk(guest, other)), 1)
            yield from islice(((other, host) for other in reversed(others) if topology.must_talk(other, host)), 1)


def _between_exchanges(topology: Topology, star: Star) -> Iterator[Pair]:
    """A pair for each exchange of a star and each other one, in both directions, where the ring has none."""
    home = {member: exchange for exchange, members in star.groups for member in members}
    crossed = {
        (home[guest], home[host])
        for guest, host in _ring(topology, star.members)
        if guest in home and host in home and topology.must_talk(guest, host)
    }
    for (exchange, members), (other, others) in permutations(star.groups, 2):
        if (exchange, other) not in crossed:
            pairs = ((guest, host) for guest in members for host in others)
            yield from islice((pair for pair in pairs if topology.must_talk(*pair)), 1)
