"""What `verify --live` was asked for: which sites are probed, and which toy examples are run in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from planner.channels import Channel
from planner.lookup import Endpoint
from planner.model import party_key
from planner.plan import Plan
from planner.toy_schedule import Job, Pair, Round, cover, every_pair, in_rounds, of_guest, of_three, self_tests
from renderers.probes.pairs import Ways
from renderers.probes.probe import Probe
from renderers.report.excerpt import visible
from renderers.toy.kept import Kept

STAGES: Final = ("probes", "toy", "serving")
"""What `--only` takes, in the order in which it is done."""
_PAIR: Final = re.compile(r"(\d{1,9}):(\d{1,9})", re.ASCII)
_PARTY: Final = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke verify --live` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    only: str = ""
    pairs: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    all_pairs: bool = False
    failed: bool = False
    context: str = ""
    inference: str = ""
    parallel: int = 4
    timeout: int = 600
    format_name: str = "text"

    @property
    def mistake(self) -> str:
        """Why these options cannot be meant, in one clause; empty when they can."""
        return next(self._mistakes(), "")

    def _mistakes(self) -> Iterator[str]:
        if self.only not in {"", *STAGES}:
            yield f"--only takes one of {', '.join(STAGES)}, not {visible(self.only)}"
        for wrong in (each for each in self.pairs if not _PAIR.fullmatch(each)):
            yield f"--pair takes two party ids, as in 9999:10000, not {visible(wrong)}"
        for wrong in (each for each in self.parties if not _PARTY.fullmatch(each)):
            yield f"--party takes a party id, as in 9999, not {visible(wrong)}"
        if sum([bool(self.pairs), bool(self.parties), self.all_pairs, self.failed]) > 1:
            yield "take one of --pair, --party, --all-pairs and --failed"
        if self.context and not self.parties:
            yield "--context leads to the cluster of the party that --party names, and none is named"
        if self.all_pairs and not self.does("toy"):
            yield f"--all-pairs is about toy examples, and --only {self.only} runs none"
        if self.inference and not self.does("serving"):
            yield f"--inference is about serving, and --only {self.only} leaves that out"
        if self.parallel < 1:
            yield "--parallel takes a number of jobs, at least 1"
        if self.timeout < 1:
            yield "--timeout takes seconds, at least 1"

    def does(self, stage: str) -> bool:
        """Whether a stage was asked for."""
        return self.only in {"", stage}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be run: self tests first, then rounds, which may come as they are asked for; `number` counts all.

    `pairs` counts those of two parties.
    """

    alone: Round = ()
    rounds: Iterable[Round] = ()
    number: int = 0
    pairs: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done: the sites that are probed and those whose serving is, by key, and the toy examples that are run.

    With `is_part` it is a part of what an earlier run has done, so what that one left to repeat stays. `pairs` are
    those that were named: then of whom a site dials only what is on their ways (`hops`) is asked.
    """

    sites: tuple[str, ...] = ()
    serving: tuple[str, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    is_part: bool = False
    pairs: tuple[Pair, ...] = ()
    hops: frozenset[tuple[str, Endpoint]] = frozenset()

    def takes(self, probe: Probe) -> bool:
        """Whether a probe belongs to what was asked for."""
        if not self.pairs or probe.sort.area == "serving":
            return True
        if probe.endpoint is not None:
            return (probe.site, probe.endpoint) in self.hops
        return not probe.peer or any(probe.peer in map(party_key, pair) for pair in self.pairs)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.sites or self.serving or self.schedule.number)


def choose(request: Request, plan: Plan, kept: Kept, ways: Ways) -> Choice | str:
    """What was asked for, or what is wrong with the options."""
    found = _chosen(request, plan, kept, ways)
    if request.only == "serving" and not request.failed and isinstance(found, Choice) and not found.serving:
        return "--only serving: no site that was asked for has FATE-Serving"
    return found


def _chosen(request: Request, plan: Plan, kept: Kept, ways: Ways) -> Choice | str:
    jobs = _named(request, plan, kept)
    if isinstance(jobs, str):
        return jobs
    if jobs is None:
        keys = tuple(planned.key for planned in plan.sites)
        return _by_stage(request, plan, Choice(keys, keys, _schedule(request, plan)))
    if request.failed:
        guest = kept.inference()
        left = (*kept.sites(), *(() if guest is None else (party_key(guest),)))
        at_fault = [key for key in left if key in plan.by_key]
        keys = tuple(dict.fromkeys([*at_fault, *map(party_key, chain.from_iterable(jobs))]))
        return _by_stage(request, plan, Choice(keys, keys, _some(jobs), is_part=True))
    if request.pairs:
        pairs = tuple(job for job in jobs if job[0] != job[1])
        named = {each: None for pair in pairs for each in ways.sites((pair[0], pair[1]))}
        keys = tuple(named | dict.fromkeys(party_key(job[0]) for job in jobs))
        hops = frozenset(chain.from_iterable(ways.hops((pair[0], pair[1])) for pair in pairs))
        both = tuple((pair[0], pair[1]) for pair in pairs)
        return _by_stage(request, plan, Choice(keys, keys, _some(jobs), is_part=True, pairs=both, hops=hops))
    keys = tuple(dict.fromkeys(party_key(job[0]) for job in jobs))
    return _by_stage(request, plan, Choice(keys, keys, _some(jobs), is_part=True))


def _by_stage(request: Request, plan: Plan, choice: Choice) -> Choice:
    """A choice without the stages that were not asked for; serving is asked where there is some."""
    serving = tuple(key for key in choice.serving if Channel.SERVING in plan.by_key[key].channels or _serves(plan, key))
    return Choice(
        choice.sites if request.does("probes") else (),
        serving if request.does("serving") else (),
        choice.schedule if request.does("toy") else Schedule(),
        choice.is_part,
        choice.pairs,
        choice.hops,
    )


def _serves(plan: Plan, key: str) -> bool:
    return plan.by_key[key].serving is not None


def _named(request: Request, plan: Plan, kept: Kept) -> tuple[Job, ...] | str | None:
    """The jobs that were named, or that failed in the last run; None where all are meant."""
    if request.failed:
        again = kept.again()
        if again is None:
            return "--failed: no earlier run of --live is remembered in .fedplan/verify"
        return tuple(job for job in again if _is_job(plan, job))
    if request.pairs:
        pairs = [_pair(text) for text in request.pairs]
        wrong = next((pair for pair in pairs if not _is_job(plan, pair)), None)
        return tuple(pairs) if wrong is None else f"--pair: {wrong[0]} and {wrong[1]} are no parties that must talk"
    if request.parties:
        parties = sorted(set(map(int, request.parties)))
        unknown = next((party for party in parties if party_key(party) not in plan.by_key), None)
        if unknown is not None:
            return f"--party: there is no party {unknown} in {request.file}"
        rounds = (each for party in parties for each in of_guest(plan.topology, party))
        threes = (of_three(plan.topology, party) for party in parties)
        return tuple(chain(self_tests(parties), chain.from_iterable(rounds), (each for each in threes if each)))
    return None


def _schedule(request: Request, plan: Plan) -> Schedule:
    """Toy examples of the whole federation."""
    topology = plan.topology
    alone = self_tests(site.id for site in plan.federation.parties if site.id is not None)
    three = of_three(topology)
    last = () if three is None else ((three,),)
    covering = () if request.all_pairs else cover(topology)
    pairs = topology.count_pairs() if request.all_pairs else sum(map(len, covering))
    rounds = chain(every_pair(topology) if request.all_pairs else covering, last)
    return Schedule(alone, rounds, len(alone) + pairs + len(last), pairs)


def _some(wanted: Iterable[Job]) -> Schedule:
    """These jobs alone, each once."""
    jobs = tuple(dict.fromkeys(wanted))
    alone = tuple(job for job in jobs if job[0] == job[1])
    others = [job for job in jobs if job[0] != job[1]]
    return Schedule(alone, in_rounds(others), len(jobs), sum(len(hosts) == 1 for _, *hosts in others))


def _pair(text: str) -> Pair:
    guest, _, host = text.partition(":")
    return int(guest), int(host)


def _is_job(plan: Plan, job: Job) -> bool:
    """Whether parties must talk, or one is declared that is to be tried alone."""
    guest, *hosts = job
    if party_key(guest) not in plan.by_key:
        return False
    return hosts == [guest] or all(plan.topology.must_talk(guest, host) for host in hosts)
