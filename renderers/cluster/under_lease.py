"""One writer at a time: a site is changed, and taken down, under its Lease, and the record says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from planner.checks.interrupted_apply import interrupted_apply
from planner.checks.lease_held import applied_meanwhile, lease_held
from planner.checks.lost_lease import lost_lease
from planner.diagnostics import Diagnostic
from planner.wording import duration
from renderers.cluster import lease, patience, record
from renderers.cluster.api import Api, ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, SiteOutcome, SiteState
from renderers.cluster.places import Places


def applied(
    api: Api,
    folder: SiteFolder,
    places: Places,
    operator: Operator,
    last: record.Record | None,
    found: tuple[Diagnostic, ...],
    write: Callable[[lease.HeldLease, tuple[Diagnostic, ...]], SiteOutcome],
) -> SiteOutcome:
    """What comes of `write` under the site's Lease; it gets what was found so far, and an apply that was cut off.

    It is refused while somebody else holds the Lease, and when somebody has applied the site since `last` was read:
    what was prepared holds no more then. An ApiError that is raised tells that it may have come midway.
    """
    held = lease.acquire(api, folder, "apply", operator, Deadline(patience.WRITE_SECONDS, api.clock))
    if isinstance(held, lease.Holder):
        return SiteOutcome(folder, SiteState.REFUSED, (*found, _told_of(held, folder, places)))
    try:
        now = record.latest(api, folder, Deadline(patience.WRITE_SECONDS, api.clock))
        if now is not None and now != last:
            told = applied_meanwhile(places.of_site(), folder.key, now.by, now.at)
            return SiteOutcome(folder, SiteState.REFUSED, (*found, told))
        if now is not None and now.state == "applying":
            found += (interrupted_apply(places.of_site(), folder.key, now.by, record.moment(now.at)),)
        return write(held, found)
    except ApiError as error:
        error.is_midway = True
        raise
    finally:
        held.release()


def ended(
    api: Api,
    folder: SiteFolder,
    places: Places,
    held: lease.HeldLease,
    revision: record.Record,
    outcome: SiteOutcome,
) -> SiteOutcome:
    """The end of an apply, written into the record; who has lost the Lease writes nothing, and has failed."""
    if held.is_lost:
        told = lost(held, folder, places)
        return replace(outcome, state=SiteState.FAILED, diagnostics=(*outcome.diagnostics, told))
    state: record.State = "applied" if outcome.state is SiteState.APPLIED else "failed"
    record.finish(api, folder, revision, state, Deadline(patience.WRITE_SECONDS, api.clock))
    return outcome


def lost(held: lease.HeldLease, folder: SiteFolder, places: Places) -> Diagnostic:
    """Who has taken the Lease from under an apply."""
    return lost_lease(places.of_site(), folder.key, held.taken_by or "")


def removed(
    api: Api,
    folder: SiteFolder,
    places: Places,
    options: Options,
    operator: Operator,
    take_down: Callable[[], SiteOutcome],
) -> SiteOutcome:
    """What comes of `take_down` under the site's Lease, written down where all of the site is gone.

    With the data goes the whole history, and the Lease itself as the last thing, once it has been given back.
    """
    held = lease.acquire(api, folder, "remove", operator, Deadline(patience.WRITE_SECONDS, api.clock))
    if isinstance(held, lease.Holder):
        return SiteOutcome(folder, SiteState.REFUSED, (_told_of(held, folder, places),))
    try:
        outcome = take_down()
        is_gone = outcome.state is SiteState.REMOVED and not options.only
        if is_gone:
            _forget(api, folder, operator, everything=options.delete_data)
    finally:
        held.release()
    if is_gone and options.delete_data:
        api.delete(lease.lease_of(folder), Deadline(patience.WRITE_SECONDS, api.clock))
    return outcome


def _told_of(holder: lease.Holder, folder: SiteFolder, places: Places) -> Diagnostic:
    """Who holds the Lease of a site."""
    renewed, remaining = duration(holder.renewed), duration(holder.remaining)
    return lease_held(places.of_site(), folder.key, holder.identity, renewed, remaining)


def _forget(api: Api, folder: SiteFolder, operator: Operator, *, everything: bool) -> None:
    """Write down that the site is gone; with its data its whole history goes."""
    deadline = Deadline(patience.WRITE_SECONDS, api.clock)
    if not everything:
        record.finish(api, folder, record.begin(api, folder, operator, deadline), "removed", deadline)
        return
    for each in record.all_references(api, folder, deadline):
        api.delete(each, deadline)
