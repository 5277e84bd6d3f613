"""What the operator must be allowed to do with a site's objects, and what of it the cluster does not allow.

The rights follow from what the folder holds and from what apply, status, remove and verify do: no more is asked for.
The cluster is asked for each by a SelfSubjectAccessReview, which holds for every kind of authorization, not for RBAC
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from planner.checks.missing_right import missing_right
from planner.diagnostics import Diagnostic
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.lease import lease_of
from renderers.cluster.places import Places
from renderers.cluster.preview import WRITTEN
from renderers.cluster.references import PLURALS, WORKLOADS
from renderers.cluster.secret_places import SecretKey, referenced_secrets
from renderers.cluster.side_by_side import side_by_side

Purpose = Literal["apply", "status", "remove", "verify"]
PURPOSES: Final[tuple[Purpose, ...]] = ("apply", "status", "remove", "verify")

PRUNED: Final = (
    ("policy", "PodDisruptionBudget"),
    *((version.rpartition("/")[0], kind) for version, kind in WRITTEN),
)
"""Group and kind of what is looked through for objects that the plan has no more (see `preview`)."""
CHARTED: Final = (
    ("", "ConfigMap"),
    ("", "PersistentVolumeClaim"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("networking.k8s.io", "Ingress"),
)
"""Group and kind of what KubeFATE's charts make (helm-direct.md section 4). Helm's own records are Secrets."""
_WATCHED_BY_HELM: Final = (("", "Pod"), ("apps", "ReplicaSet"))
"""Group and kind of what Helm looks at while it waits."""
_DATA: Final = frozenset({"PersistentVolumeClaim", "Secret"})
_NO_SECRETS: Final = "whether Secrets are there, have their keys and hold certificates that fit is not known"
_SPARK_MASTER: Final = "spark-master"
_ENDING: Final = "whether namespace {namespace} is being deleted is not known"
_AT_ONCE: Final = 8
"""Questions that are asked side by side: each takes a round trip, and there are a hundred."""


class Right(NamedTuple):
    """One verb on one resource; `namespace` is empty for the whole cluster, `name` for every object of it.

    `without` says as a clause what cannot be done while the right is missing. Where it is empty, nothing can.
    """

    verb: str
    group: str
    resource: str
    namespace: str
    name: str = ""
    without: str = ""

    @property
    def is_optional(self) -> bool:
        """Whether the purpose is reached without it, if not quite so well."""
        return bool(self.without)

    @property
    def word(self) -> str:
        """The resource as messages name it: `statefulsets.apps`, `secrets mysql`."""
        found = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{found} {self.name}" if self.name else found


@dataclass(frozen=True, slots=True)
class Rights:
    """What the cluster does not allow: the rights that a purpose cannot do without, and the others."""

    missing: tuple[Right, ...]
    restricting: tuple[Right, ...]

    @property
    def restrictions(self) -> tuple[str, ...]:
        """What cannot be done, each once, as sentences for a note."""
        return tuple(dict.fromkeys(f"{right.without} (no right to {_told(right)})" for right in self.restricting))


def needed(folder: SiteFolder, purpose: Purpose, *, delete_data: bool = False) -> tuple[Right, ...]:
    """The least that suffices for a purpose; each right once, also when it is needed twice.

    With `delete_data` the rights to delete claims and Secrets are among those that nothing is done without.
    """
    makers = {"apply": _for_apply, "status": _for_status, "remove": _for_remove, "verify": _for_verify}
    rights = _each_once(makers[purpose](folder))
    return tuple(right._replace(without="") if delete_data and _is_about_data(right) else right for right in rights)


def needed_for_all(folder: SiteFolder) -> tuple[Right, ...]:
    """The least that suffices for everything that is done with a site."""
    return _each_once(right for purpose in PURPOSES for right in needed(folder, purpose))


def examine_rights(
    api: Api, folder: SiteFolder, purpose: Purpose, deadline: Deadline, *, delete_data: bool = False
) -> Rights:
    """Ask the cluster what the operator may not do."""
    wanted = needed(folder, purpose, delete_data=delete_data)
    free = {each for each in {right.namespace for right in wanted} if api.may("*", "*", "*", each, deadline)}
    asked = [right for right in wanted if right.namespace not in free]
    answers = side_by_side(lambda right: _may(api, right, deadline), asked, _AT_ONCE)
    lacking = [right for right, allowed in zip(asked, answers, strict=True) if not allowed]
    return Rights(
        tuple(right for right in lacking if not right.is_optional),
        tuple(right for right in lacking if right.is_optional),
    )


def missing_rights(
    api: Api, folder: SiteFolder, purpose: Purpose, deadline: Deadline, places: Places, *, delete_data: bool = False
) -> Sequence[Diagnostic]:
    """A finding for the rights without which a purpose cannot be reached."""
    found = examine_rights(api, folder, purpose, deadline, delete_data=delete_data)
    return tuple(judge_rights(api.user, folder, found, places))


def judge_rights(user: str, folder: SiteFolder, rights: Rights, places: Places) -> Iterator[Diagnostic]:
    """One finding for all resources of a namespace that lack the same verbs."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for right in rights.missing:
        verbs.setdefault((right.namespace, right.word), []).append(right.verb)
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (namespace, word), found in verbs.items():
        resources.setdefault((namespace, tuple(found)), []).append(word)
    for (namespace, lacking), words in resources.items():
        what = _listed(words, "and")
        yield missing_right(places.of_site(), user, _listed(lacking, "or"), what, namespace, folder.cluster, folder.key)


def _may(api: Api, right: Right, deadline: Deadline) -> bool:
    return api.may(right.verb, right.group, right.resource, right.namespace, deadline, name=right.name)


def _told(right: Right) -> str:
    where = f" in namespace {right.namespace}" if right.namespace else ""
    return f"{right.verb} {right.word}{where}"


def _listed(words: Sequence[str], conjunction: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def _each_once(rights: Iterable[Right]) -> tuple[Right, ...]:
    """Each right once; one that is optional for one thing and needed for another is needed."""
    found: dict[Right, Right] = {}
    for right in rights:
        key = right._replace(without="")
        if key not in found or not right.is_optional:
            found[key] = right
    return tuple(found.values())


# ---------------------------------------------------------------------------------------------------------------------
# The purposes


def _for_apply(folder: SiteFolder) -> Iterator[Right]:
    for namespace in dict.fromkeys(each.namespace for each in folder.given):
        yield from _on("", "Secret", namespace, "get", "create", "patch")
    if folder.installations:
        yield from _for_charts(folder)
        return
    for namespace in _namespaces(folder):
        for group, kind in _written(folder, namespace):
            yield from _on(group, kind, namespace, "get", "create", "patch")
        for group, kind in PRUNED:
            yield from _on(group, kind, namespace, "list", "delete")
        yield from _on("", "Secret", namespace, "get", "list")
        yield from _on("", "PersistentVolumeClaim", namespace, "get", "list")
        yield from _on_data(namespace, "claims and Secrets of removed components cannot be deleted (--delete-data)")
        yield from _watching(namespace)
        yield from _counting(namespace)
        if folder.hot_tables:
            without = "changed route tables cannot be confirmed in the running pods"
            yield Right("get", "", "pods/exec", namespace, without=without)
            yield Right("create", "", "pods/exec", namespace, without=without)
    yield from _recording(folder)
    yield from _elsewhere(folder)
    yield from _in_the_cluster(folder)


def _for_charts(folder: SiteFolder) -> Iterator[Right]:
    """What installs charts: Helm needs all of it, KubeFATE's service has rights of its own and is only looked after."""
    for namespace in _namespaces(folder):
        if folder.target == "helm":
            for group, kind in CHARTED:
                yield from _on(group, kind, namespace, "get", "list", "watch", "create", "update", "patch", "delete")
            for group, kind in _WATCHED_BY_HELM:
                yield from _on(group, kind, namespace, "get", "list", "watch")
        yield from _looking_at_charts(namespace)
        for kind in WORKLOADS:
            yield from _on("apps", kind, namespace, "patch", without="pods that run on what they read once stay so")
        yield from _watching(namespace)
        yield from _counting(namespace)
    yield from _recording(folder)
    yield from _elsewhere(folder)
    yield from _in_the_cluster(folder)


def _looking_at_charts(namespace: str) -> Iterator[Right]:
    """What tells which release runs, and what of it."""
    for group, kind in CHARTED:
        yield from _on(group, kind, namespace, "get", "list", without="what the charts have made is not looked at")
    yield from _on("", "Pod", namespace, "list")
    for kind in WORKLOADS:
        yield from _on("apps", kind, namespace, "list")


def _for_status(folder: SiteFolder) -> Iterator[Right]:
    if folder.installations:
        for namespace in _namespaces(folder):
            yield from _looking_at_charts(namespace)
            yield from _explaining(namespace)
        yield from _on("", "ConfigMap", folder.home, "get", "list")
        return
    for namespace in _namespaces(folder):
        for kind in WORKLOADS:
            yield from _on("apps", kind, namespace, "list")
        yield from _on("", "Pod", namespace, "list")
        yield from _explaining(namespace)
        for group, kind in _written(folder, namespace):
            without = f"what somebody has changed of {PLURALS[kind]} is not found"
            yield from _on(group, kind, namespace, "get", without=without)
            if kind != "Secret":
                yield from _on(group, kind, namespace, "patch", without=without)
    yield from _on("", "ConfigMap", folder.home, "get", "list")


def _for_remove(folder: SiteFolder) -> Iterator[Right]:
    for namespace in _namespaces(folder):
        for group, kind in PRUNED if not folder.installations else CHARTED if folder.target == "helm" else ():
            yield from _on(group, kind, namespace, "list", "delete")
        yield from _on("", "Secret", namespace, "list")
        yield from _on("", "PersistentVolumeClaim", namespace, "list")
        yield from _on_data(namespace, "claims and Secrets cannot be deleted (--delete-data)")
        yield from _on("", "Pod", namespace, "list")
    yield from _recording(folder)
    lease = lease_of(folder)
    yield Right("delete", lease.group, lease.resource, lease.namespace, lease.name)


def _for_verify(folder: SiteFolder) -> Iterator[Right]:
    """What `verify --live` asks: it looks at what the site has, and runs commands in its pods."""
    for namespace in _namespaces(folder):
        if folder.installations:
            yield from _looking_at_charts(namespace)
        for kind in WORKLOADS:
            yield from _on("apps", kind, namespace, "list")
        yield from _on("", "ConfigMap", namespace, "get")
        yield from _on("", "Pod", namespace, "get")
        yield from _watching(namespace)
        yield Right("get", "", "pods/exec", namespace)
        # A command is sent by GET; servers of today ask for this right as well (kubernetes#134577).
        without = "commands cannot be run in pods of Kubernetes 1.35 and later"
        yield Right("create", "", "pods/exec", namespace, without=without)
        yield from _on("", "Secret", namespace, "get", without=_NO_SECRETS)
        if any((each.kind, each.namespace) == ("PersistentVolumeClaim", namespace) for each in folder.prerequisites):
            yield from _on(
                "", "PersistentVolumeClaim", namespace, "get", without="whether claims are there is not known"
            )
        if any(each.reference.key == ("", "Service", namespace, _SPARK_MASTER) for each in folder.objects):
            without = "whether the Service of the Spark master has an address is not known"
            yield from _on("", "Service", namespace, "get", without=without)
        yield Right("get", "", "namespaces", namespace, namespace, _ENDING.format(namespace=namespace))
    for right in _elsewhere(folder):
        yield right._replace(without=_NO_SECRETS)
    yield Right("list", "", "nodes", "", without="whether a node carries the labels that pods ask for is not known")
    yield from _classes(folder)


def _on(group: str, kind: str, namespace: str, *verbs: str, without: str = "") -> Iterator[Right]:
    for verb in verbs:
        yield Right(verb, group, PLURALS[kind], namespace, without=without)


def _is_about_data(right: Right) -> bool:
    return right.verb == "delete" and right.resource in {PLURALS[kind] for kind in _DATA}


def _on_data(namespace: str, without: str) -> Iterator[Right]:
    for kind in sorted(_DATA):
        yield from _on("", kind, namespace, "delete", without=without)


def _watching(namespace: str) -> Iterator[Right]:
    """What tells how a roll-out goes."""
    yield from _on("", "Pod", namespace, "list")
    yield from _explaining(namespace)
    yield Right("get", "", "pods/log", namespace, without="the last lines of a failed pod's log are not shown")


def _explaining(namespace: str) -> Iterator[Right]:
    """What tells why pods do not come up."""
    for kind in ("Event", "PersistentVolumeClaim"):
        yield from _on("", kind, namespace, "list", without="why pods wait or are not made is not told in full")


def _counting(namespace: str) -> Iterator[Right]:
    """What tells whether there is room for the pods."""
    without = "it is not known beforehand whether the namespace's quota has room"
    yield from _on("", "ResourceQuota", namespace, "list", without=without)
    yield from _on("", "LimitRange", namespace, "list", without=without)
    yield Right("get", "", "namespaces", namespace, namespace, _ENDING.format(namespace=namespace))


def _recording(folder: SiteFolder) -> Iterator[Right]:
    """The site's record and its Lease."""
    yield from _on("", "ConfigMap", folder.home, "get", "list", "create", "patch", "delete")
    lease = lease_of(folder)
    yield Right("create", lease.group, lease.resource, lease.namespace)
    for verb in ("get", "update", "patch"):
        yield Right(verb, lease.group, lease.resource, lease.namespace, lease.name)


def _elsewhere(folder: SiteFolder) -> Iterator[Right]:
    """Secrets of other namespaces that passwords are taken from."""
    ours = set(_namespaces(folder))
    keys = [each for desired in folder.secrets for each in referenced_secrets(desired.document)]
    keys += [SecretKey(each.namespace, each.name, "") for each in folder.prerequisites if each.kind == "Secret"]
    for key in keys:
        if key.namespace not in ours:
            yield Right("get", "", "secrets", key.namespace, key.name)


def _in_the_cluster(folder: SiteFolder) -> Iterator[Right]:
    """What no Role of a namespace can give."""
    yield Right("create", "", "namespaces", "", without="a namespace that is missing cannot be made")
    yield Right("list", "", "services", "", without="who holds a NodePort in another namespace is not told")
    yield from _classes(folder)


def _classes(folder: SiteFolder) -> Iterator[Right]:
    """The storage classes that must be there."""
    for each in folder.prerequisites:
        if each.kind == "StorageClass":
            without = f"it is not known beforehand whether there is a StorageClass {each.name}"
            yield Right("get", "storage.k8s.io", "storageclasses", "", each.name, without)


def _namespaces(folder: SiteFolder) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folder.namespaces.values()))


def _written(folder: SiteFolder, namespace: str) -> tuple[tuple[str, str], ...]:
    """Group and kind of what the folder has for a namespace, in its order."""

    def kinds(all_desired: Iterable[Desired]) -> Iterator[tuple[str, str]]:
        for desired in all_desired:
            if desired.reference.namespace == namespace:
                yield desired.reference.group, desired.reference.kind

    return tuple(dict.fromkeys(kinds((*folder.objects, *folder.secrets))))
