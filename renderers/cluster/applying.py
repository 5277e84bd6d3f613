"""Apply one site: prepare (nothing is written), then carry out.

Everything that can be known beforehand is: rights, quota, and a dry run of every object by the server itself. What is
written is written object by object, in the folder's order, each by server-side apply: so an apply that was killed is
finished by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from planner.checks.cluster_unreachable import cluster_unreachable
from planner.checks.data_kept import data_kept
from planner.checks.data_of_another_generation import data_of_another_generation
from planner.checks.destructive_change import destructive_change
from planner.checks.object_refused import refused_midway
from planner.diagnostics import Diagnostic
from planner.kubernetes_target import PART_LABEL, RESTART_MARK, SECRETS_MARK
from renderers.cluster import (
    given_secrets,
    lease,
    moving_ports,
    namespaces,
    patience,
    prerequisites,
    quota,
    record,
    rights,
    secret_values,
    tables,
    under_lease,
)
from renderers.cluster.api import Api, ApiError, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.cluster_checks import check_cluster
from renderers.cluster.connections import failed
from renderers.cluster.display import Display
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.given_secrets import Given
from renderers.cluster.masking import masked, values_of
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import (
    Action,
    Change,
    Preview,
    called,
    claims,
    fetched,
    listed,
    preview,
    with_annotations,
)
from renderers.cluster.references import WORKLOADS, Live, Reference
from renderers.cluster.waiting import wait


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site that could be applied, or the findings that forbid it.

    `made` are namespaces made for the trial, `of` is the revision that a roll-back takes up again. `notes` are
    sentences that the operator should read before saying yes, `before` the objects that readers know. `data_of` is a
    release of another generation of FATE whose data the site keeps; empty where there is none.
    """

    api: Api
    folder: SiteFolder
    places: Places
    options: Options
    diagnostics: tuple[Diagnostic, ...]
    preview: Preview | None = None
    secrets: tuple[Desired, ...] = field(default=(), repr=False)
    last: record.Record | None = None
    made: tuple[str, ...] = ()
    of: int | None = None
    notes: tuple[str, ...] = ()
    is_trial: bool = False
    before: Live = field(default_factory=dict, repr=False)
    data_of: str = ""
    given: Given = field(default_factory=Given)

    @property
    def is_good(self) -> bool:
        """Whether nothing forbids to go on."""
        return self.preview is not None and not any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written."""
        return () if self.preview is None else (*self.given.changes, *self.preview.writes)

    @property
    def is_recorded(self) -> bool:
        """Whether the cluster's record says that this very plan was applied and came up."""
        return self.last is not None and self.last.digest == self.folder.digest and self.last.state == "applied"

    @property
    def where(self) -> str:
        """The context and the namespaces."""
        return f"context {self.api.context}, namespace {', '.join(dict.fromkeys(self.folder.namespaces.values()))}"

    def destructive(self) -> Iterator[Diagnostic]:
        """Workloads, or most of what is there, would go; or data would be read by the wrong release."""
        folder, place = self.folder, self.places.of_site()
        if self.data_of:
            yield data_of_another_generation(place, folder.key, self.data_of, folder.release)
        if self.preview is None:
            return
        gone = [change.reference for change in self.preview.changes if change.action is Action.DELETE]
        workloads = tuple(str(found) for found in gone if found.kind in WORKLOADS)
        there = len(gone) + sum(change.action in {Action.UPDATE, Action.KEEP} for change in self.preview.changes)
        if workloads or 2 * len(gone) > there:
            yield destructive_change(place, folder.key, len(gone), there, workloads)

    def carry_out(self, operator: Operator, display: Display) -> SiteOutcome:
        """Write the objects, and wait until they run."""
        folder, api = self.folder, self.api
        if api.given_up:
            away = cluster_unreachable(self.places.of_cluster("context"), folder.cluster, api.server, api.given_up)
            outcome = SiteOutcome(folder, SiteState.UNREACHABLE, (*self.diagnostics, away))
        else:
            outcome = self._carried_out(operator, display)
        values = (*values_of(folder, self.secrets), *self.given.values)
        return replace(outcome, diagnostics=masked(outcome.diagnostics, values))

    def _carried_out(self, operator: Operator, display: Display) -> SiteOutcome:
        try:
            return carry_out(self, operator, display)
        except ApiError as error:
            ended = failed(self.folder, self.places, self.api, error)
            found = (*self.diagnostics, *ended.diagnostics)
            return replace(ended, diagnostics=found, changes=self.changes, is_begun=error.is_midway)
        finally:
            display.done()

    def withdraw(self) -> None:
        """Take away the namespaces that were made for the trial."""
        withdraw(self)


def prepare(
    api: Api,
    folder: SiteFolder,
    places: Places,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool = False,
) -> Prepared:
    """Find out whether a site can be applied, and what that would write.

    The one thing written is a namespace that is missing, because nothing can be tried inside one that does not exist;
    `withdraw` takes it away again. With `is_trial` not even that: what is missing is then reported as a finding.
    """
    deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
    good = Prepared(api, folder, places, options, (), is_trial=is_trial)
    found: list[Diagnostic] = list(check_cluster(api, folder, deadline, places))
    if found:
        return replace(good, diagnostics=tuple(found))
    allowed = rights.examine_rights(api, folder, "apply", deadline, delete_data=options.delete_data)
    found += rights.judge_rights(api.user, folder, allowed, places)
    if any(diagnostic.is_error for diagnostic in found):
        return replace(good, diagnostics=tuple(found))
    spaces = namespaces.check_namespaces(api, folder, deadline, places)
    found += spaces.diagnostics
    if any(diagnostic.is_error for diagnostic in found):
        return replace(good, diagnostics=tuple(found))
    good = replace(good, diagnostics=tuple(found))
    if not spaces.missing or is_trial:
        return _tried(good, allowed, environ, deadline, absent=spaces.missing)
    made = replace(good, made=namespaces.create(api, folder, spaces.missing, deadline))
    try:
        return _tried(made, allowed, environ, deadline)
    except BaseException:  # Ctrl-C too: what was made for a trial that has not ended is not left behind
        withdraw(made)
        raise


def _tried(
    good: Prepared,
    allowed: rights.Rights,
    environ: Mapping[str, str],
    deadline: Deadline,
    *,
    absent: Sequence[str] = (),
) -> Prepared:
    """The rest of preparing, with the site's namespaces there; those that are `absent` are so in a trial alone."""
    api, folder, places, options = good.api, good.folder, good.places, good.options
    found, is_trial = list(good.diagnostics), good.is_trial
    records = record.history(api, folder, deadline)
    last = next(iter(records), None)
    found += prerequisites.missing_prerequisites(api, folder, deadline, places)
    given = given_secrets.look(api, folder, environ, deadline, places)
    good = replace(good, given=given)
    found += () if is_trial else given.diagnostics
    values = secret_values.resolve(api, folder, environ, deadline, places)
    if not is_trial:
        found += values.diagnostics
        if any(diagnostic.is_error for diagnostic in (*given.diagnostics, *values.diagnostics)):
            return replace(good, diagnostics=tuple(found))
    secrets = _chosen(values.documents, options)
    live = fetched(api, (*secrets, *folder.objects), deadline)
    before = _seen_through(api, folder, live, records, deadline)
    versions = secret_values.versions(api, folder, deadline)
    marked = [
        _marked(each, folder, live, before, {**versions, **dict.fromkeys(values.changed, "changed")})
        for each in _chosen(folder.objects, options)
    ]
    seen = preview(
        api,
        folder,
        (*secrets, *marked),
        live,
        deadline,
        places,
        force=options.force_conflicts,
        delete_data=options.delete_data,
        only=options.only,
        absent=absent,
    )
    found += seen.diagnostics
    if not seen.diagnostics:
        found += quota.exceeded(api, folder, seen.live, deadline, places)
    notes = (*_restrictions(allowed), *(() if is_trial else (*given.notes, *values.notes)))
    return replace(
        good,
        diagnostics=tuple(found),
        preview=seen,
        secrets=tuple(secrets),
        last=last,
        notes=notes,
        before=before,
        data_of=foreign_data(api, folder, last, deadline),
    )


def _restrictions(allowed: rights.Rights) -> tuple[str, ...]:
    """What this apply cannot do for want of a right: not what it has no need of, as the namespaces are there."""
    needed = tuple(right for right in allowed.restricting if right.resource not in {"namespaces", "services"})
    return replace(allowed, restricting=needed).restrictions


def foreign_data(api: Api, folder: SiteFolder, last: record.Record | None, deadline: Deadline) -> str:
    """The release of another generation of FATE that has written the site's volumes; empty where there is none."""
    if last is None or _generation(last.release) == _generation(folder.release) or not claims(api, folder, deadline):
        return ""
    return last.release


def _generation(release: str) -> str:
    """The first number of a release: FATE 1 and FATE 2 have different tables."""
    return release.partition(".")[0]


def withdraw(prepared: Prepared) -> None:
    """Take away the namespaces that were made for a trial, when nothing is applied after all.

    They are empty: where the cluster has gone away meanwhile, the next apply finds them and uses them.
    """
    with suppress(ApiError):
        deadline = Deadline(patience.WRITE_SECONDS, prepared.api.clock)
        namespaces.remove(prepared.api, prepared.folder, prepared.made, deadline)


def carry_out(prepared: Prepared, operator: Operator, display: Display) -> SiteOutcome:
    """Write what was prepared, wait until it runs, and keep the record.

    What was prepared holds no more when somebody else has applied the site since: generated secrets were not there yet.
    Raises ApiError when the cluster goes away for longer than a deadline.
    """
    api, folder, places = prepared.api, prepared.folder, prepared.places
    if not prepared.changes and prepared.is_recorded:
        return _await(
            prepared, SiteState.UNCHANGED, display, revision=prepared.last.revision if prepared.last else None
        )

    def write(held: lease.HeldLease, found: tuple[Diagnostic, ...]) -> SiteOutcome:
        return _written(replace(prepared, diagnostics=found), operator, held, display)

    return under_lease.applied(api, folder, places, operator, prepared.last, prepared.diagnostics, write)


def _written(prepared: Prepared, operator: Operator, held: lease.HeldLease, display: Display) -> SiteOutcome:
    api, folder = prepared.api, prepared.folder
    deadline = Deadline(patience.WRITE_SECONDS, api.clock)
    revision = record.begin(api, folder, operator, deadline, of=prepared.of)
    number = len(prepared.changes)
    display.step(f"writing revision {revision.revision}, {number} object{'s' * (number != 1)}")
    problem = _write(prepared, held, display, deadline)
    if problem is not None:
        if not held.is_lost:
            record.finish(api, folder, revision, "failed", Deadline(patience.WRITE_SECONDS, api.clock))
        return SiteOutcome(
            folder, SiteState.FAILED, (*prepared.diagnostics, problem), prepared.changes, revision=revision.revision
        )
    outcome = _await(prepared, SiteState.APPLIED, display, revision=revision.revision, lost=lambda: held.is_lost)
    return under_lease.ended(api, folder, prepared.places, held, revision, outcome)


def _write(prepared: Prepared, held: lease.HeldLease, display: Display, deadline: Deadline) -> Diagnostic | None:
    """Write Secrets, then objects in order, then delete what is no longer planned; the finding that stopped it."""
    for reference, what, write in _steps(prepared, deadline):
        held.look()
        if held.is_lost:
            return under_lease.lost(held, prepared.folder, prepared.places)
        display.item(what)
        try:
            write()
        except RefusedError as refusal:
            place = prepared.places.of_object(reference)
            return refused_midway(place, called(reference), refusal.message, prepared.folder.key)
    return None


def _steps(prepared: Prepared, deadline: Deadline) -> Iterator[tuple[Reference, str, Callable[[], object]]]:
    """The writes of one apply, one after the other: which object, what to show, and the call that does it."""
    api, folder, options, seen = prepared.api, prepared.folder, prepared.options, prepared.preview
    if seen is None:
        return
    wanted = {change.reference.key for change in prepared.changes}

    def put(each: Desired) -> tuple[Reference, str, Callable[[], object]]:
        write = partial(
            api.apply, each.document, each.reference, deadline, dry_run=False, force=options.force_conflicts
        )
        return each.reference, called(each.reference), write

    for reference, document in prepared.given.documents:
        yield reference, called(reference), partial(given_secrets.write, api, reference, document, deadline)
    yield from (put(secret) for secret in prepared.secrets if secret.reference.key in wanted)
    gone = [change for change in prepared.changes if change.action is Action.DELETE]
    objects = [each for each in _chosen(folder.objects, options) if each.reference.key in wanted]
    first = moving_ports.givers(objects, seen.live)
    # A Service that lets go of a NodePort comes before the one that takes it over.
    yield from (_deletion(api, change, deadline) for change in gone if change.reference.kind == "Service")
    yield from (put(each) for each in objects if each.reference.key in first)
    versions = secret_values.versions(api, folder, deadline)
    for each in objects:
        if each.reference.key not in first:
            yield put(_marked(each, folder, seen.live, prepared.before, versions))
    yield from (_deletion(api, change, deadline) for change in gone if change.reference.kind != "Service")


def _deletion(api: Api, change: Change, deadline: Deadline) -> tuple[Reference, str, Callable[[], object]]:
    remove = partial(api.delete, change.reference, deadline, uid=change.uid)
    return change.reference, f"{called(change.reference)} is removed", remove


def _await(
    prepared: Prepared,
    state: SiteState,
    display: Display,
    *,
    revision: int | None,
    lost: Callable[[], bool] = lambda: False,
) -> SiteOutcome:
    """Wait until everything runs and every changed route table was seen by its reader."""
    api, folder, places, options = prepared.api, prepared.folder, prepared.places, prepared.options
    deadline = Deadline(options.timeout, api.clock)
    chosen = _narrowed(folder, options)
    waited = wait(api, chosen, deadline, display, places)
    diagnostics = [*prepared.diagnostics, *waited.diagnostics, *_kept(prepared)]
    if any(diagnostic.is_error for diagnostic in waited.diagnostics):
        state = SiteState.FAILED
    elif state is SiteState.APPLIED and not lost():
        diagnostics += tables.confirm(api, chosen, _changed_tables(prepared), deadline, display, places)
        diagnostics += tables.forget_pulsar_peers(api, chosen, prepared.before, deadline, places)
    return SiteOutcome(folder, state, tuple(diagnostics), prepared.changes, tuple(waited.states), revision)


def _changed_tables(prepared: Prepared) -> set[tuple[str, str]]:
    """Namespace and name of the route tables that are other ones than those that were seen through to the end."""
    found = set[tuple[str, str]]()
    for table in prepared.folder.hot_tables:
        before = prepared.before.get(("", "ConfigMap", table.namespace, table.config_map))
        planned = tables.planned_text(prepared.folder, table)
        if before is not None and (before.get("data") or {}).get(table.key) != planned:
            found.add((table.namespace, table.config_map))
    return found


def _seen_through(
    api: Api, folder: SiteFolder, live: Live, records: Sequence[record.Record], deadline: Deadline
) -> Live:
    """The objects as the last apply left them that came to its end.

    An apply that was killed, or failed, may have written a route table and not seen to its readers: what was live then
    is not what they know. The files of the last good revision tell that; without them every table counts as new.
    """
    if not records or records[0].state == "applied":
        return live
    good = next((each for each in records if each.state == "applied"), None)
    found = "" if good is None else record.folder_of(api, folder, good, deadline)
    if isinstance(found, str):
        tables_only = {("", "ConfigMap", table.namespace, table.config_map) for table in folder.hot_tables}
        return {key: {**document, "data": {}} if key in tables_only else document for key, document in live.items()}
    old = {each.reference.key: each.document for each in found.objects if each.reference.kind == "ConfigMap"}
    return {**live, **{key: document for key, document in old.items() if key in live}}


def _narrowed(folder: SiteFolder, options: Options) -> SiteFolder:
    """The folder with only the half that was asked for."""
    if not options.only:
        return folder
    space = folder.namespaces.get(options.only, "")
    return replace(
        folder,
        objects=tuple(_chosen(folder.objects, options)),
        hot_tables=tuple(table for table in folder.hot_tables if table.namespace == space),
    )


def _kept(prepared: Prepared) -> Sequence[Diagnostic]:
    """Data of components that the plan no longer has, which stays."""
    kept = () if prepared.preview is None else prepared.preview.kept
    if not kept:
        return ()
    names = listed(kept)
    folder = prepared.folder
    return (data_kept(prepared.places.of_site(), folder.key, names, folder.cluster, "apply"),)


def _chosen(objects: Sequence[Desired], options: Options) -> Sequence[Desired]:
    """The objects of the half that was asked for; all of them when none was."""
    if not options.only:
        return objects
    return [each for each in objects if each.document["metadata"]["labels"].get(PART_LABEL) == options.only]


def _marked(
    desired: Desired, folder: SiteFolder, live: Live, before: Live, versions: Mapping[tuple[str, str], str]
) -> Desired:
    """A workload whose pods say which Secrets they read, and when they had to start again."""
    if desired.reference.kind not in WORKLOADS:
        return desired
    annotations: dict[str, str] = {}
    mark = secret_values.restart_mark(desired, versions)
    if mark:
        annotations[SECRETS_MARK] = mark
    restart = _restart(desired.reference, folder, live, before)
    if restart:
        annotations[RESTART_MARK] = restart
    return with_annotations(desired, annotations)


def _restart(workload: Reference, folder: SiteFolder, live: Live, before: Live) -> str:
    """The mark of a pod that must start again because its reader never forgets a route; what it was otherwise."""
    for table in folder.hot_tables:
        is_its = (table.kind, table.workload, table.namespace) == (workload.kind, workload.name, workload.namespace)
        if table.restart_on_removal and is_its:
            known = before.get(("", "ConfigMap", table.namespace, table.config_map)) or {}
            new = tables.planned_text(folder, table) or ""
            if tables.removed_entries((known.get("data") or {}).get(table.key, ""), new):
                return tables.mark_of(new)
    template = (live.get(workload.key) or {}).get("spec", {}).get("template", {})
    return str((template.get("metadata", {}).get("annotations") or {}).get(RESTART_MARK, ""))
