"""Why a value that would be planned is not the one that was imported."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from planner.checks.foreign_serving import FAULT as FOREIGN_SERVING
from planner.checks.live_default import FAULT as LIVE_DEFAULT
from planner.diagnostics import Diagnostic, KeyPath, Place
from planner.secret_references import has_placeholder
from renderers.importing.comparing import IDENTITY, OWN_ROUTES, SELECTING, Difference, Reason, is_routing
from renderers.importing.drafts import Draft
from renderers.importing.fitting import Fitted, is_default, reader
from renderers.importing.specs import Spec
from renderers.importing.tables import ROUTER_BLOCKS

_CHANGING: Final = frozenset(
    {
        "FED126", "FED201", "FED202", "FED204", "FED206", "FED208", "FED213", "FED301", "FED302", "FED306", "FED307",
        "FED308", "FED402", "FED603", "FED606", "FED701", "FED702", "FED713", "FED714", "FED717", "FED719", "FED729",
    }
)  # fmt: skip
"""Findings that change where a site is dialled, or whom it dials."""
_UNCHANGING: Final = frozenset({"FED212", "FED403", "FED713", "FED718", "FED725", "FED728", "FED729", "FED802"})
"""Findings that change nothing in what is planned at the place they point at."""
_LIVE: Final = ("nginx.exchange.", "ingress.", "imageTag")
"""Keys that FED725 is about."""
_ABOVE: Final = 2
"""Levels above a value at which a finding is still about it: a row of a table."""
_OWN: Final = frozenset((key,) for key in OWN_ROUTES)
_ROUTERS: Final = frozenset({*ROUTER_BLOCKS, "lbrollsite"})
_PARTY: Final = re.compile(r"\bparty (\d+)")
Answer = tuple[Reason, str] | None
"""A reason with the code of the finding behind it, if this is the reason."""


class Told:
    """The findings, by the document they are in and by the parties they name."""

    def __init__(self, findings: Sequence[Diagnostic]) -> None:
        """Index the findings."""
        self.by_document: dict[str, list[Diagnostic]] = {}
        self.by_party: dict[str, str] = {}
        for each in findings:
            self.by_document.setdefault(each.place.document, []).append(each)
            if each.fault.code in _CHANGING:
                for number in _PARTY.findall(each.message):
                    self.by_party.setdefault(number, each.fault.code)


class Explainer:
    """Finds the reasons of the differences of one file. The first rule that knows one has it."""

    def __init__(self, fitted: Fitted, draft: Draft, spec: Spec, told: Told) -> None:
        """Prepare for the differences of `spec`, a file of the site `draft`."""
        self._fitted = fitted
        self._draft = draft
        self._spec = spec
        self._reads = reader(draft, spec)
        self._findings = told.by_document.get(spec.source, [])
        self._by_party = told.by_party

    def explained(self, difference: Difference) -> Difference:
        """The difference with its reason."""
        rules: Sequence[Callable[[Difference], Answer]] = (
            self._secret, self._unread, self._unspoken, self._corrected, self._default, self._written_out, self._found,
            self._left_to_chart, self._about_routes,
        )  # fmt: skip
        reason, code = next((answer for rule in rules if (answer := rule(difference))), (Reason.UNEXPLAINED, ""))
        return replace(difference, reason=reason, code=code)

    def _secret(self, difference: Difference) -> Answer:
        return (Reason.SECRET, "") if has_placeholder(difference.planned) else None

    def _unread(self, difference: Difference) -> Answer:
        """Values that do nothing: nobody reads them, or what they are for is not deployed."""
        path = difference.path
        if path[:2] == ("nginx", "route_table") and path[3:4] == ("proxy",):
            return Reason.UNASKED, ""
        if difference.imported is None or not path:
            return None
        if not self._reads(_dotted(path)):
            return Reason.DROPPED, ""
        return None if self._spec.deploys(path) else (Reason.IDLE, "")

    def _unspoken(self, difference: Difference) -> Answer:
        unspoken = (self._spec.source, difference.path) in self._fitted.unspoken
        return (Reason.UNSPEAKABLE, "FED717") if unspoken else None

    def _corrected(self, difference: Difference) -> Answer:
        path = difference.path
        for correction in self._fitted.corrections:
            origin = correction.origin
            if correction.site != self._draft.key or origin is None or origin.document != self._spec.source:
                continue
            if origin.path[:1] == path[:1] or self._follows(correction.word, difference):
                return Reason.CORRECTED, correction.code
        return None

    def _follows(self, word: KeyPath, difference: Difference) -> bool:
        """Whether a value differs because a word is left out that stood at another key."""
        block = difference.key.partition(".")[0]
        match word[:1]:
            case ("serving",) if len(word) == 1:
                return self._spec is self._draft.serving
            case ("modules",):
                return block in SELECTING or block in _ROUTERS
            case ("engine",) | ("release",):
                return block in SELECTING
            case _:
                return False

    def _default(self, difference: Difference) -> Answer:
        """Values that say what the chart does without them."""
        before, after = difference.imported, difference.planned
        is_same = (
            (after is None and (before is False or is_default(difference.path, before)))
            or (before is None and after is False)
            or (before is None and after == "ClusterIP" and difference.key.endswith((".type", ".fateflowType")))
        )
        return (Reason.DEFAULT, "") if is_same else None

    def _written_out(self, difference: Difference) -> Answer:
        """What the plan writes for the sake of clarity: own entries, and keys whose default would go live."""
        key = difference.key
        if difference.imported is not None:
            return None
        if f".route_table.{self._draft.id}." in f"{key}.":
            return Reason.WRITTEN_OUT, ""
        if any(each.fault is LIVE_DEFAULT for each in self._findings) and key.startswith(_LIVE):
            return Reason.WRITTEN_OUT, LIVE_DEFAULT.code
        return None

    def _found(self, difference: Difference) -> Answer:
        """The finding that points at a value, or at the row that it stands in."""
        path = difference.path
        for length in range(len(path), max(len(path) - _ABOVE, 0), -1):
            key = self._spec.document.span(Place(path[:length], on_key=True)).line
            value = self._spec.document.span(Place(path[:length])).line
            items = self._spec.get(*path[:length])
            rows = range(len(items) if isinstance(items, list) and length == len(path) else 0)
            lines = {key, value, *(self._spec.document.span(Place((*path, row))).line for row in rows)}
            for each in self._findings:
                span = each.place.span
                if span is not None and span.line in lines and each.fault.code not in _UNCHANGING:
                    return Reason.CORRECTED, each.fault.code
        return None

    def _left_to_chart(self, difference: Difference) -> Answer:
        path, key = difference.path, tuple(difference.key.split("."))
        if not self._draft.is_party and path[:1] in {("name",), ("namespace",)}:
            return Reason.RENAMED, "FED716"
        if difference.imported is not None:
            return None
        is_nowhere = difference.key.startswith("nginx.exchange.") and not path[2:]
        if not is_routing(key) or (path and path[0] in IDENTITY) or is_nowhere:
            return Reason.WRITTEN_OUT, ""
        return None

    def _about_routes(self, difference: Difference) -> Answer:
        """A finding about the routes of the site, or of a party that the key names."""
        steps = difference.key.split(".")
        if not is_routing(difference.path) and not is_routing(tuple(steps)):
            return None
        for each in sorted(self._findings, key=lambda found: found.fault.code == "FED714"):
            if each.fault.code in _CHANGING or (difference.path[:1] in _OWN and each.fault is FOREIGN_SERVING):
                return Reason.CORRECTED, each.fault.code
        code = next((self._by_party[step] for step in steps if step in self._by_party), "")
        code = code or next((each.code for each in self._fitted.corrections if not each.word), "")
        if code:
            return Reason.CORRECTED, code
        parties = {int(step) for step in steps if step.isdecimal()}
        is_unused = not self._draft.is_party and difference.planned is None and parties and not parties & self._behind()
        return (Reason.UNUSED, "") if is_unused else None

    def _behind(self) -> set[int]:
        """The parties whose messages pass the exchange."""
        shapes = self._fitted.assembled.data["topology"]
        if not isinstance(shapes, list):
            return {draft.id for draft in self._fitted.assembled.sites.values() if draft.id is not None}
        found: set[int] = set()
        for shape in shapes:
            star, through = shape.get("star", ()), shape.get("through", ())
            if isinstance(star, dict):
                found.update(*(star.values() if self._draft.name in star else ()))
            elif self._draft.name in ([through] if isinstance(through, str) else through):
                found.update(star)
        return found


def _dotted(path: KeyPath) -> str:
    """A path in the chart's words: `rollsite.partyList[*].partyIp`."""
    text = ""
    for step in path:
        text += "[*]" if isinstance(step, int) and text.endswith(("List", "hosts", "sni", "Secrets")) else f".{step}"
    return text.lstrip(".")
