"""Pods that run with something else than what is in the cluster: they have read it at their start, and it has changed.

No chart of KubeFATE marks its pods with their configuration, so Helm restarts nothing when only a ConfigMap changes
(helm-direct.md section 7). When something changed is known from managedFields and from the revisions that Helm keeps,
and what of it from the revision that was live when a pod began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from planner.wording import spoken
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.chart_objects import config_data
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import HelmRelease
from renderers.cluster.pod_files import Reread, Use, read_again, uses_of
from renderers.cluster.references import WORKLOADS, Document, Reference, reference
from renderers.cluster.tables import removed_entries

MARK: Final = "fedplan/restarted-for"
"""Annotation of pods that were started again: of which state of their files and variables that was."""


_HELM: Final = timedelta(minutes=10)
"""Within so long Helm has written the ConfigMaps of a revision that it has begun with."""
_KUBELET: Final = timedelta(seconds=120)
"""Within so long the kubelet has brought a change into a pod that runs."""
_MARK_LENGTH: Final = 16
_TELLS: Final = (1, 25)
"""From here on managedFields has the time at which a value changed; before only when a field came or went.

Source: kubernetes/kubernetes#95240 (1.20) and #110058 (1.25).
"""


@dataclass(frozen=True, slots=True)
class Stale:
    """A workload with pods that run with an earlier state of something: which pods, and of what (in words).

    `mark` stands for the state that they should have.
    """

    workload: Reference
    pods: tuple[str, ...]
    reasons: tuple[str, ...]
    mark: str

    @property
    def what(self) -> str:
        """`Deployment fate-9999/rollsite`, as findings name it."""
        return f"{self.workload.kind} {self.workload.namespace}/{self.workload.name}"


@dataclass(frozen=True, slots=True)
class Look:
    """The stale workloads, and of what could not be known whether pods have it."""

    stale: tuple[Stale, ...]
    notes: tuple[str, ...]


def find(api: Api, running: SiteFolder, revisions: Sequence[HelmRelease], deadline: Deadline) -> Look:
    """Look for stale pods among those of the folder's workloads; `revisions` are those of the site's releases."""
    sources = _Sources(api, deadline, api.version(deadline) >= _TELLS)
    history = _History(revisions)
    found: list[Stale] = []
    for each in running.objects:
        if each.reference.kind not in WORKLOADS:
            continue
        live = api.get(each.reference, deadline)
        if live is None:
            continue
        pods = pods_of(api, live, deadline)
        stale = _judged(live, pods, sources, history)
        if stale is not None:
            found.append(stale)
    return Look(tuple(found), tuple(sources.notes))


def pods_of(api: Api, workload: Document, deadline: Deadline) -> list[Document]:
    """The pods that a workload's selector finds, without those that end."""
    labels = workload.get("spec", {}).get("selector", {}).get("matchLabels") or {}
    if not labels:
        return []
    query = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    listed = api.list("v1", "Pod", workload["metadata"]["namespace"], deadline, labels=query)
    return [pod for pod in listed if not pod["metadata"].get("deletionTimestamp")]


def restart(api: Api, stale: Stale, deadline: Deadline) -> None:
    """Let the pods of a workload be made anew. Raises RefusedError without the right to patch it."""
    template = {"metadata": {"annotations": {MARK: stale.mark}}}
    api.merge({"spec": {"template": template}}, stale.workload, deadline)


def restart_command(api: Api, workload: Reference) -> str:
    """The command with which somebody who may does the same."""
    context = f"--context {api.context} " if api.context else ""
    kind = workload.kind.lower()
    return f"kubectl {context}-n {workload.namespace} rollout restart {kind}/{workload.name}"


# ---------------------------------------------------------------------------------------------------------------------
# What has changed


@dataclass(frozen=True, slots=True)
class _Source:
    """A ConfigMap or Secret as it is: when its data changed last (None: not told), and what stands for them.

    `version` is its resourceVersion as a number, `texts` are those of a ConfigMap; of a Secret nothing is kept.
    """

    changed: datetime | None
    version: int
    mark: str
    texts: Mapping[str, str] | None


@dataclass(slots=True)
class _Sources:
    """What pods use, read once each. `tells` says whether the server tells of every change when it was."""

    api: Api
    deadline: Deadline
    tells: bool
    notes: dict[str, None] = field(default_factory=dict)
    _read: dict[Reference, _Source | None] = field(default_factory=dict)

    def get(self, wanted: Reference) -> _Source | None:
        """None for what is not there, or may not be looked at."""
        if wanted not in self._read:
            self._read[wanted] = self._look(wanted)
        return self._read[wanted]

    def _look(self, wanted: Reference) -> _Source | None:
        what = f"whether pods have read {wanted} of {wanted.namespace} is not known"
        try:
            document = self.api.get(wanted, self.deadline)
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
            self.notes[f"{what}: no right to get it"] = None
            return None
        if document is None:
            return None
        changed, version = _changed_at(document), _version(document)
        if changed is None:
            self.notes[f"{what}: the server does not tell when it changed"] = None
        if wanted.kind == "Secret":
            return _Source(changed, version, str(version), None)
        texts = {**(document.get("data") or {}), **(document.get("binaryData") or {})}
        return _Source(changed, version, json.dumps(texts, sort_keys=True), texts)


def _version(document: Document) -> int:
    """The number of the change that made an object what it is; 0 where the server does not count."""
    text = str(document["metadata"].get("resourceVersion", ""))
    return int(text) if text.isascii() and text.isdecimal() else 0


def _changed_at(document: Document) -> datetime | None:
    """When the data of an object were changed last, by the server's clock; None where it does not tell."""
    times = [
        _moment(entry.get("time"))
        for entry in document["metadata"].get("managedFields") or ()
        if {"f:data", "f:binaryData", "f:stringData"} & (entry.get("fieldsV1") or {}).keys()
    ]
    return max((time for time in times if time is not None), default=None)


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@dataclass(slots=True)
class _History:
    """What the ConfigMaps of a site were at other times, by the revisions that Helm keeps; each is read once."""

    revisions: Sequence[HelmRelease]
    _data: dict[int, Mapping[tuple[str, str], Mapping[str, str]]] = field(default_factory=dict)

    def live_at(self, named: Reference, moment: datetime) -> Sequence[Mapping[str, str]]:
        """What the data of a ConfigMap may have been at a moment; nothing where Helm has forgotten it.

        Helm writes a revision down first and its objects after that, so for a while it may be the one before.
        """
        found = [(at, data) for at, data in self._by_time(named) if at <= moment]
        sure = [data for at, data in found if at <= moment - _HELM]
        return (*(data for at, data in found if at > moment - _HELM), *sure[-1:])

    def written_since(
        self, named: Reference, made: datetime, begun: datetime
    ) -> tuple[datetime, frozenset[str]] | None:
        """When Helm has begun to write a ConfigMap again after a container was started, and the keys that it changed.

        None where it has not, or its history does not go back so far.
        """
        by_time = self._by_time(named)
        later = [(at, data) for at, data in by_time if made < at and begun < at + _KUBELET]
        earlier = [data for at, data in by_time if (at, data) not in later]
        if not later or not earlier:
            return None
        before, (at, now) = earlier[-1], later[-1]
        return at, frozenset(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))

    def _by_time(self, named: Reference) -> Sequence[tuple[datetime, Mapping[str, str]]]:
        """The data of a ConfigMap by when Helm began with the revision that has them."""
        key = named.namespace, named.name
        told = [(_moment(each.recorded), index) for index, each in enumerate(self.revisions)]
        found = [(at, index) for at, index in told if at is not None]
        return [(at, self._read(index)[key]) for at, index in sorted(found) if key in self._read(index)]

    def _read(self, index: int) -> Mapping[tuple[str, str], Mapping[str, str]]:
        if index not in self._data:
            self._data[index] = config_data(self.revisions[index])
        return self._data[index]


# ---------------------------------------------------------------------------------------------------------------------
# Who has not read it


def _judged(workload: Document, pods: Sequence[Document], sources: _Sources, history: _History) -> Stale | None:
    """A workload's stale pods; None where it has none."""
    uses = uses_of(workload)
    mark = _mark_of(uses, sources.get)
    reasons: dict[str, None] = {}
    stale: list[str] = []
    for pod in pods:
        if (pod["metadata"].get("annotations") or {}).get(MARK) == mark:
            continue
        found = [reason for use in uses if (reason := _unread(pod, use, sources, history))]
        if found:
            stale.append(pod["metadata"]["name"])
            reasons |= dict.fromkeys(found)
    return Stale(reference(workload), tuple(stale), tuple(reasons), mark) if stale else None


def _mark_of(uses: Iterable[Use], get: Callable[[Reference], _Source | None]) -> str:
    """Stands for all that a workload's pods use. Of Secrets only the versions are in it: a digest would tell them."""
    used = {use.source: get(use.source) for use in uses}
    told = sorted(f"{source.kind}/{source.name}={state.mark}" for source, state in used.items() if state is not None)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:_MARK_LENGTH]


def _unread(pod: Document, use: Use, sources: _Sources, history: _History) -> str:
    """What a container has read at its start and is another one now, in words; empty where it has all."""
    source, again, begun = sources.get(use.source), read_again(use), _begun(pod, use.container)
    if source is None or begun is None:
        return ""
    made = _moment(pod["metadata"].get("creationTimestamp")) or begun
    is_late = _is_late(pod, source, made, begun, tells=sources.tells)
    since = None if sources.tells or source.texts is None else history.written_since(use.source, made, begun)
    if not is_late and since is None:
        return ""
    then = () if source.texts is None else history.live_at(use.source, begun)
    when = _when(source, since if not is_late else None)
    if source.texts is None or not then:
        is_all_read = again is not None and _keys(use, source) <= {again.key}
        return "" if is_all_read or not is_late else f"data of {use.source} changed{when}"
    changed = frozenset(_changed_keys(source.texts, then, again)) & (_keys(use, source) | _gone(use, then))
    changed = changed if is_late or since is None else changed & since[1]
    return f"{', '.join(map(spoken, sorted(changed)))} of {use.source} changed{when}" if changed else ""


def _is_late(pod: Document, source: _Source, made: datetime, begun: datetime, *, tells: bool) -> bool:
    """Whether an object has changed after a container was started.

    A pod that was made after the change has it, whatever the clock of its node says. A container that was started
    again in an older pod may still have found the old files for as long as the kubelet takes. A server that does not
    tell of every change still counts them, and a pod that runs hardly changes any more.
    """
    if source.changed is not None and made < source.changed and begun < source.changed + _KUBELET:
        return True
    return not tells and source.version > _version(pod) > 0


def _when(source: _Source, since: tuple[datetime, frozenset[str]] | None) -> str:
    """` on 2026-03-01 at 12:04:07 UTC`; the latest that is told of."""
    told = [time for time in (source.changed, since[0] if since is not None else None) if time is not None]
    return f" on {_spoken(max(told))}" if told else ""


def _keys(use: Use, source: _Source) -> frozenset[str]:
    """The keys that a container has."""
    return use.keys if use.keys is not None else frozenset(source.texts or {})


def _gone(use: Use, then: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """The keys that it had at its start, where it has all there are."""
    return frozenset(key for each in then for key in each) if use.keys is None else frozenset()


def _changed_keys(now: Mapping[str, str], then: Sequence[Mapping[str, str]], again: Reread | None) -> Iterator[str]:
    """The keys whose texts are others than a container has read; not those that it reads again."""
    for each in then:
        for key in now.keys() | each.keys():
            before, after = each.get(key, ""), now.get(key, "")
            if before != after and (again is None or key != again.key or _is_kept(before, after, again)):
                yield key


def _is_kept(before: str, after: str, again: Reread) -> bool:
    """Whether a reader still has something of a table that is gone from it."""
    return not again.forgets and bool(removed_entries(before, after))


def _spoken(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d at %H:%M:%S UTC")


def _begun(pod: Document, container: str) -> datetime | None:
    """When a container of a pod was started last; None where it has not been."""
    status = pod.get("status", {})
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        if each.get("name") == container:
            state = each.get("state") or {}
            told = (state.get("running") or state.get("terminated") or {}).get("startedAt")
            return _moment(told) or (_moment(status.get("startTime")) if told else None)
    return None
