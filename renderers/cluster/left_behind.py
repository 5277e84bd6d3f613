"""Sites that have left federation.yaml and still run: found again by the record that they have in their cluster."""

from __future__ import annotations

from planner import site_json
from planner.checks.not_applied import not_applied
from planner.diagnostics import LOCK, Diagnostic, Place
from planner.lock import LockedSite, parse
from planner.plan import Plan
from renderers.cluster import patience, record
from renderers.cluster.api import ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.folder import from_files
from renderers.cluster.places import Places
from renderers.cluster.selection import Chosen
from renderers.workspace import Workspace


def left_behind(
    workspace: Workspace, plan: Plan, key: str, context: str, connections: Connections
) -> Chosen | Diagnostic | None:
    """A site by the tombstone that federation.lock has of it; None when it has none of a target that is talked to."""
    locked = _tombstone(workspace, key)
    if locked is None:
        return None
    known = {cluster.name: cluster for cluster in plan.federation.clusters}.get(locked.cluster)
    named = context or (known.context if known is not None else None) or ""
    found = _from_record(locked, key, named, plan.federation.name, connections)
    return not_applied(Place(document=LOCK), key, locked.cluster, found) if isinstance(found, str) else found


def _from_record(
    locked: LockedSite, key: str, context: str, federation: str, connections: Connections
) -> Chosen | Diagnostic | str:
    """The site as its cluster's record has it; or why it cannot be had, as a clause."""
    if not context:
        return "federation.yaml has no context for its cluster any more: give --context"
    try:
        api = connections.connect(context)
        files = record.latest_files(api, locked.namespace, key, Deadline(patience.PREPARE_SECONDS, api.clock))
    except ApiError as error:
        return str(error)
    if files is None:
        return f"namespace {locked.namespace} has no record of it"
    found = from_files({name: text.encode(errors="replace") for name, text in files.items()}, key)
    if isinstance(found, tuple):
        return found[0]
    if (found.key, found.federation, found.home) != (key, federation, locked.namespace):
        return f"the record there is of {found.key} of {found.federation} in namespace {found.home}"
    return Chosen(found, Places(found), context)


def _tombstone(workspace: Workspace, key: str) -> LockedSite | None:
    text = workspace.read_lock()
    if isinstance(text, Diagnostic) or text.text is None:
        return None
    lock, _ = parse(text.text)
    locked = lock.sites.get(key)
    return locked if locked is not None and locked.target in {site_json.KUBERNETES, *site_json.CHARTED} else None
