"""How probes of the API server are made, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.diagnostics import Diagnostic
from planner.probes import BY_ID
from renderers.cluster.clock import Deadline
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.sight import Sight


def probe(sight: Sight, sort: str, sentence: str, ask: Callable[[Deadline], Said]) -> Probe:
    """A sentence about a site."""
    return Probe(BY_ID[sort], sight.folder.key, sentence, ask)


def judged(diagnostics: Sequence[Diagnostic]) -> Said:
    """True where no finding is an error. The reason is the first of those that are, and how many more there are."""
    errors = [each for each in diagnostics if each.is_error]
    if not errors:
        return Said(Truth.TRUE, diagnostics=tuple(diagnostics))
    more = f", and {len(errors) - 1:,} more" if len(errors) > 1 else ""
    return Said(Truth.FALSE, f"{errors[0].message}{more}", tuple(diagnostics))


def unknown(reason: str, diagnostics: Sequence[Diagnostic] = ()) -> Said:
    """What cannot be found out, and why."""
    return Said(Truth.UNKNOWN, reason, tuple(diagnostics))
