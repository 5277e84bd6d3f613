"""`invoke plan`: check, prove, write, and say what changes. The one place where the stages and the edges meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from planner.changes import Change, SiteFiles
from planner.checks import stale_out
from planner.checks.lost_lock import lost_lock
from planner.checks.refused_out import refused
from planner.checks.unknown_tombstone import unknown_tombstone
from planner.diagnostics import FEDERATION, LOCK, Diagnostic
from planner.impact import Impact
from planner.lock import Lock, dump, parse
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from planner.plan_document import plan_document
from planner.plan_json import MAX_BYTES, SHARED, sha256, site_of
from planner.plan_json import NAME as PLAN_JSON
from planner.plan_json import dump as dump_plan
from planner.upgrades import upgrades
from renderers import git, out
from renderers.comparing import compare
from renderers.files import read_bounded
from renderers.progress import Progress, silent
from renderers.proving import prove
from renderers.report.located import LinesDocument, LocatableDocument
from renderers.target import Files, target_of
from renderers.workspace import Workspace, input_documents

REMEMBERED: Final = 32 * 2**20
"""Characters of rendered files that are kept in memory between proof and writing; beyond that they are made again."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of a plan beyond planning: compare only, compare with another revision, forget tombstones."""

    check_only: bool = False
    against: str | None = None
    with_diff: bool = False
    forget: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything one plan found out.

    `plan` is None when there are errors. `written` is None under `--check` and with errors. `is_refused` says that it
    was the world that refused (no permission, disk full, another plan running), `is_half_written` that it did so while
    files were written.
    `is_listed_anew` says that plan.json or federation.lock changed.
    `usage` says what is wrong with the options, if anything is.
    `baseline` says in one clause what the changes are relative to. `diff` is a unified diff of all files.
    """

    diagnostics: tuple[Diagnostic, ...]
    documents: Mapping[str, LocatableDocument]
    plan: Plan | None = None
    pairs: int = 0
    serving_pairs: int = 0
    changes: tuple[Change, ...] = ()
    impacts: tuple[Impact, ...] = ()
    baseline: str = ""
    diff: str = ""
    written: out.Written | None = None
    is_refused: bool = False
    is_half_written: bool = False
    is_listed_anew: bool = False
    usage: str = ""
    is_stale: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether an error was found."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


def plan(workspace: Workspace, options: Options, progress: Progress = silent) -> Outcome:
    """Plan a federation: nothing is written unless every check passes and every route is proved."""
    source = read_bounded(workspace.file)
    if isinstance(source, Diagnostic):
        return Outcome((source,), {})
    found_lock = workspace.read_lock()
    if isinstance(found_lock, Diagnostic):
        return Outcome((found_lock,), {})
    lock_text, notices = _forget(found_lock.text, options.forget)
    unknown = bool(notices)
    if found_lock.rebuilt_from:
        notices.append(lost_lock(found_lock.rebuilt_from))
    checked = check(source, lock_text)
    documents = input_documents(checked, source, lock_text)
    diagnostics = [*notices, *checked.diagnostics]
    if checked.plan is None or unknown:
        return Outcome(tuple(diagnostics), documents)
    planned = checked.plan
    render = render_site(planned)
    proved = prove(planned, _counted(render, "proving site", len(planned.sites), progress))
    diagnostics.extend(proved.diagnostics)
    tree = out.read(workspace.out)
    if isinstance(tree, out.Tree):
        diagnostics.extend(workspace.foreign(tree, planned))
    documents.update(_rendered_documents(planned, proved.diagnostics, render))
    if any(diagnostic.is_error for diagnostic in diagnostics):
        return Outcome(tuple(diagnostics), documents)
    outcome = Outcome(tuple(diagnostics), documents, planned, proved.pairs, proved.serving_pairs)
    counted = _counted(render, "writing site", len(planned.sites), progress)
    return _compared(_Run(workspace, options, source, planned, counted), outcome)


def _counted(
    render: Callable[[PlannedSite], Files], what: str, total: int, progress: Progress
) -> Callable[[PlannedSite], Files]:
    """The same renderer, which tells how far it has come."""
    done = 0

    def render_and_tell(planned: PlannedSite) -> Files:
        nonlocal done
        done = min(done + 1, total)
        progress(what, done, total)
        return render(planned)

    return render_and_tell


def render_site(plan: Plan) -> Callable[[PlannedSite], Files]:
    """The renderer of a plan's sites, each by its target.

    Files are needed twice, to be proved and to be written, so the first REMEMBERED characters are kept.
    """
    known: dict[str, Files] = {}
    room = REMEMBERED

    def render(planned: PlannedSite) -> Files:
        nonlocal room
        key = SHARED if planned.release.is_scripted else planned.key
        files = known.get(key)
        if files is None:
            files = target_of(planned).render(plan, planned)
            size = sum(map(len, files.values()))
            if size <= room or key == SHARED:
                room -= size
                known[key] = files
        return files

    return render


def _forget(lock_text: str | None, names: Sequence[str]) -> tuple[str | None, list[Diagnostic]]:
    """The lock without the tombstones in `names`, and a finding for each name that is none."""
    if not names:
        return lock_text, []
    lock, broken = parse(lock_text or dump(Lock()))
    if broken:
        return lock_text, []
    unknown = [
        unknown_tombstone(name, sorted(key for key, site in lock.sites.items() if site.removed))
        for name in names
        if name not in lock.sites or not lock.sites[name].removed
    ]
    kept = {key: site for key, site in lock.sites.items() if key not in names or not site.removed}
    return dump(Lock(kept)), unknown


@dataclass(frozen=True, slots=True)
class _Run:
    """One plan on its way to `out/`."""

    workspace: Workspace
    options: Options
    source: bytes
    plan: Plan
    render: Callable[[PlannedSite], Files]


def _compared(run: _Run, outcome: Outcome) -> Outcome:
    """Write (or compare with) `out/`, and work out the changes against the baseline."""
    workspace, options, plan = run.workspace, run.options, run.plan
    lock = dump(plan.lock).encode()
    latest: dict[str, Any] = {}

    def plan_json_for(files: Mapping[str, Mapping[str, str]]) -> str:
        latest.update(plan_document(plan, sha256(run.source), sha256(lock), files))
        return dump_plan(latest)

    sites: Iterable[SiteFiles] = (SiteFiles(planned.key, run.render(planned)) for planned in plan.sites)
    if plan.is_scripted:
        sites = (SiteFiles(SHARED, run.render(plan.sites[0])),)
    baseline: git.Baseline | git.NoBaseline = git.read_baseline(workspace.out, options.against or "HEAD")
    if isinstance(baseline, git.NoBaseline) and baseline.reason is git.Reason.UNKNOWN_REF and options.against:
        return replace(outcome, usage=f"--against: {baseline.message}")
    if isinstance(baseline, git.NoBaseline) and options.against is not None:
        return _failed(run, outcome, out.OutProblem(out.Trouble.REFUSED, baseline.message, ".", baseline.hint))
    if isinstance(baseline, git.Baseline):
        outcome = replace(outcome, diagnostics=(*outcome.diagnostics, *upgrades(plan, baseline.plan)))
    if options.check_only:
        found = out.stale(workspace.out, sites, plan_json_for)
        if isinstance(found, out.OutProblem):
            return _failed(run, outcome, found)
        stale_lock = _stale_lock(workspace, lock)
        outcome = replace(
            outcome,
            diagnostics=(*outcome.diagnostics, *found, *stale_lock),
            is_stale=bool(found) or bool(stale_lock),
        )
    else:
        before = _listing(workspace)
        written = out.write(workspace.out, sites, plan_json_for, lock=(workspace.lock, lock))
        if isinstance(written, out.OutProblem):
            return _failed(run, outcome, written)
        outcome = replace(
            outcome,
            written=written,
            diagnostics=(*outcome.diagnostics, *written.findings),
            is_listed_anew=before != _listing(workspace),
        )
    compared = compare(plan, run.render, latest, baseline, with_diff=options.with_diff)
    return replace(
        outcome, changes=compared.changes, impacts=compared.impacts, baseline=compared.baseline, diff=compared.diff
    )


def _failed(run: _Run, outcome: Outcome, problem: out.OutProblem) -> Outcome:
    """The outcome of a plan that could not be written: a finding, and exit code 3 when the world refused."""
    known = problem.diagnostic
    diagnostic = known or refused(problem.document, problem.message, problem.hint)
    return replace(
        outcome,
        diagnostics=(*outcome.diagnostics, diagnostic),
        plan=None,
        is_refused=known is None,
        is_half_written=problem.trouble is not out.Trouble.BUSY and (run.workspace.out / out.JOURNAL).exists(),
    )


def _listing(workspace: Workspace) -> tuple[object, object]:
    """What stands in plan.json and in the lock."""
    return read_bounded(workspace.out / PLAN_JSON, MAX_BYTES), read_bounded(workspace.lock)


def _stale_lock(workspace: Workspace, lock: bytes) -> tuple[Diagnostic, ...]:
    current = read_bounded(workspace.lock)
    if current == lock:
        return ()
    return (stale_out.stale(LOCK, "federation.lock is not the one this plan would write"),)


def _rendered_documents(
    plan: Plan, diagnostics: Sequence[Diagnostic], render: Callable[[PlannedSite], Files]
) -> Mapping[str, LocatableDocument]:
    """The rendered files that findings point into."""
    wanted = {diagnostic.place.document for diagnostic in diagnostics} - {FEDERATION, LOCK}
    found: dict[str, LocatableDocument] = {}
    for document in sorted(wanted):
        site, name = site_of(document)
        if site in plan.by_key or site == SHARED:
            text = render(plan.by_key.get(site, plan.sites[0])).get(name)
            if text is not None:
                found[document] = LinesDocument.from_text(text)
    return found
