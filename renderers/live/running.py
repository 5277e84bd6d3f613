"""One run of `verify --live`: probes, then toy examples, then what the serving of the parties says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain, islice, permutations
from typing import Final

from planner.channels import Channel
from planner.diagnostics import Diagnostic
from planner.lookup import RouteTable
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.probes import BY_ID
from planner.toy_schedule import Job
from planner.wording import label, spoken
from renderers import out
from renderers.cluster.api import ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.selection import Chosen
from renderers.live.choice import Choice
from renderers.live.display import LiveDisplay
from renderers.probes.cluster import area as cluster
from renderers.probes.components import area as components
from renderers.probes.components.rabbitmq import broken_links
from renderers.probes.pairs import (
    SERVING_CONCERNS,
    Evidence,
    Obstacle,
    TablesOf,
    Verdicts,
    Ways,
    evidence,
    serving_ways,
    verdicts,
    verdicts_on,
)
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Probe, ProbeOutcome, Truth
from renderers.probes.running import API, Opened, Probing, ToProbe
from renderers.probes.serving import area as serving
from renderers.probes.serving.inference import Inference
from renderers.probes.sight import Sight
from renderers.probes.ways import area as ways
from renderers.proving import tables
from renderers.target import Files
from renderers.toy.guests import Guests
from renderers.toy.kept import Kept
from renderers.toy.outcomes import ToyOutcome, ToyState
from renderers.toy.rounds import MOST_LEFT, Rounds
from renderers.verifying import files_in
from renderers.workspace import Workspace

_LINK_SECONDS: Final = float(BY_ID["broker-links"].seconds)
"""Seconds to ask the broker of one party about its links: rabbitmqctl may take long where a job takes all cores."""
_MOST_REASONS: Final = 3
"""Reasons for which sites cannot be reached that are told one by one."""
UNREACHED: Final = "not reachable from here"
NO_CONTEXT: Final = "no context of the kubeconfig leads to its cluster"


@dataclass(frozen=True, slots=True)
class Reachable:
    """What leads to clusters: the sites that this operator has a context for, by key, and why the others have none."""

    chosen: Mapping[str, Chosen]
    not_ours: Mapping[str, str]
    connections: Connections

    def why_not(self, key: str) -> str:
        """Why a site cannot be reached from here, in a clause; empty when it may be."""
        found = self.chosen.get(key)
        if found is not None and found.context:
            return ""
        return f"{UNREACHED} ({self.not_ours.get(key) or NO_CONTEXT})"

    def sight(self, plan: Plan, key: str) -> Sight | Diagnostic:
        """A site that may be reached, with its cluster; or why that cannot be used."""
        chosen = self.chosen[key]
        api = self.connections.to(chosen)
        if isinstance(api, Diagnostic):
            return api
        return Sight(plan, plan.by_key[key], chosen.folder, chosen.places, api, Inside(api, chosen.folder))


@dataclass(slots=True)
class LiveRun:
    """Everything of one command, as far as it has come."""

    plan: Plan
    choice: Choice
    reachable: Reachable
    ways: Ways
    kept: Kept
    display: LiveDisplay
    parallel: int
    timeout: int
    inference: Inference | None = None
    guests: Guests = field(init=False)
    toys: Rounds = field(init=False)
    probing: Probing = field(init=False)
    serving: Probing = field(init=False)
    _known: Evidence | None = field(default=None, init=False)
    _is_interrupted: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Nothing has been done yet."""
        found = self.reachable
        self.guests = Guests(self.plan, found.chosen, found.why_not, found.connections, self.timeout, self._links)
        self.toys = Rounds(self.guests.run, self.parallel, self.display, self.kept.log)
        self.probing = self._probing(self.choice.sites, self._probes)
        self.serving = self._probing(self.choice.serving, self._serving_probes)

    def carry_out(self) -> None:
        """Do everything, and remember what is to be repeated. After Ctrl-C nothing more is begun."""
        try:
            if self.probing.sites:
                self.probing.run()
            if not self.is_interrupted and self.choice.schedule.number:
                self._try()
            if self.is_interrupted:
                self.serving.skip()
            elif self.serving.sites:
                self.serving.run()
        except KeyboardInterrupt:  # between two stages, or two rounds
            self._is_interrupted = True
        finally:
            self.display.done()
        self._remember()

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C has ended it."""
        stages = (self.probing, self.toys, self.serving)
        return self._is_interrupted or any(each.is_interrupted for each in stages)

    @property
    def outcomes(self) -> tuple[ProbeOutcome, ...]:
        """What probes told, site by site: that an API server answers is told once, unless it does no longer."""
        known = {(each.probe.site, each.said.truth) for each in self.probing.outcomes if each.probe.sort is API}
        more = (
            each
            for each in self.serving.outcomes
            if each.probe.sort is not API or (each.probe.site, each.said.truth) not in known
        )
        return (*self.probing.outcomes, *more)

    @property
    def left(self) -> int:
        """How many toy examples were not begun."""
        return self.choice.schedule.number - len(self.toys.outcomes)

    @property
    def unreached(self) -> Mapping[str, str]:
        """The sites that should have been probed and cannot be from here, by key, and why."""
        keys = dict.fromkeys([*self.choice.sites, *self.choice.serving])
        return {key: why for key in keys if (why := self.reachable.why_not(key))}

    def unreached_by_reason(self) -> Mapping[str, Sequence[str]]:
        """The same by the reason; where every site has one of its own, those after the first few are put together."""
        found: dict[str, list[str]] = {}
        for key, why in self.unreached.items():
            is_told = why in found or len(found) < _MOST_REASONS
            found.setdefault(why if is_told else UNREACHED, []).append(key)
        return found

    @property
    def unseen(self) -> Mapping[str, str]:
        """The sites of which something was to be asked and could not, by key, and why."""
        return self._unseen(self.probing, self.serving)

    def _unseen(self, *stages: Probing) -> Mapping[str, str]:
        """The sites that nothing leads to, where nobody answered these stages, and those that were left at Ctrl-C."""
        outcomes = chain.from_iterable(each.outcomes for each in stages)
        away = {each.probe.site: each.said.reason for each in outcomes if each.probe.sort is API and _is_unknown(each)}
        left = chain.from_iterable(each.left for each in stages)
        return {**self.unreached, **away, **dict.fromkeys(left, "not probed any more when it was interrupted")}

    def verdicts(self) -> Verdicts | None:
        """What probes say about every pair, or those that were named; None where less was probed than that needs."""
        if self.choice.sites and self.choice.pairs:
            both = dict.fromkeys(chain.from_iterable((pair, (pair[1], pair[0])) for pair in self.choice.pairs))
            return verdicts_on(self.ways, both, self.probing.outcomes, self._unseen(self.probing))
        if not self.choice.sites or self.choice.is_part:
            return None
        return verdicts(self.ways, self.probing.outcomes, self._unseen(self.probing))

    def serving_verdicts(self) -> Verdicts | None:
        """The same about the pairs that must serve together."""
        if not self.choice.serving or self.choice.is_part or not self.plan.served.count_pairs():
            return None
        found = serving_ways(self.plan, self.ways.tables_of)
        return verdicts(found, self.outcomes, self._unseen(self.serving), SERVING_CONCERNS)

    def accused(self, job: Job) -> tuple[Obstacle, ...]:
        """The false sentences that concern a job: on its ways, both directions, and at its parties."""
        known = self._false()
        if known.is_empty:
            return ()
        guest, *hosts = job
        directions = chain.from_iterable(((guest, host), (host, guest)) for host in hosts if host != guest)
        on_ways = chain.from_iterable(self.ways.obstacles(pair, known) for pair in directions)
        alone = (each for held in (known.sites, known.ends) for key, each in held.items() if key == f"party-{guest}")
        return tuple(dict.fromkeys(chain(alone, on_ways)))

    def _false(self) -> Evidence:
        """What is known to be in the way, from the probes before the toy examples."""
        if self._known is None:
            self._known = evidence(self.probing.outcomes, {}, false_alone=True)
        return self._known

    def _probing(self, keys: Iterable[str], make: Callable[[Sight], Iterator[Probe]]) -> Probing:
        def opened(key: str) -> Opened | Diagnostic:
            sight = self.reachable.sight(self.plan, key)
            return sight if isinstance(sight, Diagnostic) else Opened(sight.api, lambda: make(sight))

        sites = tuple(ToProbe(key, partial(opened, key)) for key in keys if not self.reachable.why_not(key))
        return Probing(sites, self.parallel, self.display)

    def _probes(self, sight: Sight) -> Iterator[Probe]:
        found = chain(cluster.probes(sight), components.probes(sight), ways.probes(sight))
        return (probe for probe in found if self.choice.takes(probe))

    def _serving_probes(self, sight: Sight) -> Iterator[Probe]:
        yield from serving.probes(sight, self.inference)

    def _try(self) -> None:
        """Run the toy examples; those that cannot succeed are not begun, since they would hold cores until the end."""
        schedule, known = self.choice.schedule, self._false()
        self.toys.run((schedule.alone,) if schedule.alone else ())
        ailing = {each.guest for each in self.toys.outcomes if each.state is ToyState.FAILED}
        self.toys.run(schedule.rounds, lambda job: _held(job, ailing) or self._apart(job) or self._closed(job, known))

    def _apart(self, job: Job) -> ToyOutcome | None:
        """How a job of three ends that is not run because two of them have failed; None when it is run."""
        _, *hosts = job
        if len(hosts) == 1:
            return None
        pairs = set(permutations(job, 2))
        failed = (each for each in self.toys.outcomes if each.state is ToyState.FAILED and each.job in pairs)
        found = next(failed, None)
        if found is None:
            return None
        return ToyOutcome(job, ToyState.UNCHECKED, reason=f"{found.name} failed", again=True)

    def _closed(self, job: Job, known: Evidence) -> ToyOutcome | None:
        """How a job ends that is not run because a hop accepts no connection; None when it is run."""
        if known.is_empty:
            return None
        found = (self.ways.closing((job[0], host), known) for host in job[1:])
        closing = next((each for each in found if each is not None), None)
        if closing is None:
            return None
        return ToyOutcome(job, ToyState.FAILED, reason=f"not tried: {closing.where}: {closing.reason}", again=True)

    def _links(self, job: Job) -> Iterator[str]:
        """What the brokers of a job that hangs say: FATE itself reports a broken link as nothing but a time-out."""
        for key in map(party_key, dict.fromkeys(job)):
            if Channel.RABBITMQ not in self.plan.by_key[key].channels or self.reachable.why_not(key):
                continue
            sight = self.reachable.sight(self.plan, key)
            if isinstance(sight, Diagnostic):
                continue
            with suppress(ApiError):
                for link in broken_links(sight, Deadline(_LINK_SECONDS, sight.api.clock)):
                    peer = label(link.peer) if link.peer else "a peer"
                    yield f"RabbitMQ of {label(key)} cannot fetch from {peer} at {link.endpoint}: {spoken(link.error)}"

    def _remember(self) -> None:
        """Keep what a repetition takes up: what a part of it did not do stays as it was."""
        earlier_jobs, earlier_sites = self.kept.again() or (), self.kept.sites()
        of_others = [each for each in self.toys.outcomes if each.is_of_others]
        strange = {each.guest for each in of_others if self.reachable.why_not(party_key(each.guest))}
        again = [each.job for each in self.toys.outcomes if each.again]
        again += [*(each.job for each in of_others if each.guest not in strange), *self.toys.left]
        done = {each.job for each in self.toys.outcomes}
        if self.probing.is_interrupted or self._is_interrupted:
            coming = chain(self.choice.schedule.alone, chain.from_iterable(self.choice.schedule.rounds))
            again += islice((job for job in coming if job not in done), MOST_LEFT)
        if self.choice.is_part or not self.choice.schedule.number:
            again += (job for job in earlier_jobs if job not in done)
        sites = [each.probe.site for each in self.outcomes if each.said.truth in {Truth.FALSE, Truth.UNKNOWN}]
        sites += [*self.probing.left, *self.serving.left, *self.unreached]
        sites += map(party_key, sorted(strange))
        probed = {*self.choice.sites, *self.choice.serving}
        sites += (key for key in earlier_sites if key not in probed)
        self.kept.remember(list(dict.fromkeys(again)), list(dict.fromkeys(sites)), self._inference_again())

    def _inference_again(self) -> int | None:
        """The party whose inference is to be repeated: it failed now, or the last time and was not asked for now."""
        if self.inference is None:
            return self.kept.inference()
        said = [each.said.truth for each in self.serving.outcomes if each.probe.sort.id == "inference-answers"]
        return None if said and set(said) == {Truth.TRUE} else self.inference.guest


def tables_of(plan: Plan, space: Workspace) -> TablesOf:
    """Looks up the tables of a site: as planned, or as its files say where overrides may have changed them."""

    @cache
    def tree() -> out.Tree | out.OutProblem:
        return out.read(space.out)

    def files_of(planned: PlannedSite) -> Files:
        found = tree()
        return {} if isinstance(found, out.OutProblem) else files_in(found, planned)

    def found(planned: PlannedSite) -> Mapping[Channel, RouteTable]:
        if planned.site.overrides or (planned.serving is not None and planned.serving.settings.overrides):
            return tables(plan, planned, files_of)
        return {channel: plan.table(planned, channel) for channel in planned.channels}

    return found


def _held(job: Job, ailing: set[int]) -> ToyOutcome | None:
    """How a job ends that is not run because one of its parties fails alone; None when it is run."""
    alone = next((party for party in job if party in ailing), None)
    if alone is None:
        return None
    reason = f"party {alone} fails the toy example with itself"
    return ToyOutcome(job, ToyState.UNCHECKED, reason=reason, again=True)


def _is_unknown(outcome: ProbeOutcome) -> bool:
    return outcome.said.truth is Truth.UNKNOWN
