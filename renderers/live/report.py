"""What `verify --live` tells at its end: lines for people, steps and data for machines, and the exit code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from planner.probes import PROBES
from planner.wording import counted, label, some, spoken
from renderers.cluster_report import ERRORS, GOOD, WORLD, Told
from renderers.live.findings import findings
from renderers.live.running import LiveRun
from renderers.probes.pairs import Closed, Obstacle, Verdicts
from renderers.probes.probe import ProbeOutcome, Truth
from renderers.report import State, Step
from renderers.toy.outcomes import ToyOutcome, ToyState

NOTHING: Final = "nothing was asked of any cluster"
_MOST_LINES: Final = 200
"""Toy examples that the report tells one by one; of more only those that are not proved."""
_MOST_SORTS: Final = 80
"""Lines that count the probes of each sort; with more, sites where all is true are counted alone."""
_MOST_SITES: Final = 10
"""Sites where not all is true that are told one by one, and toy examples that cannot be begun from here."""
_MOST_ALIKE: Final = 3
"""Sentences of one sort at one site that are told one by one."""
_MOST_PROBES: Final = 20_000
"""Probes that machines are told one by one; of more only those that are not true."""
_MOST_CAUSES: Final = 50
_WIDEST: Final = max(len(sort.id) for sort in PROBES)
_TOY_STATES: Final = {
    ToyState.PROVED: State.PASSED,
    ToyState.FAILED: State.FAILED,
    ToyState.UNCHECKED: State.UNCHECKED,
}
_PROBE_STATES: Final = {
    Truth.TRUE: State.PASSED,
    Truth.FALSE: State.FAILED,
    Truth.UNKNOWN: State.UNCHECKED,
    Truth.HELD: State.UNCHECKED,
}


def told(run: LiveRun) -> Told:
    """Everything there is to say."""
    general, serving = run.verdicts(), run.serving_verdicts()
    return Told(
        list(_lines(run, general, serving)),
        _outcome(run),
        [
            *map(_probe_step, run.outcomes),
            *(Step(f"{label(key)} is probed", State.UNCHECKED, why, "probe") for key, why in run.unreached.items()),
            *map(_toy_step, run.toys.outcomes),
        ],
        {"verify": _data(run, general, serving)},
        tuple(findings(run)),
    )


def exit_code(run: LiveRun) -> int:
    """1 when something is false or has failed, 3 when nothing is and something is not known, 0 when all is well."""
    truths = {each.said.truth for each in run.outcomes}
    states = {each.state for each in run.toys.outcomes}
    if Truth.FALSE in truths or ToyState.FAILED in states:
        return ERRORS
    is_whole = not (run.is_interrupted or run.left or run.unreached)
    return GOOD if is_whole and truths <= {Truth.TRUE} and states <= {ToyState.PROVED} else WORLD


# For people


def _lines(run: LiveRun, general: Verdicts | None, serving: Verdicts | None) -> Iterator[str]:
    pairs = run.plan.topology.count_pairs()
    yield f"{run.plan.federation.name}: {pairs:,} of {pairs:,} routes proved from the files"
    if run.choice.is_empty:
        yield "nothing is left to repeat: what could be asked was true, and no toy example failed"
        return
    yield from _of_sites(run)
    if general is not None:
        yield from _of_pairs("ways", general)
    if serving is not None:
        yield from _of_pairs("ways of serving", serving)
    yield from _of_toys(run)
    if run.is_interrupted:
        yield "interrupted: --failed goes on with what was not done"


def _of_sites(run: LiveRun) -> Iterator[str]:
    """Each site with its sorts of probes. Where there are many: some of those where not all is true, and counts."""
    by_site = [tuple(found) for _, found in groupby(_by_site(run.outcomes), lambda each: each.probe.site)]
    is_short = sum(len({each.probe.sort.id for each in found}) for found in by_site) <= _MOST_SORTS
    flawed = [found for found in by_site if any(each.said.truth is not Truth.TRUE for each in found)]
    for found in by_site if is_short else flawed[:_MOST_SITES]:
        true = sum(each.said.truth is Truth.TRUE for each in found)
        yield f"{label(found[0].probe.site)}: {true:,} of {len(found):,} probes true"
        for sort, group in groupby(found, lambda each: each.probe.sort.id):
            yield from _of_sort(sort, tuple(group), is_short=is_short)
    if not is_short and len(flawed) > _MOST_SITES:
        rest = len(flawed) - _MOST_SITES
        yield f"and {rest:,} more {'site' if rest == 1 else 'sites'} where not all is true"
    if not is_short and len(flawed) < len(by_site):
        whole = len(by_site) - len(flawed)
        yield f"{counted(whole, 'site')} where all probes are true"
    for why, keys in run.unreached_by_reason().items():
        yield f"{some(list(map(label, keys)), _MOST_ALIKE)}: {why}"


def _by_site(outcomes: Sequence[ProbeOutcome]) -> Sequence[ProbeOutcome]:
    """Outcomes with those of one site together, in the order in which sites came first."""
    order = {key: number for number, key in enumerate(dict.fromkeys(each.probe.site for each in outcomes))}
    return sorted(outcomes, key=lambda each: order[each.probe.site])


def _of_sort(sort: str, found: Sequence[ProbeOutcome], *, is_short: bool) -> Iterator[str]:
    """How many sentences of a sort are true, and the others with the reason."""
    true = sum(each.said.truth is Truth.TRUE for each in found)
    if is_short or true < len(found):
        yield f"  {sort:<{_WIDEST}}  {true:,} of {len(found):,} true"
    others = (each for each in found if each.said.truth is not Truth.TRUE)
    by_reason: dict[tuple[Truth, str], list[ProbeOutcome]] = {}
    for each in others:
        by_reason.setdefault((each.said.truth, each.said.reason), []).append(each)
    for number, ((truth, reason), same) in enumerate(by_reason.items()):
        if number == _MOST_ALIKE:
            yield f"    and {sum(map(len, list(by_reason.values())[number:])):,} more"
            return
        more = f" (and {len(same) - 1:,} more)" if len(same) > 1 else ""
        code = f" ({same[0].code})" if truth is Truth.FALSE else ""
        why = f": {spoken(reason.removeprefix(f'{truth}, '))}" if reason else ""
        yield f"    {truth}: {spoken(same[0].probe.sentence)}{more}{why}{code}"


def _of_pairs(what: str, found: Verdicts) -> Iterator[str]:
    yield f"{what}: {found.open:,} of {found.pairs:,} open, {found.shut:,} closed, {found.unchecked:,} unchecked"
    alike: dict[object, list[Closed]] = {}
    for each in found.closed:
        probe = each.outcome.probe
        alike.setdefault((probe.sort.id, probe.endpoint or (probe.site, probe.peer)), []).append(each)
    causes = sorted(alike.values(), key=lambda same: -sum(each.pairs for each in same))
    yield from (f"  {_cause_line(same)}" for same in causes[:_MOST_CAUSES])
    if len(causes) > _MOST_CAUSES:
        yield f"  and {len(causes) - _MOST_CAUSES:,} more causes"
    for reason in found.reasons[:_MOST_ALIKE]:
        yield f"  unchecked: {spoken(reason)}"
    if len(found.reasons) > _MOST_ALIKE:
        yield f"  unchecked for {len(found.reasons) - _MOST_ALIKE:,} more reasons"


def _cause_line(same: Sequence[Closed]) -> str:
    """Where ways are closed, how many pairs that are, and why; `same` have their endpoint in common."""
    first = same[0].outcome
    where = Obstacle(first.probe.site, first.said.reason, first).where
    if len(same) > 1:
        where += f", and there from {some([label(each.outcome.probe.site) for each in same[1:]], _MOST_ALIKE)}"
    number = sum(each.pairs for each in same)
    pairs = [pair for each in same for pair in each.some][:_MOST_ALIKE]
    named = ", ".join(f"{guest} -> {host}" for guest, host in pairs) + (", ..." if number > len(pairs) else "")
    return f"closed at {where}: {counted(number, 'pair')} ({named}): {spoken(first.said.reason)} ({first.code})"


def _of_toys(run: LiveRun) -> Iterator[str]:
    outcomes = run.toys.outcomes
    if not run.choice.schedule.number:
        return
    proved = sum(each.is_proved for each in outcomes)
    others = [each for each in outcomes if each.is_of_others]
    untold = set(map(id, others[_MOST_SITES:]))
    told = [each for each in outcomes if id(each) not in untold]
    shown = [each for each in told if len(told) <= _MOST_LINES or not each.is_proved]
    for each in shown[:_MOST_LINES]:
        yield each.sentence
    if len(shown) < len(told):
        yield f"and {proved:,} more proved live"
    if len(shown) > _MOST_LINES:
        yield f"and {len(shown) - _MOST_LINES:,} more that are not proved"
    if untold:
        yield f"and {len(untold):,} more unchecked, which cannot be begun from here"
    if run.left:
        yield f"{run.left:,} toy {'example was' if run.left == 1 else 'examples were'} not begun"
    paper = _on_paper(run)
    if paper and not run.choice.is_part:
        yield f"{paper:,} more {'pair is' if paper == 1 else 'pairs are'} proved on paper alone: --all-pairs runs each"


def _on_paper(run: LiveRun) -> int:
    """How many pairs that must talk no toy example was asked for."""
    schedule = run.choice.schedule
    return max(0, run.plan.topology.count_pairs() - schedule.pairs)


def _outcome(run: LiveRun) -> str:
    parts = []
    outcomes, toys = run.outcomes, run.toys.outcomes
    if run.choice.sites or run.choice.serving:
        true = sum(each.said.truth is Truth.TRUE for each in outcomes)
        parts.append(f"{true:,} of {len(outcomes):,} probes true")
    if run.choice.schedule.number:
        proved = sum(each.is_proved for each in toys)
        parts.append(f"{proved:,} of {run.choice.schedule.number:,} toy examples proved live")
    return ", ".join(parts) or NOTHING


# For machines


def _toy_step(outcome: ToyOutcome) -> Step:
    return Step(outcome.name, _TOY_STATES[outcome.state], outcome.reason, "toy")


def _probe_step(outcome: ProbeOutcome) -> Step:
    said = outcome.said
    name, site = outcome.probe.sentence, label(outcome.probe.site)
    if not re.search(rf"{re.escape(site)}(?![\w-])", name):
        name = f"{site}: {name}"
    return Step(name, _PROBE_STATES[said.truth], "" if said.truth is Truth.TRUE else said.reason, "probe")


def _data(run: LiveRun, general: Verdicts | None, serving: Verdicts | None) -> Mapping[str, Any]:
    return {
        "pairs": run.plan.topology.count_pairs(),
        "servingPairs": run.plan.served.count_pairs(),
        "ways": [],
        "live": {
            "interrupted": run.is_interrupted,
            "left": run.left,
            "onPaper": _on_paper(run),
            "sites": list(_sites_data(run)),
            "probes": list(_probes_data(run.outcomes)),
            "verdicts": None if general is None else _verdicts_data(general),
            "servingVerdicts": None if serving is None else _verdicts_data(serving),
            "toyExamples": [{**each.to_json(), "accused": _accused_data(run, each)} for each in run.toys.outcomes],
        },
    }


def _sites_data(run: LiveRun) -> Iterator[Mapping[str, Any]]:
    counts: dict[str, Counter[Truth]] = {}
    for each in run.outcomes:
        counts.setdefault(each.probe.site, Counter())[each.said.truth] += 1
    unseen = run.unseen
    for key in dict.fromkeys([*run.choice.sites, *run.choice.serving]):
        found = counts.get(key, Counter())
        yield {
            "site": key,
            "unchecked": unseen.get(key),
            "true": found[Truth.TRUE],
            "false": found[Truth.FALSE],
            "unknown": found[Truth.UNKNOWN],
            "notAsked": found[Truth.HELD],
        }


def _probes_data(outcomes: Sequence[ProbeOutcome]) -> Iterator[Mapping[str, Any]]:
    for each in outcomes:
        if len(outcomes) > _MOST_PROBES and each.said.truth is Truth.TRUE:
            continue
        probe = each.probe
        yield {
            "site": probe.site,
            "sort": probe.sort.id,
            "area": probe.sort.area,
            "sentence": probe.sentence,
            "truth": str(each.said.truth),
            "reason": each.said.reason or None,
            "code": each.code if each.said.truth is Truth.FALSE else None,
            "seconds": round(each.seconds, 1),
            "peer": probe.peer or None,
            "endpoint": None if probe.endpoint is None else str(probe.endpoint),
        }


def _verdicts_data(found: Verdicts) -> Mapping[str, Any]:
    causes = (
        {**_cause(each.outcome), "pairs": each.pairs, "some": [list(pair) for pair in each.some]}
        for each in found.closed
    )
    return {
        "pairs": found.pairs,
        "open": found.open,
        "closed": found.shut,
        "unchecked": found.unchecked,
        "causes": list(causes),
        "reasons": list(found.reasons),
    }


def _accused_data(run: LiveRun, outcome: ToyOutcome) -> Sequence[Mapping[str, Any]]:
    if outcome.state is not ToyState.FAILED:
        return []
    return [_cause(each.outcome) for each in run.accused(outcome.job) if each.outcome is not None]


def _cause(outcome: ProbeOutcome) -> Mapping[str, Any]:
    probe = outcome.probe
    return {
        "site": probe.site,
        "sort": probe.sort.id,
        "peer": probe.peer or None,
        "endpoint": None if probe.endpoint is None else str(probe.endpoint),
        "reason": outcome.said.reason,
        "code": outcome.code,
    }
