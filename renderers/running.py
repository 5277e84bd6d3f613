"""Work on several sites: each as its target wants it, in waves, a failure holding back only what depends on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from planner.checks.held_back import held_back
from renderers.cluster.connections import Connections
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import BAD, Options, Prepared, Seen, SiteOutcome, SiteState
from renderers.cluster.preview import Change
from renderers.cluster.selection import Chosen, held_back_by

Ask = Callable[[Sequence[Prepared]], bool]
"""Shows what would be written, and tells whether the operator wants it."""


class LifeCycle(Protocol):
    """What every target can do with a site: a module `life_cycle` of its package."""

    def prepare(
        self,
        chosen: Chosen,
        connections: Connections,
        options: Options,
        environ: Mapping[str, str],
        *,
        is_trial: bool = False,
    ) -> Prepared | SiteOutcome:
        """The site ready to be applied, or how it ended because what it needs could not be spoken to."""

    def observe(self, chosen: Chosen, connections: Connections) -> Seen:
        """The site as it is."""

    def to_remove(self, chosen: Chosen, connections: Connections, options: Options) -> tuple[Change, ...] | SiteOutcome:
        """What would go with the site."""

    def remove(
        self, chosen: Chosen, connections: Connections, options: Options, operator: Operator, display: Display
    ) -> SiteOutcome:
        """The site taken down."""


def life_cycle_of(folder: SiteFolder) -> LifeCycle:
    """The life cycle of a site's target."""
    if folder.target == "kubefate":
        from renderers.kubefate_service import life_cycle as of_kubefate

        return of_kubefate
    if folder.target == "helm":
        from renderers.helm import life_cycle as of_helm

        return of_helm
    from renderers.cluster import life_cycle

    return life_cycle


def attempt(
    chosen: Chosen,
    connections: Connections,
    options: Options,
    environ: Mapping[str, str] = os.environ,
    *,
    is_trial: bool = False,
) -> Prepared | SiteOutcome:
    """One site prepared, or how that ended."""
    return life_cycle_of(chosen.folder).prepare(chosen, connections, options, environ, is_trial=is_trial)


def apply_sites(
    chosen: Sequence[Chosen],
    options: Options,
    operator: Operator,
    ask: Ask,
    display_for: Callable[[SiteFolder], Display],
    *,
    force: bool = False,
    connections: Connections | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[SiteOutcome, ...]:
    """Prepare every site, ask once, and write one wave after the other."""
    connections = connections or Connections()
    outcomes: dict[str, SiteOutcome] = {}
    ready: list[Prepared] = []
    for each in chosen:
        prepared = attempt(each, connections, options, environ)
        if isinstance(prepared, SiteOutcome):
            outcomes[each.folder.key] = prepared
            continue
        found = () if force else tuple(prepared.destructive())
        if prepared.is_good and not found:
            ready.append(prepared)
        else:
            prepared.withdraw()
            refused = SiteOutcome(each.folder, SiteState.REFUSED, (*prepared.diagnostics, *found))
            outcomes[each.folder.key] = refused
    try:
        is_wanted = not any(prepared.changes for prepared in ready) or ask(ready)
        while ready:
            prepared = ready.pop(0)
            outcomes[prepared.folder.key] = _ended(prepared, outcomes, operator, display_for, is_wanted=is_wanted)
    except BaseException:  # Ctrl-C too: what was made for the trial of a site that is not begun is not left behind
        for prepared in ready:
            prepared.withdraw()
        raise
    return tuple(outcomes[each.folder.key] for each in chosen)


def _ended(
    prepared: Prepared,
    outcomes: Mapping[str, SiteOutcome],
    operator: Operator,
    display_for: Callable[[SiteFolder], Display],
    *,
    is_wanted: bool,
) -> SiteOutcome:
    """How one prepared site ends, after those that ended before it."""
    folder = prepared.folder
    behind = held_back_by(folder, [key for key, outcome in outcomes.items() if outcome.state in BAD])
    if is_wanted and not behind:
        return prepared.carry_out(operator, display_for(folder))
    prepared.withdraw()
    if not is_wanted:
        return SiteOutcome(folder, SiteState.DECLINED, prepared.diagnostics)
    waits = held_back(prepared.places.of_site(), folder.key, behind)
    return SiteOutcome(folder, SiteState.HELD_BACK, (*prepared.diagnostics, waits))
