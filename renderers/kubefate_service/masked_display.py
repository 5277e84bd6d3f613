"""A display that shows no value of a secret, whatever the service's jobs say of their work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from renderers.cluster.display import Display
from renderers.cluster.masking import hidden
from renderers.cluster.rollout import WorkloadState


@dataclass(frozen=True, slots=True)
class MaskedDisplay:
    """Another display, told the same without these values."""

    display: Display
    values: tuple[str, ...] = field(repr=False)

    def step(self, text: str) -> None:
        """Say what is being done."""
        self.display.step(hidden(text, self.values))

    def item(self, text: str) -> None:
        """Say which of many like things is being done."""
        self.display.item(hidden(text, self.values))

    def workloads(self, states: Sequence[WorkloadState]) -> None:
        """Show how far the workloads are."""
        self.display.workloads([replace(each, last_event=hidden(each.last_event, self.values)) for each in states])

    def done(self) -> None:
        """End the display."""
        self.display.done()
