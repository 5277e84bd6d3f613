"""What a command has to say, before it is put into a format."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from planner.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.manual import Page
    from renderers.report.located import Located

TOOL = "fedplan"
"""The name machine formats carry."""


class State(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a command did or proved: a site planned, a pair that talks.

    `group` is what several steps have in common (`site`, `probe`, `toy`); `message` says why a step did not pass.
    """

    name: str
    state: State = State.PASSED
    message: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a Markdown summary, which no other format prints.

    Rows are as wide as `header`. The cells of the columns in `as_code` are shown as code. A section with `is_folded`
    opens with a click. `more` stands below the table.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    as_code: frozenset[int] = frozenset()
    is_folded: bool = False
    more: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run of a command reports.

    `command` is the task's name (`plan`); `findings` come sorted from `locate`; `preface` and `summary` hold lines that
    only the text format prints, before the findings and before its counts; `outcome` ends the line of counts (`nothing
    was written`); `steps` go to the machine formats that know them (json, junit); `extra` adds keys to the JSON object
    (`plan`); `brief` and `sections` are what Markdown prints in the place of `summary`; `pages` are manual pages by
    code, from which SARIF takes its rules' help. Only text heeds `colour` and `limit`, the number of findings it shows
    in full.
    """

    command: str
    findings: tuple[Located, ...] = ()
    preface: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    outcome: str = ""
    steps: tuple[Step, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    brief: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    pages: Mapping[str, Page] = field(default_factory=dict)
    colour: bool = False
    limit: int = 100

    @property
    def counts(self) -> dict[Severity, int]:
        """Number of findings of each severity, worst first; all three keys are there."""
        found = Counter(located.diagnostic.fault.severity for located in self.findings)
        return {severity: found[severity] for severity in Severity}
