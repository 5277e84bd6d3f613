"""What probes say about pairs against brute force: every pair followed hop by hop, and looked up what is in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.channels import OWN, Channel
from planner.contacts import dialled
from planner.lookup import POLLED, Endpoint, Hop, RouteTable, Trace
from planner.plan import Plan, PlannedSite
from planner.probes import BY_ID
from renderers.probes.pairs import CONCERNS, TablesOf, evidence, serving_ways, training_ways, verdicts
from renderers.probes.probe import Probe, ProbeOutcome, Said, Truth
from tests.properties.test_valid_federations import Drawn, federations, planned

BRIEF = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(BRIEF, max_examples=250)
_OF_SITES = [sort for sort, concern in CONCERNS.items() if concern in {"site", "end", "table"}]
_TRUTHS = st.sampled_from([Truth.FALSE, Truth.FALSE, Truth.UNKNOWN, Truth.HELD])


def tables_of(plan: Plan) -> TablesOf:
    """The tables of the plan."""

    def found(each: PlannedSite) -> Mapping[Channel, RouteTable]:
        return {channel: plan.table(each, channel) for channel in each.channels}

    return found


def outcome(sort: str, site: str, truth: Truth, peer: str = "", endpoint: Endpoint | None = None) -> ProbeOutcome:
    """A probe that was asked."""
    probe = Probe(BY_ID[sort], site, f"{sort} holds", lambda _: Said(), peer, endpoint)
    return ProbeOutcome(probe, Said(truth, f"{sort} of {site}"))


@st.composite
def outcomes(draw: st.DrawFn, plan: Plan) -> list[ProbeOutcome]:
    """A few sentences that are not true, of dials and of sites."""
    dials = [
        (each.key, peer, endpoint)
        for each in plan.sites
        for channel, found in dialled(plan, each).items()
        if channel is not Channel.SERVING and channel not in OWN
        for peer, endpoint in found.items()
        if endpoint != POLLED
    ]
    found = []
    for site, peer, endpoint in draw(st.lists(st.sampled_from(dials), max_size=3)):
        sort = draw(st.sampled_from(["peer-accepts", "peer-speaks-tls", "peer-answers"]))
        found.append(outcome(sort, site, draw(_TRUTHS), peer, None if sort == "peer-answers" else endpoint))
    parties = [each for each in plan.sites if each.site.id is not None]
    for party in draw(st.lists(st.sampled_from(parties), max_size=1)):
        about = outcome(draw(st.sampled_from(["pulsar-peers", "broker-links"])), party.key, draw(_TRUTHS))
        peers = draw(st.lists(st.sampled_from([each.key for each in parties]), max_size=2, unique=True))
        found.append(replace(about, said=replace(about.said, peers=tuple(peers))))
    sites = draw(st.lists(st.sampled_from([each.key for each in plan.sites]), max_size=1))
    return [*found, *(outcome(draw(st.sampled_from(_OF_SITES)), site, draw(_TRUTHS)) for site in sites)]


def no_pair_is_judged_otherwise_than_by_itself(drawn: Drawn, data: st.DataObject) -> None:
    """Counts, and the pairs that are named, are those that one finds pair by pair."""
    plan = planned(drawn.text, warned=drawn.warned)
    ways = training_ways(plan, tables_of(plan))
    found = data.draw(outcomes(plan))
    unseen = dict.fromkeys(data.draw(st.lists(st.sampled_from([each.key for each in plan.sites]), max_size=1)), "away")
    sure, all_of_it = evidence(found, {}, false_alone=True), evidence(found, unseen, false_alone=False)
    parties = [site.id for site in plan.federation.parties if site.id is not None]
    pairs = [pair for pair in permutations(parties, 2) if plan.topology.must_talk(*pair)]
    closed = {pair for pair in pairs if list(ways.obstacles(pair, sure))}
    not_open = {pair for pair in pairs if list(ways.obstacles(pair, all_of_it))}
    told = verdicts(ways, found, unseen)
    assert (told.pairs, told.shut, told.unchecked) == (len(pairs), len(closed), len(not_open - closed))
    assert told.open == len(pairs) - len(not_open)
    for each in told.closed:
        for pair in each.some:
            assert each.outcome in {known.outcome for known in ways.obstacles(pair, sure)}
    assert bool(told.reasons) >= bool(not_open - closed)


@BRIEF
@given(federations(), st.data())
def test_no_pair_is_judged_otherwise_than_by_itself(drawn: Drawn, data: st.DataObject) -> None:
    """A handful of federations, at every run."""
    no_pair_is_judged_otherwise_than_by_itself(drawn, data)


@pytest.mark.slow
@THOROUGH
@given(federations(), st.data())
def test_no_pair_of_many_is_judged_otherwise_than_by_itself(drawn: Drawn, data: st.DataObject) -> None:
    """Many federations."""
    no_pair_is_judged_otherwise_than_by_itself(drawn, data)


def test_a_wrong_table_of_a_polled_party_closes_no_way_to_it() -> None:
    """Only what it sends, for itself or for who polls it, goes by its table."""
    text = b"""\
version: 1
name: polled
release: v1.6.1
topology:
  - links: [[100, 101], [100, 102]]
clusters:
  - {name: bank, address: 192.168.1.1}
parties:
  - {id: 100, cluster: bank}
  - {id: 101, cluster: bank}
  - {id: 102, cluster: bank, polling: 100}
defaults:
  engine: eggroll
  credentials: {mysql: env:MYSQL, fateboard: env:FATEBOARD}
"""
    plan = planned(text)
    ways = training_ways(plan, tables_of(plan))
    (found,) = verdicts(ways, [outcome("tables-planned", "party-100", Truth.FALSE)], {}).closed
    assert (found.pairs, set(found.some)) == (2, {(100, 101), (100, 102)})


@BRIEF
@given(federations(), st.data())
def test_a_closed_hop_closes_the_pairs_whose_way_has_it(drawn: Drawn, data: st.DataObject) -> None:
    """These and no others; a toy example of such a pair is not tried in either direction that carries data."""
    plan = planned(drawn.text, warned=drawn.warned)
    ways = training_ways(plan, tables_of(plan))
    parties = [site.id for site in plan.federation.parties if site.id is not None]
    pairs = [pair for pair in permutations(parties, 2) if plan.topology.must_talk(*pair)]
    pair = data.draw(st.sampled_from(pairs))
    hops = [hop for _, way in ways.traces(pair) for hop in way.hops if hop.endpoint != POLLED and hop.target]
    if not hops:
        return
    hop = data.draw(st.sampled_from(hops))
    found = [outcome("peer-accepts", hop.source, Truth.FALSE, hop.target or "", hop.endpoint)]
    with_it = {each for each in pairs if any(_takes(way, hop) for _, way in ways.traces(each))}
    told = verdicts(ways, found, {})
    assert (told.shut, told.unchecked, told.open) == (len(with_it), 0, len(pairs) - len(with_it))
    known = evidence(found, {}, false_alone=True)
    assert all(ways.closing(each, known) is not None for each in with_it)
    assert ways.hops(pair) >= {(hop.source, hop.endpoint)}


def _takes(way: Trace, dial: Hop) -> bool:
    """Whether messages on a way pass a connection, whoever has dialled: who polls is sent over it what is for it."""
    there, back = (dial.source, dial.endpoint), (dial.source, dial.target)
    return any(there == (each.source, each.endpoint) for each in way.hops) or any(
        back == (each.target, each.source) for each in way.hops if each.endpoint == POLLED
    )


@BRIEF
@given(federations())
def test_where_nothing_is_in_the_way_all_is_open(drawn: Drawn) -> None:
    """Training and serving."""
    plan = planned(drawn.text, warned=drawn.warned)
    for ways in (training_ways(plan, tables_of(plan)), serving_ways(plan, tables_of(plan))):
        told = verdicts(ways, [], {})
        assert (told.open, told.shut, told.unchecked) == (told.pairs, 0, 0)
        away = verdicts(ways, [], {each.key: "away" for each in plan.sites})
        assert (away.open, away.unchecked) == (0, away.pairs)
