"""The findings of `verify --live`: what is not true, what failed, what could not be found out; each trouble once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from planner.channels import WORDS, Channel
from planner.checks.probe_unchecked import probe_unchecked, site_unchecked
from planner.checks.self_test_failed import self_test_failed
from planner.checks.toy_failed import toy_failed
from planner.checks.toy_unchecked import toy_unchecked
from planner.diagnostics import Diagnostic, Note, Place
from planner.lookup import Trace
from planner.model import party_key
from planner.plan import Plan
from planner.wording import label, some, spoken
from renderers.live.running import LiveRun
from renderers.probes.pairs import Obstacle
from renderers.probes.probe import ProbeOutcome, Truth
from renderers.probes.running import INTERRUPTED
from renderers.proving import way
from renderers.toy.outcomes import ToyOutcome, ToyState

_MOST_TOYS: Final = 20
"""Failed toy examples, and reasons for unchecked ones, that have a finding of their own."""
_MOST_ALIKE: Final = 3
"""Findings of one sort at one site, or of one endpoint, that are told one by one."""
_MOST_REASONS: Final = 6
"""Reasons for which something is not known of one site that are told one by one."""
_MOST_NAMED: Final = 5
_MOST_CODES: Final = 4
_MOST_ACCUSED: Final = 3


def findings(run: LiveRun) -> Iterator[Diagnostic]:
    """Everything that is to be told, each once."""
    found = chain(
        run.guests.diagnostics,
        _of_probes(run.outcomes),
        _unknown(run),
        _unreached(run),
        _of_toys(run),
    )
    yield from dict.fromkeys(found)


# Probes


def _of_probes(outcomes: Iterable[ProbeOutcome]) -> Iterator[Diagnostic]:
    """What probes found; where many say the same of one endpoint, or one site of many, the first ones with a note."""
    alike: dict[object, list[ProbeOutcome]] = {}
    for each in outcomes:
        if each.said.truth is Truth.FALSE and each.probe.endpoint is not None:
            alike.setdefault((each.probe.sort.id, each.probe.endpoint), []).append(each)
        else:
            yield from each.said.diagnostics
    by_site: dict[object, list[ProbeOutcome]] = {}
    for same in alike.values():
        if len(same) > _MOST_ALIKE:
            sites = [label(each.probe.site) for each in same[1:]]
            yield from _noted(same[0], f"so it is from {some(sites, _MOST_NAMED)}")
        else:
            for each in same:
                by_site.setdefault((each.probe.sort.id, each.probe.site), []).append(each)
    for same in by_site.values():
        more = [f"{label(each.probe.peer)} ({each.probe.endpoint})" for each in same[_MOST_ALIKE:]]
        note = f"and so it is with {some(more, _MOST_NAMED)}"
        for number, each in enumerate(same[:_MOST_ALIKE]):
            is_last = number == _MOST_ALIKE - 1
            yield from _noted(each, note) if more and is_last else each.said.diagnostics


def _noted(outcome: ProbeOutcome, note: str) -> Iterator[Diagnostic]:
    """What a probe found, with a remark on the first."""
    for number, each in enumerate(outcome.said.diagnostics):
        yield each if number else replace(each, notes=(*each.notes, Note(note)))


def _unknown(run: LiveRun) -> Iterator[Diagnostic]:
    """What probes could not find out, by site and reason; not where a finding or Ctrl-C has told why already."""
    counted: dict[str, dict[str, Counter[str]]] = {}
    for each in run.outcomes:
        said = each.said
        if said.truth is Truth.UNKNOWN and not said.diagnostics and said.reason != INTERRUPTED:
            counted.setdefault(each.probe.site, {}).setdefault(said.reason, Counter())[each.probe.sort.id] += 1
    for site, reasons in counted.items():
        place = run.reachable.chosen[site].places.of_site()
        for reason, sorts in list(reasons.items())[:_MOST_REASONS]:
            yield probe_unchecked(place, site, sorts, reason)
        rest = sum(list(reasons.values())[_MOST_REASONS:], Counter[str]())
        if rest:
            yield probe_unchecked(place, site, rest, "other reasons, each its own")


def _unreached(run: LiveRun) -> Iterator[Diagnostic]:
    """The sites that nothing leads to, by the reason."""
    for why, keys in run.unreached_by_reason().items():
        planned = run.plan.by_key[keys[0]]
        yield site_unchecked(Place(planned.site.path), keys, planned.cluster.name, why)


# Toy examples


def _of_toys(run: LiveRun) -> Iterator[Diagnostic]:
    """What failed, with the way of its messages; and by guest and reason what is unchecked.

    Guests that cannot be reached have their finding already, as sites that were not probed.
    """
    outcomes = run.toys.outcomes
    for each in [each for each in outcomes if each.state is ToyState.FAILED][:_MOST_TOYS]:
        place = _place(run.plan, each.guest)
        notes = tuple(chain(_accused(run.accused(each.job), each.reason), each.told, _notes(each, _ways(run, each))))
        if not each.pairs:
            yield self_test_failed(place, each.guest, each.reason, notes, each.log)
        else:
            yield toy_failed(place, each.name, each.reason, notes, each.log)
    told = run.unreached
    unchecked = Counter(
        (each.guest, each.reason, each.again)
        for each in outcomes
        if each.state is ToyState.UNCHECKED and party_key(each.guest) not in told
    )
    for (party, reason, again), count in list(unchecked.items())[:_MOST_TOYS]:
        key = party_key(party)
        elsewhere = run.plan.by_key[key].cluster.name if run.reachable.why_not(key) else ""
        yield toy_unchecked(_place(run.plan, party), party, count, reason, elsewhere=elsewhere, again=again)


def _place(plan: Plan, party: int) -> Place:
    return Place(plan.by_key[party_key(party)].site.path)


def _accused(obstacles: Sequence[Obstacle], reason: str) -> Iterator[str]:
    """What probes have found on the way: more certain than what the words of a job let one guess.

    What is the reason already, of a job that was not tried for it, is not told again.
    """
    others = [each for each in obstacles if not reason.endswith(f"{each.where}: {each.reason}")]
    for each in others[:_MOST_ACCUSED]:
        code = "" if each.outcome is None else f" ({each.outcome.probe.sort.id}, {each.outcome.code})"
        yield f"a probe has found it: {each.where}: {spoken(each.reason)}{code}"


def _ways(run: LiveRun, outcome: ToyOutcome) -> Iterator[tuple[Channel, Trace]]:
    return chain.from_iterable(map(run.ways.traces, outcome.pairs))


def _notes(outcome: ToyOutcome, ways: Iterable[tuple[Channel, Trace]]) -> Iterator[str]:
    """The suspected hop, where to look, the ways of the messages, and whom of them the job's words name."""
    suspicion = outcome.suspicion
    if suspicion is not None:
        yield f"probably {suspicion.hop}"
        codes = suspicion.codes()[:_MOST_CODES]
        if suspicion.invariants:
            explained = f" (`invoke explain {codes[0]}`{''.join(f', {code}' for code in codes[1:])})" if codes else ""
            yield f"look at {', '.join(suspicion.invariants)}{explained}"
    for channel, found in ways:
        words = f", {WORDS[channel]}" if WORDS[channel] else ""
        yield f"the way{words}: {way(found)}"
        for hop in found.hops:
            where = rf"{re.escape(hop.endpoint.host)}\D{{1,16}}{hop.endpoint.port}(?!\d)"
            if hop.endpoint.port > 0 and re.search(where, outcome.words):
                answers = "nobody" if hop.target is None else label(hop.target)
                yield f"its words name {hop.endpoint}, where {label(hop.source)} dials {answers}"
