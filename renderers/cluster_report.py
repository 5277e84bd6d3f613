"""The report of a command that worked on clusters, in the format that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.diagnostics import Diagnostic
from renderers.cluster.outcomes import BAD, SiteOutcome, SiteState
from renderers.cluster.selection import Selection
from renderers.handing_over import choices, nothing_to_talk_to
from renderers.report import Report, Step, locate, render, wants_colour
from renderers.workspace import Workspace

GOOD: Final = 0
ERRORS: Final = 1
DIFFERENT: Final = 2
WORLD: Final = 3
USAGE: Final = 64


@dataclass(frozen=True, slots=True)
class Told:
    """What a command has to say: lines, the clause that ends them, what was done step by step.

    `extra` is for machines: further keys of the JSON report.
    """

    lines: Sequence[str] = ()
    outcome: str = ""
    steps: Sequence[Step] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: Sequence[Diagnostic] = ()


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes the reports of one command; with `is_handed_over` there is no federation.yaml, only a folder."""

    command: str
    format_name: str
    space: Workspace
    selection: Selection
    is_handed_over: bool = False

    def report(self, told: Told) -> str:
        """The report as text."""
        diagnostics = (*self.selection.diagnostics, *told.diagnostics)
        report = Report(
            command=self.command,
            findings=locate(diagnostics, self.selection.documents, self._names(diagnostics)),
            summary=tuple(told.lines),
            outcome=told.outcome,
            steps=tuple(told.steps),
            extra=told.extra,
            colour=self.format_name == "text" and wants_colour(sys.stdout, os.environ),
        )
        return render(self.format_name, report)

    def early(self, nothing: str) -> tuple[str, int] | None:
        """The end of a run that has no site to work on, `nothing` being what was not done; None when there is one."""
        selection = self.selection
        if selection.usage:
            return selection.usage, USAGE
        if selection.has_errors:
            return self.report(Told(outcome=nothing)), WORLD if selection.is_refused else ERRORS
        if selection.plan is not None and selection.plan.is_scripted:
            return self.report(Told(nothing_to_talk_to(selection.plan, str(self.space.out)), nothing)), ERRORS
        if selection.choices:
            everything = (
                ["or --all: every site whose cluster your kubeconfig leads to"] if self.command == "apply" else []
            )
            return self.report(Told(("say which site:", *choices(selection.choices), *everything), nothing)), ERRORS
        return None

    def _names(self, diagnostics: Sequence[Diagnostic]) -> dict[str, str]:
        """What to call each document: as the operator can open it."""
        names = self.space.names()
        for diagnostic in diagnostics:
            for place in (diagnostic.place, *(note.place for note in diagnostic.notes if note.place is not None)):
                document, out = place.document, self.space.out
                shown = document if self.is_handed_over else str(out if document == "." else out / document)
                names.setdefault(document, shown)
        return names


def exit_code(outcomes: Sequence[SiteOutcome]) -> int:
    """1 when a site failed or was refused, 3 when all that went wrong is that a cluster could not be used."""
    states = {outcome.state for outcome in outcomes}
    if states & (set(BAD) - {SiteState.UNREACHABLE}):
        return ERRORS
    return WORLD if SiteState.UNREACHABLE in states else GOOD
