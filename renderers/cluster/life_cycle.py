"""Target kubernetes: its sites prepared, looked at and taken down, each on the cluster it is meant for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from planner.diagnostics import Diagnostic
from renderers.cluster import applying, patience, record, removing, rights, status
from renderers.cluster.api import Api, ApiError
from renderers.cluster.applying import Prepared
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections, failed, on_cluster
from renderers.cluster.display import Display
from renderers.cluster.masking import masked, values_of
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, Seen, SiteOutcome, SiteState
from renderers.cluster.preview import Change
from renderers.cluster.rolling_back import earlier
from renderers.cluster.selection import Chosen


def prepare(
    chosen: Chosen,
    connections: Connections,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool = False,
) -> Prepared | SiteOutcome:
    """One site prepared, or how it ended because its cluster could not be spoken to."""

    def prepared(api: Api) -> Prepared | SiteOutcome:
        folder, places, revision = chosen.folder, chosen.places, None
        if options.is_rollback:
            back = earlier(api, folder, places, Deadline(patience.PREPARE_SECONDS, api.clock))
            if isinstance(back, tuple):
                return SiteOutcome(folder, SiteState.REFUSED, back)
            folder, places, revision = back.folder, back.places, back.revision
        made = applying.prepare(api, folder, places, options, environ, is_trial=is_trial)
        return replace(made, of=revision, diagnostics=masked(made.diagnostics, values_of(folder, made.secrets)))

    return on_cluster(chosen, connections, prepared)


def observe(chosen: Chosen, connections: Connections) -> Seen:
    """One site as it is in its cluster."""
    folder, places = chosen.folder, chosen.places
    api = connections.to(chosen)
    if isinstance(api, Diagnostic):
        return Seen(chosen, None, diagnostics=(api,))
    deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
    try:
        missing = tuple(rights.missing_rights(api, folder, "status", deadline, places))
        if any(found.is_error for found in missing):
            return Seen(chosen, None, diagnostics=missing)
        records = record.history(api, folder, deadline)
        found = status.observe(api, folder, next(iter(records), None), deadline, places)
    except ApiError as error:
        return Seen(chosen, None, diagnostics=failed(folder, places, api, error).diagnostics)
    return Seen(chosen, found, records, (*missing, *found.diagnostics))


def to_remove(chosen: Chosen, connections: Connections, options: Options) -> tuple[Change, ...] | SiteOutcome:
    """The objects that would go, or how finding them out ended."""

    def found(api: Api) -> tuple[Change, ...]:
        deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
        return removing.to_remove(api, chosen.folder, deadline, delete_data=options.delete_data)

    return on_cluster(chosen, connections, found)


def remove(
    chosen: Chosen, connections: Connections, options: Options, operator: Operator, display: Display
) -> SiteOutcome:
    """One site taken down, or how that ended."""
    return on_cluster(
        chosen, connections, lambda api: removing.remove(api, chosen.folder, chosen.places, options, operator, display)
    )
