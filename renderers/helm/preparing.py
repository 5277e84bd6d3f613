"""Find out whether a site can be installed with helm, and what that would change. Nothing is written.

(The one exception is a namespace that is missing, as for target kubernetes: nothing can be tried inside one that does
not exist. `withdraw` takes it away again.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from planner.checks.busy_release import busy_release
from planner.checks.foreign_release import foreign_object, foreign_release
from planner.checks.interrupted_release import interrupted_release
from planner.checks.unquoted_secret import unquoted_secret
from planner.checks.unreadable_release import unreadable_release
from planner.diagnostics import Diagnostic
from planner.site_json import Installation
from renderers.cluster import given_secrets, namespaces, patience, prerequisites, quota, record, rights
from renderers.cluster.api import Api
from renderers.cluster.applying import foreign_data
from renderers.cluster.clock import Deadline
from renderers.cluster.cluster_checks import check_cluster
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.given_secrets import Given
from renderers.cluster.helm_releases import HelmRelease, Releases, releases_of
from renderers.cluster.outcomes import Options
from renderers.cluster.placed_secrets import filled
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, fetched, preview
from renderers.cluster.references import Document, Live
from renderers.helm import program
from renderers.helm.differences import Secrecy, changes, desired_of, secret_lines, unowned
from renderers.helm.program import Helm
from renderers.helm.rendering import broken_by, objects_of, places_of
from renderers.helm.site import Part, parts, render_part
from renderers.helm.values import ChartValues, at, leaves

_TELLING: Final = frozenset({"events", "persistentvolumeclaims", "pods/log", "resourcequotas", "limitranges"})
"""Without these something is not told; everything is done all the same."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One installation ready to be written: its values with secrets, its objects, and what they change."""

    part: Part
    values: Mapping[str, Any] = field(repr=False)
    desired: tuple[Desired, ...] = field(repr=False)
    others: tuple[Document, ...] = field(repr=False)
    words: tuple[Document, ...] = field(repr=False)
    changes: tuple[Change, ...] = ()

    @property
    def at(self) -> Installation:
        """Where it is installed, and as what."""
        return self.part.installation

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(each for each in self.changes if each.action is not Action.KEEP)

    def is_due(self, now: HelmRelease | None) -> bool:
        """Whether helm has anything to do: the release, as it is now, is not this very one."""
        if now is None or not now.is_deployed or self.writes:
            return True
        return now.chart_version != self.part.chart.version


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known of a site before anything is written; with an error among the findings it goes no further."""

    api: Api
    context: str
    folder: SiteFolder
    places: Places
    options: Options
    diagnostics: tuple[Diagnostic, ...] = ()
    helm: Helm | None = None
    plans: tuple[Plan, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    before: Releases = field(default_factory=lambda: Releases({}, {}), repr=False)
    last: record.Record | None = None
    made: tuple[str, ...] = ()
    data_of: str = ""
    busy: tuple[Diagnostic, ...] = ()
    limits: tuple[str, ...] = ()
    given: Given = field(default_factory=Given)
    is_whole: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether nothing can be done."""
        return any(each.is_error for each in self.diagnostics)

    def found(self, *diagnostics: Diagnostic) -> Ready:
        """The same with more findings."""
        return replace(self, diagnostics=(*self.diagnostics, *diagnostics))


def make_ready(
    api: Api,
    context: str,
    folder: SiteFolder,
    places: Places,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool,
) -> Ready:
    """Prepare a site. Raises ApiError when its cluster cannot be asked."""
    deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
    ready = Ready(api, context, folder, places, options)
    ready = ready.found(*check_cluster(api, folder, deadline, places))
    if ready.has_errors:
        return ready
    helm = program.find(environ, places.of_site())
    if isinstance(helm, Diagnostic):
        return ready.found(helm)
    ready = _rendered(replace(ready, helm=helm), helm, environ, deadline, is_trial=is_trial)
    if ready.has_errors:
        return ready
    ready = _permitted(ready, deadline)
    return ready if ready.has_errors else _in_namespaces(ready, environ, deadline, is_trial=is_trial)


def _with_given(ready: Ready, environ: Mapping[str, str], deadline: Deadline, *, is_trial: bool) -> Ready:
    """The Secrets of federation.yaml, which are made before the releases; in a trial a missing value is no error."""
    given = given_secrets.look(ready.api, ready.folder, environ, deadline, ready.places)
    ready = ready.found(*(() if is_trial else given.diagnostics))
    limits = (*ready.limits, *(() if is_trial else given.notes))
    return replace(ready, given=given, secrets=(*ready.secrets, *given.values), limits=limits)


def _in_namespaces(ready: Ready, environ: Mapping[str, str], deadline: Deadline, *, is_trial: bool) -> Ready:
    """The rest of preparing, with the site's namespaces there, as far as they may be made."""
    spaces = namespaces.check_namespaces(ready.api, ready.folder, deadline, ready.places)
    ready = ready.found(*spaces.diagnostics)
    if ready.has_errors:
        return ready
    if not spaces.missing or is_trial:
        return _compared(_with_given(ready, environ, deadline, is_trial=is_trial), spaces.missing, deadline)
    made = replace(ready, made=namespaces.create(ready.api, ready.folder, spaces.missing, deadline))
    try:
        return _compared(_with_given(made, environ, deadline, is_trial=is_trial), (), deadline)
    except BaseException:  # Ctrl-C too: what was made for a trial that has not ended is not left behind
        withdraw(made)
        raise


def withdraw(ready: Ready) -> None:
    """Take away the namespaces that were made for the trial."""
    # A chart may have Secrets, and Kubernetes puts some into every namespace: those are nobody's contents.
    objects = tuple(each for each in ready.folder.objects if each.reference.kind != "Secret")
    folder = replace(ready.folder, objects=objects)
    namespaces.remove(ready.api, folder, ready.made, Deadline(patience.PREPARE_SECONDS, ready.api.clock))


# ---------------------------------------------------------------------------------------------------------------------
# What would be installed


def _rendered(ready: Ready, helm: Helm, environ: Mapping[str, str], deadline: Deadline, *, is_trial: bool) -> Ready:
    """The objects of every installation, with the values of secrets; in a trial a value that is missing is no error."""
    api, places, place = ready.api, ready.places, ready.places.of_site()
    wanted = ready.folder.chosen(ready.options.only)
    source = ready.options.charts or ready.folder.charts or ""
    made, found = parts(helm, ready.folder.files, wanted, source, Path.cwd(), deadline, place)
    ready = ready.found(*found)
    version = ".".join(map(str, api.version(deadline)))
    plans: list[Plan] = []
    secrets: dict[str, None] = {}
    for part in made:
        values = filled(part.data, api, environ, deadline, places, are_proved=True)
        ready = ready.found(*(() if is_trial else values.diagnostics))
        if values.diagnostics and not is_trial:
            continue
        secrets.update(dict.fromkeys(value for value in values.values if value))
        data = part.data if values.diagnostics else values.data
        plan = _plan(ready, helm, part, data, version, deadline)
        if isinstance(plan, Diagnostic):
            ready = ready.found(plan)
        else:
            plans.append(plan)
    objects = tuple(each for plan in plans for each in plan.desired)
    folder = replace(ready.folder, objects=objects)
    return replace(
        ready, folder=folder, places=replace(places, folder=folder), plans=tuple(plans), secrets=tuple(secrets)
    )


def _plan(
    ready: Ready, helm: Helm, part: Part, data: Mapping[str, Any], version: str, deadline: Deadline
) -> Plan | Diagnostic:
    """One installation rendered twice: with words and with values, which must make the same objects."""
    place = ready.places.of_site()
    planned = render_part(helm, part, None, deadline, place, kubernetes=version)
    if isinstance(planned, Diagnostic):
        return planned
    real = planned
    if part.values.words:
        told = render_part(helm, part, data, deadline, place, kubernetes=version)
        where = told if isinstance(told, Diagnostic) else broken_by(planned.objects, told.objects)
        if isinstance(told, Diagnostic) or where:
            keys = " or ".join(".".join(map(str, path)) for path in part.values.words.values())
            return unquoted_secret(place, f"{part.chart.name} {part.chart.version}", keys)
        real = told
    desired, others = desired_of(part.installation, real.objects)
    return Plan(part, part.values.filled(data), desired, tuple(others), planned.objects)


# ---------------------------------------------------------------------------------------------------------------------
# What is there


def _compared(ready: Ready, absent: Sequence[str], deadline: Deadline) -> Ready:
    """The changes, and what the cluster says to them."""
    api, folder, places, options = ready.api, ready.folder, ready.places, ready.options
    records = record.history(api, folder, deadline)
    before = releases_of(api, folder.chosen(options.only), deadline)
    ready = replace(ready, last=next(iter(records), None), before=before)
    ready = ready.found(*_in_the_way(ready))
    ready = ready.found(*prerequisites.missing_prerequisites(api, folder, deadline, places))
    was = {plan.at: objects_before(plan.at, before) for plan in ready.plans}
    old = [each for known, _ in was.values() for each in known]
    live = fetched(api, _each_once((*folder.objects, *old)), deadline)
    ready = ready.found(*_unowned(ready, was, live))
    secrecy = secrecy_of(ready.plans, before, ready.secrets)
    plans = tuple(
        replace(plan, changes=tuple(changes(plan.desired, plan.others, *was[plan.at], live, secrecy)))
        for plan in ready.plans
    )
    ready = replace(ready, plans=plans, busy=tuple(_busy(ready)), is_whole=True)
    written = {change.reference.key for plan in plans for change in plan.writes}
    trial = [each for each in folder.objects if each.reference.key in written]
    tried = preview(api, folder, trial, live, deadline, places, force=True, only=options.only, absent=absent)
    ready = ready.found(*tried.diagnostics)
    if not tried.diagnostics:
        ready = ready.found(*quota.exceeded(api, folder, live, deadline, places))
    return replace(ready, data_of=foreign_data(ready.api, ready.folder, ready.last, deadline))


def objects_before(installation: Installation, releases: Releases) -> tuple[tuple[Desired, ...], list[Document]]:
    """The objects of the release as it is deployed; none where there is none."""
    release = releases.deployed(installation)
    found = objects_of(release.manifest) if release is not None else ()
    return desired_of(installation, () if isinstance(found, str) else found)


def secrecy_of(plans: Sequence[Plan], before: Releases, secrets: Sequence[str]) -> Secrecy:
    """What must not be told of these installations: the values of now, and those of the release before."""
    lines: dict[tuple[str, str, str], tuple[str, ...]] = {}
    values = dict.fromkeys(secrets)
    for plan in plans:
        words = tuple(plan.part.values.words)
        lines.update(secret_lines(tuple(places_of(plan.words, words)), words))
        release = before.deployed(plan.at)
        if release is not None:
            values.update(dict.fromkeys(_old_values(plan.part.values, release.values)))
    return Secrecy(tuple(value for value in values if value), lines)


def _old_values(values: ChartValues, old: Mapping[str, Any]) -> Iterator[str]:
    """What a release has where the new one has secrets."""
    for path, text in leaves(values.tree):
        if isinstance(text, str) and any(word in text for word in values.words):
            try:
                found = at(old, path)
            except (KeyError, IndexError, TypeError):
                continue
            if isinstance(found, str | int):
                yield str(found)


def _in_the_way(ready: Ready) -> Iterator[Diagnostic]:
    """Releases that are other ones than planned, cannot be read, or that a helm has left half written."""
    place = ready.places.of_site()
    for plan in ready.plans:
        unseen = ready.before.why_unseen(plan.at)
        if unseen:
            yield unreadable_release(place, plan.at.name, unseen)
        latest = ready.before.latest(plan.at)
        if latest is None:
            continue
        if latest.problem:
            yield unreadable_release(place, plan.at.name, latest.problem)
        elif latest.chart != plan.at.chart:
            chart = f"{latest.chart} {latest.chart_version}"
            yield foreign_release(place, plan.at.namespace, plan.at.name, chart)
        elif latest.is_pending and _is_ours(ready):
            yield interrupted_release(place, plan.at.name, latest.revision, latest.status)


def _busy(ready: Ready) -> Iterator[Diagnostic]:
    """Releases that somebody else's helm works on, or was killed over."""
    for plan in ready.plans:
        latest = ready.before.latest(plan.at)
        if latest is not None and latest.is_pending and not _is_ours(ready):
            yield busy_release(ready.places.of_site(), plan.at.name, latest.revision, latest.status)


def _is_ours(ready: Ready) -> bool:
    """Whether an apply of fedplan is what did not end."""
    return ready.last is not None and ready.last.state == "applying"


def _unowned(
    ready: Ready, was: Mapping[Installation, tuple[tuple[Desired, ...], list[Document]]], live: Live
) -> Iterator[Diagnostic]:
    for plan in ready.plans:
        for reference in unowned(plan.desired, was[plan.at][0], live, plan.at.name):
            what = f"{reference.kind} {reference.namespace}/{reference.name}"
            yield foreign_object(ready.places.of_object(reference), what, plan.at.name)


def _permitted(ready: Ready, deadline: Deadline) -> Ready:
    """What the operator may not do as findings, and what can be done without as notes."""
    api, folder = ready.api, ready.folder
    allowed = rights.examine_rights(api, folder, "apply", deadline)
    telling = tuple(each for each in allowed.restricting if each.resource in _TELLING)
    stuck = "pods that keep a StatefulSet waiting stay (no right to delete pods in namespace {})"
    spaces = dict.fromkeys(each.namespace for each in folder.chosen(ready.options.only))
    limits = [stuck.format(each) for each in spaces if not api.may("delete", "", "pods", each, deadline)]
    limits += replace(allowed, restricting=telling).restrictions
    ready = ready.found(*rights.judge_rights(api.user, folder, allowed, ready.places))
    return replace(ready, limits=tuple(limits))


def _each_once(desired: Sequence[Desired]) -> list[Desired]:
    return list({each.reference.key: each for each in desired}.values())
