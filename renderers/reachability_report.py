"""The difference to a revision, as people and machines are told it: lines, findings, steps, JSON, and tables.

Pairs are counted, and grouped by the cause they share; of each group a few pairs are shown with both of their ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from planner.channels import WORDS, Channel
from planner.checks.dropped_expectation import dropped
from planner.checks.lost_pair import lost
from planner.checks.rerouted_pair import rerouted
from planner.diagnostics import Diagnostic, Note
from planner.lookup import Trace
from planner.model import party_key
from planner.reachability import Fate, Group, Judged, Layer, Side, is_broken
from planner.wording import some_parties
from renderers.proving import way
from renderers.reachability import Compared
from renderers.report import Section, State, Step

SHOWN: Final = 10
"""Groups told with their examples; the rest is told by number."""
LISTED: Final = 100
"""Groups in the JSON report and in tables."""
_NOTES: Final = 5
"""Causes that a finding names."""
_PIVOTS: Final = 20
"""Parties that the JSON report names of one group."""
_SIGNS: Final = {Fate.LOST: "-", Fate.REROUTED: "~", Fate.GAINED: "+"}
_COLOURS: Final = {Fate.LOST: "31", Fate.REROUTED: "33", Fate.GAINED: "32"}
_NAMES: Final = {Fate.LOST: "lost", Fate.REROUTED: "rerouted", Fate.GAINED: "gained", Fate.KEPT: "kept"}
GROUP: Final = "against"
"""What the steps of a comparison have in common."""


def headline(compared: Compared) -> str:
    """How many pairs have which fate, in one line."""
    counts = compared.difference.counts
    told = [
        f"{pairs(counts[Fate.LOST])} lost",
        *(f"{counts[fate]:,} {fate}" for fate in (Fate.REROUTED, Fate.GAINED)),
        f"{counts[Fate.KEPT]:,} as before",
    ]
    return f"Against out/ at {compared.ref}: {', '.join(told)}"


def difference_lines(compared: Compared, *, colour: bool) -> tuple[str, ...]:
    """The difference as lines of text: counts, groups with a few ways, expectations."""
    lines = ["", headline(compared)]
    if compared.note:
        lines.append(f"  (note: {compared.note})")
    groups = compared.difference.groups
    for group in groups[:SHOWN]:
        text = f"{_SIGNS[group.fate]}  {_sentence(group)}"
        lines += ["", f"\x1b[{_COLOURS[group.fate]}m{text}\x1b[0m" if colour else text]
        lines += _examples(compared, group)
    if len(groups) > SHOWN:
        left = groups[SHOWN:]
        rest = sum(group.pairs for group in left)
        lines += ["", f"   … and {len(left):,} more causes, of {pairs(rest)}; --format json lists them"]
    lines += _expectation_lines(compared)
    return tuple(lines)


def findings(compared: Compared) -> Iterator[Diagnostic]:
    """What a reviewer should not overlook: lost pairs, re-routed pairs, expectations that were dropped and fail."""
    ref, counts = compared.ref, compared.difference.counts
    if counts[Fate.LOST]:
        yield lost(pairs(counts[Fate.LOST]), ref, _notes(compared.difference.of(Fate.LOST)))
    number = counts[Fate.REROUTED]
    if number:
        verb = "goes" if number == 1 else "go"
        yield rerouted(pairs(number), verb, ref, _notes(compared.difference.of(Fate.REROUTED)))
    for judged in compared.difference.expectations:
        if is_broken(judged) and not judged.is_asked:
            yield dropped(clause(judged), "never" if judged.is_never else "expect", ref)


def steps(compared: Compared) -> tuple[Step, ...]:
    """What must hold against a revision, for formats that list what was done."""
    found = []
    for fate, name in ((Fate.LOST, "no pair is lost"), (Fate.REROUTED, "no pair is re-routed")):
        groups = compared.difference.of(fate)
        if groups:
            causes = "; ".join(note.message for note in _notes(groups))
            message = f"{pairs(compared.difference.counts[fate])} {fate} against {compared.ref} ({causes})"
            found.append(Step(name, State.FAILED, message, GROUP))
        else:
            found.append(Step(name, group=GROUP))
    expectations = compared.difference.expectations
    broken = [clause(judged) for judged in expectations if is_broken(judged)]
    if expectations:
        state = State.FAILED if broken else State.PASSED
        message = f"expected at {compared.ref}, and does not hold: {'; '.join(broken[:_NOTES])}" if broken else ""
        found.append(Step("what was expected holds", state, message, GROUP))
    return tuple(found)


def uncompared(ref: str) -> Step:
    """The step of a comparison that could not be made."""
    return Step(f"compared with {ref}", State.UNCHECKED, "the findings say why", GROUP)


def difference_data(compared: Compared) -> dict[str, Any]:
    """The object `against` of the JSON report."""
    found = compared.difference
    return {
        "ref": compared.ref,
        "commit": compared.commit,
        "note": compared.note,
        "counts": {name: found.counts[fate] for fate, name in _NAMES.items()},
        "groups": [_group(compared, group) for group in found.groups[:LISTED]],
        "groupsLeftOut": max(0, len(found.groups) - LISTED),
        "expectations": [
            {
                "pair": [judged.first, judged.second],
                "via": None if judged.via is None else judged.via.removeprefix("exchange-"),
                "never": judged.is_never,
                "asked": judged.is_asked,
                "askedBefore": judged.was_asked,
                "holds": judged.holds,
                "heldBefore": judged.held,
            }
            for judged in found.expectations
        ],
    }


def sections(compared: Compared) -> tuple[Section, ...]:
    """The tables of a Markdown summary."""
    found = []
    for fate, title in ((Fate.LOST, "Lost"), (Fate.REROUTED, "Re-routed"), (Fate.GAINED, "Gained")):
        groups = compared.difference.of(fate)
        if not groups:
            continue
        number = compared.difference.counts[fate]
        left = max(0, len(groups) - LISTED)
        rows = tuple(
            (
                f"{group.pairs:,}",
                _words_of(group),
                "\n".join(f"{source}:{destination}" for source, destination in group.examples[:1]),
                *("\n".join(ways) for ways in _both(compared, group, group.examples[0])),
            )
            for group in groups[:LISTED]
            if group.examples
        )
        found.append(
            Section(
                title=f"{title}: {pairs(number)}",
                header=("pairs", "because", "for one", f"at {compared.ref}", "now"),
                rows=rows,
                as_code=frozenset({2, 3, 4}),
                is_folded=len(rows) > SHOWN or fate is Fate.GAINED,
                more=f"and {left:,} more causes" if left else "",
            )
        )
    changed = tuple(
        (clause(judged), _held(judged.was_asked, judged.held), _held(judged.is_asked, judged.holds))
        for judged in compared.difference.expectations
        if _has_changed(judged)
    )
    if changed:
        header = ("expected", f"at {compared.ref}", "now")
        found.append(Section("Expectations", header, changed, is_folded=len(changed) > SHOWN))
    return tuple(found)


def pairs(number: int) -> str:
    """A number of ordered pairs."""
    return f"{number:,} {'pair' if number == 1 else 'pairs'}"


def clause(judged: Judged) -> str:
    """What is expected of two parties."""
    if judged.is_never:
        return f"{judged.first} and {judged.second} never talk"
    via = "" if judged.via is None else f" through {judged.via.removeprefix('exchange-')}"
    return f"{judged.first} and {judged.second} talk{via}"


def _sentence(group: Group) -> str:
    return f"{pairs(group.pairs)} {group.fate}: {_words_of(group)}"


def _words_of(group: Group) -> str:
    """The cause of a group, with its parties, and what they talk for where it is not training."""
    names = some_parties(sorted(group.pivots), len(group.pivots))
    text = group.cause.text.replace("{}", f"{names} {'is' if len(group.pivots) == 1 else 'are'}")
    return f"{text} (serving)" if group.layer is Layer.SERVING else text


def _notes(groups: Sequence[Group]) -> tuple[Note, ...]:
    notes = [Note(f"{pairs(group.pairs)}: {_words_of(group)}") for group in groups[:_NOTES]]
    if len(groups) > _NOTES:
        rest = sum(group.pairs for group in groups[_NOTES:])
        notes.append(Note(f"{pairs(rest)}: {len(groups) - _NOTES:,} more causes"))
    return tuple(notes)


def _examples(compared: Compared, group: Group) -> Iterator[str]:
    names = [f"{source}:{destination}" for source, destination in group.examples]
    width = max(map(len, names), default=0)
    for name, pair in zip(names, group.examples, strict=True):
        before, now = _both(compared, group, pair)
        told = [(when, one) for when, ways in (("before", before), ("now", now)) for one in ways]
        for number, (when, one) in enumerate(told):
            is_first = number == 0 or told[number - 1][0] != when
            yield f"     {'' if number else name:{width}}  {when if is_first else '':6}  {one}"
    left = group.pairs - len(group.examples)
    if left > 0 and names:
        yield f"     … and {left:,} more"


def _both(compared: Compared, group: Group, pair: tuple[int, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ways of a pair on the two sides; of a re-routed one only those that differ."""
    before, after = (_ways(side, pair, group.layer) for side in (compared.before, compared.after))
    if group.fate is Fate.REROUTED:
        same = {channel for channel in before if before[channel] == after.get(channel)}
        before, after = ({key: text for key, text in ways.items() if key not in same} for ways in (before, after))
    return tuple(before.values()), tuple(after.values())


def _ways(side: Side, pair: tuple[int, int], layer: Layer) -> Mapping[Channel, str]:
    """The ways of one message in words, by channel; empty where one of the two is missing."""
    if any(party_key(party) not in side.sites for party in pair):
        return {}
    has_tls = side.sites[party_key(pair[0])].has_tls
    found = {}
    for channel, traces in side.ways(*pair, layer).items():
        text = _one_of(traces)
        if has_tls and channel is Channel.ROLLSITE:
            text = f"{text}, over TLS"
        found[channel] = f"{WORDS[channel]}: {text}" if WORDS[channel] else text
    return found


def _one_of(traces: Sequence[Trace]) -> str:
    failing = [trace for trace in traces if trace.reason is not None]
    return way(failing[0]) if failing else " or ".join(map(way, traces))


def _group(compared: Compared, group: Group) -> dict[str, Any]:
    examples = []
    for pair in group.examples:
        before, now = _both(compared, group, pair)
        examples.append({"from": pair[0], "to": pair[1], "before": list(before), "now": list(now)})
    return {
        "fate": _NAMES[group.fate],
        "for": str(group.layer),
        "kind": group.cause.kind,
        "cause": _words_of(group),
        "pairs": group.pairs,
        "parties": sorted(group.pivots)[:_PIVOTS],
        "examples": examples,
    }


def _expectation_lines(compared: Compared) -> Iterator[str]:
    """How many expectations hold, and those of which something changed."""
    found = compared.difference.expectations
    if not found:
        return
    asked = [judged for judged in found if judged.is_asked]
    holding = sum(judged.holds is True for judged in asked)
    yield ""
    yield f"Expected of pairs (expect, never): {holding:,} of {len(asked):,} hold"
    changed = [judged for judged in found if _has_changed(judged)]
    for judged in changed[:SHOWN]:
        before, now = _held(judged.was_asked, judged.held), _held(judged.is_asked, judged.holds)
        yield f"     {clause(judged)}: {before} at {compared.ref}, {now} now"
    if len(changed) > SHOWN:
        yield f"     … and {len(changed) - SHOWN:,} more"


def _has_changed(judged: Judged) -> bool:
    return judged.is_asked != judged.was_asked or judged.holds != judged.held


def _held(is_asked: bool, held: bool | None) -> str:  # noqa: FBT001 - two facts of one expectation
    if held is None:
        return "a party is missing" if is_asked else "not asked for"
    text = "holds" if held else "does not hold"
    return text if is_asked else f"not asked for ({text})"
