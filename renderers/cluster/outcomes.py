"""How an operation on one site begins and ends, whatever its target: what is asked for, prepared, seen and done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from planner.diagnostics import Diagnostic
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.operator import Operator
from renderers.cluster.places import Places
from renderers.cluster.preview import Change
from renderers.cluster.record import Record
from renderers.cluster.rollout import WorkloadState
from renderers.cluster.selection import Chosen
from renderers.cluster.status import SiteStatus


class SiteState(StrEnum):
    """How an operation on a site ended."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    HELD_BACK = "held back"
    DECLINED = "declined"
    REMOVED = "removed"


BAD: Final = (SiteState.FAILED, SiteState.REFUSED, SiteState.UNREACHABLE, SiteState.HELD_BACK, SiteState.DECLINED)
"""The ends after which a site's dependants are not touched."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an operator asks for.

    `only` narrows everything to training or serving. With `is_rollback` the plan that was applied before is taken up
    again, in place of the one that was handed in. `charts` says where charts come from, in place of what the site says.
    """

    timeout: float = 900.0
    force_conflicts: bool = False
    delete_data: bool = False
    only: str = ""
    is_rollback: bool = False
    charts: str = ""


@dataclass(frozen=True, slots=True)
class SiteOutcome:
    """How a site ended: what was written, the workloads as they are, and what was found.

    `is_begun` says that something of it may have been written though its cluster could not be used in the end.
    `stands` is how the site stands now, as a clause, where that is neither what was asked for nor what `workloads` say.
    """

    folder: SiteFolder
    state: SiteState
    diagnostics: tuple[Diagnostic, ...] = ()
    changes: tuple[Change, ...] = ()
    workloads: tuple[WorkloadState, ...] = ()
    revision: int | None = None
    is_begun: bool = False
    stands: str = ""


class Prepared(Protocol):
    """A site that could be applied, or the findings that forbid it. Nothing was written, or `withdraw` undoes it."""

    @property
    def folder(self) -> SiteFolder:
        """The site as it would be applied."""

    @property
    def places(self) -> Places:
        """Where what is found can be mended."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found; no secret value is in it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that the operator should read before saying yes."""

    @property
    def of(self) -> int | None:
        """The revision that a roll-back takes up again; None otherwise."""

    @property
    def where(self) -> str:
        """What it would be written through and to, as in `context bank-prod, namespace fate-9999`."""

    @property
    def is_good(self) -> bool:
        """Whether nothing forbids to go on."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written."""

    def destructive(self) -> Iterator[Diagnostic]:
        """What needs the operator's --force."""

    def carry_out(self, operator: Operator, display: Display) -> SiteOutcome:
        """Write what was prepared, and wait until it runs. Raises nothing but what is a bug."""

    def withdraw(self) -> None:
        """Take away what was made for the trial, when nothing is applied after all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One site as it was seen, with its history; or how looking at it ended."""

    chosen: Chosen
    status: SiteStatus | None
    history: Sequence[Record] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
