"""`invoke verify --live`: FATE's toy example for the pairs that must talk, run where the guests are."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from itertools import chain
from typing import Any, Final, TextIO

from planner.channels import WORDS, Channel
from planner.checks.self_test_failed import self_test_failed
from planner.checks.toy_failed import toy_failed
from planner.checks.toy_unchecked import toy_unchecked
from planner.diagnostics import Diagnostic, Place
from planner.lookup import Trace
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.toy_schedule import Pair, Round, cover, every_pair, in_rounds, of_guest, self_tests
from planner.wording import label
from renderers import out
from renderers.cluster.connections import Connections
from renderers.cluster.selection import Wish, select
from renderers.cluster_report import ERRORS, GOOD, USAGE, WORLD, Teller, Told
from renderers.proving import trace, way
from renderers.report import State, Step
from renderers.report.excerpt import visible
from renderers.target import Files
from renderers.toy.display import ToyDisplay, display_for
from renderers.toy.guests import Guests
from renderers.toy.kept import Kept
from renderers.toy.outcomes import ToyOutcome, ToyState
from renderers.toy.rounds import Rounds
from renderers.verifying import files_in
from renderers.workspace import Workspace, workspace

NOTHING: Final = "no toy example was run"
_PAIR: Final = re.compile(r"(\d{1,9}):(\d{1,9})", re.ASCII)
_PARTY: Final = re.compile(r"\d{1,9}", re.ASCII)
_MOST_LINES: Final = 200
"""Toy examples that the report tells one by one; of more only those that are not proved."""
_MOST_FINDINGS: Final = 20
"""Failed pairs whose way is looked up: it means reading the files of all routers."""
_MOST_CODES: Final = 4
_STATES: Final = {
    ToyState.PROVED: State.PASSED,
    ToyState.FAILED: State.FAILED,
    ToyState.UNCHECKED: State.UNCHECKED,
}


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke verify --live` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    pairs: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    all_pairs: bool = False
    failed: bool = False
    parallel: int = 4
    timeout: int = 600
    format_name: str = "text"

    @property
    def mistake(self) -> str:
        """Why these options cannot be meant, in one clause; empty when they can."""
        chosen = [bool(self.pairs), bool(self.parties), self.all_pairs, self.failed]
        wrong_pair = next((each for each in self.pairs if not _PAIR.fullmatch(each)), None)
        wrong_party = next((each for each in self.parties if not _PARTY.fullmatch(each)), None)
        if wrong_pair is not None:
            return f"--pair takes two party ids, as in 9999:10000, not {visible(wrong_pair)}"
        if wrong_party is not None:
            return f"--party takes a party id, as in 9999, not {visible(wrong_party)}"
        if sum(chosen) > 1:
            return "take one of --pair, --party, --all-pairs and --failed"
        if self.parallel < 1:
            return "--parallel takes a number of jobs, at least 1"
        return "--timeout takes seconds, at least 1" if self.timeout < 1 else ""


@dataclass(frozen=True, slots=True)
class _Schedule:
    """What is to be run: self tests first, then rounds, which may come as they are asked for; `number` counts all.

    With `is_part` it is a part of what an earlier run has done, so what that one left to repeat stays.
    """

    alone: Round
    rounds: Iterable[Round]
    number: int
    is_part: bool = False


@dataclass(slots=True)
class _Run:
    """The toy examples of one command."""

    plan: Plan
    request: Request
    kept: Kept
    guests: Guests
    schedule: _Schedule
    display: ToyDisplay
    rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        """Nothing has been run yet."""
        self.rounds = Rounds(self.guests.run, self.request.parallel, self.display, self.kept.log)

    @property
    def outcomes(self) -> Sequence[ToyOutcome]:
        """How all of them ended so far."""
        return self.rounds.outcomes

    @property
    def left(self) -> int:
        """How many were not begun."""
        return self.schedule.number - len(self.outcomes)

    def carry_out(self) -> None:
        """Run everything, and remember what is to be repeated."""
        earlier = self.kept.again() if self.schedule.is_part else None
        try:
            self.rounds.run((self.schedule.alone,) if self.schedule.alone else ())
            ailing = {each.guest for each in self.outcomes if each.state is ToyState.FAILED}
            self.rounds.run(self.schedule.rounds, lambda pair: _held(pair, ailing))
        finally:
            self.display.done()
        again = [each.pair for each in self.outcomes if each.again]
        again += self.rounds.left
        done = {each.pair for each in self.outcomes}
        again += (pair for pair in earlier or () if pair not in done and pair not in self.rounds.left)
        self.kept.remember(list(dict.fromkeys(again)))


def run_verify_live(request: Request, stderr: TextIO | None = None) -> tuple[str, int]:
    """The report and its exit code: 1 when a toy example failed, 3 when one is unchecked, 0 when all proved."""
    space = workspace(request.file, request.out)
    mistake = request.mistake or space.mistake
    if mistake:
        return mistake, USAGE
    selection = select(space, Wish(everything=True))
    teller = Teller("verify", request.format_name, space, selection)
    early = teller.early(NOTHING)
    if early is not None:
        return early
    plan = selection.plan
    if plan is None:  # `early` has told why
        return teller.report(Told(outcome=NOTHING)), ERRORS
    kept = Kept(space.file, plan.federation.name)
    schedule = _schedule(request, plan, kept)
    if isinstance(schedule, str):
        return schedule, USAGE
    chosen = {each.folder.key: each for each in selection.chosen}
    guests = Guests(plan, chosen, dict(selection.not_ours), Connections(), request.timeout)
    display = display_for(stderr or sys.stderr or StringIO(), schedule.number)
    run = _Run(plan, request, kept, guests, schedule, display)
    run.carry_out()
    told = Told(
        list(_lines(run)),
        _outcome(run),
        [_step(each) for each in run.outcomes],
        {"verify": _data(run)},
        [*guests.diagnostics, *_findings(run, space)],
    )
    return teller.report(told), _code(run)


# What is to be run


def _schedule(request: Request, plan: Plan, kept: Kept) -> _Schedule | str:
    """The jobs that were asked for, or what is wrong with the options."""
    if request.failed or request.pairs or request.parties:
        return _some(request, plan, kept)
    topology = plan.topology
    alone = self_tests(site.id for site in plan.federation.parties if site.id is not None)
    if request.all_pairs:
        return _Schedule(alone, every_pair(topology), len(alone) + topology.count_pairs())
    rounds = cover(topology)
    return _Schedule(alone, rounds, len(alone) + sum(map(len, rounds)))


def _some(request: Request, plan: Plan, kept: Kept) -> _Schedule | str:
    """The jobs that were named, or that failed in the last run."""
    if request.failed:
        again = kept.again()
        if again is None:
            return "--failed: no earlier run of --live is remembered in .fedplan/verify"
        return _part(pair for pair in again if _is_job(plan, pair))
    if request.pairs:
        pairs = [_pair(text) for text in request.pairs]
        wrong = next((pair for pair in pairs if not _is_job(plan, pair)), None)
        return _part(pairs) if wrong is None else f"--pair: {wrong[0]} and {wrong[1]} are no parties that must talk"
    parties = sorted(set(map(int, request.parties)))
    unknown = next((party for party in parties if party_key(party) not in plan.by_key), None)
    if unknown is not None:
        return f"--party: there is no party {unknown} in {request.file}"
    rounds = (each for party in parties for each in of_guest(plan.topology, party))
    return _part([*self_tests(parties), *chain.from_iterable(rounds)])


def _part(pairs: Iterable[Pair]) -> _Schedule:
    """These pairs alone, each once."""
    jobs = tuple(dict.fromkeys(pairs))
    alone = tuple(pair for pair in jobs if pair[0] == pair[1])
    return _Schedule(alone, in_rounds(pair for pair in jobs if pair[0] != pair[1]), len(jobs), is_part=True)


def _pair(text: str) -> Pair:
    guest, _, host = text.partition(":")
    return int(guest), int(host)


def _is_job(plan: Plan, pair: Pair) -> bool:
    """Whether two parties must talk, or one is declared that is to be tried alone."""
    guest, host = pair
    return party_key(guest) in plan.by_key and (guest == host or plan.topology.must_talk(guest, host))


def _held(pair: Pair, ailing: set[int]) -> str:
    """Why a pair is not tried; empty when it is."""
    alone = next((party for party in pair if party in ailing), None)
    return "" if alone is None else f"party {alone} fails the toy example with itself"


# What is told


def _lines(run: _Run) -> Iterator[str]:
    plan, pairs = run.plan, run.plan.topology.count_pairs()
    yield f"{plan.federation.name}: {pairs:,} of {pairs:,} routes proved from the files"
    if not run.schedule.number:
        yield "nothing is left to repeat: no toy example failed in the last run"
        return
    proved = sum(each.is_proved for each in run.outcomes)
    told = [each for each in run.outcomes if len(run.outcomes) <= _MOST_LINES or not each.is_proved]
    for each in told[:_MOST_LINES]:
        yield each.sentence
    if len(told) < len(run.outcomes):
        yield f"and {proved:,} more proved live"
    if len(told) > _MOST_LINES:
        yield f"and {len(told) - _MOST_LINES:,} more that are not proved"
    if run.rounds.is_interrupted:
        yield f"interrupted: {run.left:,} toy examples were not begun; --failed goes on with them"
    paper = _on_paper(run)
    if paper and not run.schedule.is_part:
        yield f"{paper:,} more {'pair is' if paper == 1 else 'pairs are'} proved on paper alone: --all-pairs runs each"


def _on_paper(run: _Run) -> int:
    """How many pairs that must talk no toy example was asked for."""
    if run.request.all_pairs:
        return 0
    return run.plan.topology.count_pairs() - (run.schedule.number - len(run.schedule.alone))


def _outcome(run: _Run) -> str:
    if not run.schedule.number:
        return NOTHING
    proved = sum(each.is_proved for each in run.outcomes)
    return f"{proved:,} of {run.schedule.number:,} toy examples proved live"


def _step(outcome: ToyOutcome) -> Step:
    return Step(outcome.name, _STATES[outcome.state], outcome.reason, "toy")


def _data(run: _Run) -> Mapping[str, Any]:
    return {
        "pairs": run.plan.topology.count_pairs(),
        "servingPairs": run.plan.served.count_pairs(),
        "ways": [],
        "live": {
            "interrupted": run.rounds.is_interrupted,
            "left": run.left,
            "onPaper": _on_paper(run),
            "toyExamples": [each.to_json() for each in run.outcomes],
        },
    }


def _code(run: _Run) -> int:
    if any(each.state is ToyState.FAILED for each in run.outcomes):
        return ERRORS
    return GOOD if not run.left and all(each.is_proved for each in run.outcomes) else WORLD


def _findings(run: _Run, space: Workspace) -> Iterator[Diagnostic]:
    """What failed, with the way of its messages; and by guest and reason what is unchecked."""
    failed = [each for each in run.outcomes if each.state is ToyState.FAILED]
    ways = _ways(run, space) if failed else None
    for each in failed[:_MOST_FINDINGS]:
        place = _place(run.plan, each.guest)
        notes = tuple(_notes(each, () if ways is None or each.guest == each.host else ways(each.pair)))
        if each.guest == each.host:
            yield self_test_failed(place, each.guest, each.reason, notes, each.log)
        else:
            yield toy_failed(place, each.name, each.reason, notes, each.log)
    unchecked = Counter((each.guest, each.reason, each.again) for each in run.outcomes if _is_unchecked(each))
    for (party, reason, again), count in list(unchecked.items())[:_MOST_FINDINGS]:
        cluster = "" if again else run.plan.by_key[party_key(party)].cluster.name
        yield toy_unchecked(_place(run.plan, party), party, count, reason, cluster)


def _is_unchecked(outcome: ToyOutcome) -> bool:
    return outcome.state is ToyState.UNCHECKED


def _place(plan: Plan, party: int) -> Place:
    return Place(plan.by_key[party_key(party)].site.path)


def _notes(outcome: ToyOutcome, ways: Sequence[tuple[Channel, Trace]]) -> Iterator[str]:
    """The suspected hop, where to look, the ways of the messages, and whom of them the job's words name."""
    suspicion = outcome.suspicion
    if suspicion is not None:
        yield f"probably {suspicion.hop}"
        codes = suspicion.codes()[:_MOST_CODES]
        if suspicion.invariants:
            explained = f" (`invoke explain {codes[0]}`{''.join(f', {code}' for code in codes[1:])})" if codes else ""
            yield f"look at {', '.join(suspicion.invariants)}{explained}"
    for channel, found in ways:
        if channel in {Channel.SERVING, Channel.LOAD, Channel.TRANSFER}:
            continue
        words = f", {WORDS[channel]}" if WORDS[channel] else ""
        yield f"the way{words}: {way(found)}"
        for hop in found.hops:
            where = rf"{re.escape(hop.endpoint.host)}\D{{1,16}}{hop.endpoint.port}(?!\d)"
            if hop.endpoint.port > 0 and re.search(where, outcome.words):
                answers = "nobody" if hop.target is None else label(hop.target)
                yield f"its words name {hop.endpoint}, where {label(hop.source)} dials {answers}"


def _ways(run: _Run, space: Workspace) -> Callable[[Pair], Sequence[tuple[Channel, Trace]]] | None:
    """Looks up the way of a message in the written files; None where they cannot be read any more."""
    tree = out.read(space.out)
    if isinstance(tree, out.OutProblem):
        return None

    def files_of(planned: PlannedSite) -> Files:
        return files_in(tree, planned)

    def ways(pair: Pair) -> Sequence[tuple[Channel, Trace]]:
        with suppress(KeyError):  # a site that was taken out of the tree meanwhile
            return trace(run.plan, *pair, files_of)
        return ()

    return ways
