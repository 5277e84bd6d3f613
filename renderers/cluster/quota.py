"""Whether the namespaces' quotas have room for the site, and whether their LimitRanges take its pods.

A dry run does not tell: it tries each object by itself, and pods are made later, by controllers whose pods are then
refused one by one. So the sums are made here, from the figures that the cluster keeps. What of the site runs already is
not counted twice; the few pods that a rolling update has too many for a while are not counted at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from planner.checks.object_refused import object_refused
from planner.checks.quota_exceeded import quota_exceeded
from planner.diagnostics import Diagnostic
from planner.wording import some
from renderers.cluster import demand
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.demand import Amounts, Container, Pod
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.labels import of_site
from renderers.cluster.places import Places
from renderers.cluster.references import Document
from renderers.cluster.visible import visible
from renderers.quantities import quantity, spelled

_MOST_NAMED: Final = 3
_NONE: Final = Decimal(0)
_SAID: Final = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "cpu", "memory")
"""What every container must say as soon as a quota counts it (quota admission refuses the pod otherwise)."""
_DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
_RECORD: Final[Amounts] = {"configmaps": Decimal(1), "count/configmaps": Decimal(1)}
"""Each apply writes down a revision."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a namespace allows, and what of the site is in it: its pods, and the names of the claims."""

    quotas: Sequence[Document]
    limits: Sequence[Document]
    pods: Sequence[Document] = ()
    claims: frozenset[str] = frozenset()
    default_class: str | None = None


def exceeded(
    api: Api,
    folder: SiteFolder,
    live: Mapping[tuple[str, str, str, str], Document],
    deadline: Deadline,
    places: Places,
) -> Sequence[Diagnostic]:
    """A finding for each quota without room and each workload that a LimitRange refuses.

    `live` holds the site's objects that are there, by the keys of their references. What the operator may not look at
    is not judged.
    """
    found: list[Diagnostic] = []
    for namespace in dict.fromkeys(folder.namespaces.values()):
        room = _look(api, folder, namespace, deadline)
        if room.quotas or room.limits:
            found += judge_room(folder, namespace, room, live, places)
    return tuple(found)


def judge_room(
    folder: SiteFolder,
    namespace: str,
    room: Room,
    live: Mapping[tuple[str, str, str, str], Document],
    places: Places,
) -> Iterator[Diagnostic]:
    """The same for one namespace, as it was seen."""
    desired = [each for each in (*folder.objects, *folder.secrets) if each.reference.namespace == namespace]
    defaults = _defaults(room.limits)
    planned = [(each, *found) for each in desired if (found := demand.planned_pods(each.document)) is not None]
    pods = [(each, replicas, _with_defaults(pod, defaults)) for each, replicas, pod in planned]
    yield from _refused(folder, namespace, room.limits, desired, pods, places)
    objects = _objects(desired, live, room, is_home=namespace == folder.home)
    for quota in room.quotas:
        reasons = [*_unsaid(quota, pods), *_short(quota, objects, pods, room.pods)]
        if reasons:
            name = str(quota["metadata"]["name"])
            yield quota_exceeded(places.of_site(), name, namespace, folder.key, "; ".join(reasons))


# ---------------------------------------------------------------------------------------------------------------------
# ResourceQuotas


def _short(
    quota: Document, objects: Amounts, pods: Sequence[tuple[Desired, int, Pod]], running: Sequence[Document]
) -> Iterator[str]:
    """What a quota has too little of, with the figures."""
    hard, used = _figures(quota, "hard"), _figures(quota, "used")
    wanted = demand.added(demand.times(count, pod.amounts) for _, count, pod in pods if _counts(quota, pod))
    live = [demand.pod(document["spec"]) for document in running if demand.lives(document)]
    held = demand.added(pod.amounts for pod in live if _counts(quota, pod))
    for name, most in hard.items():
        more = wanted.get(name, _NONE) - held.get(name, _NONE)
        if not _scopes(quota):
            more += objects.get(name, _NONE)
        total = used.get(name, _NONE) + more
        if more > 0 and total > most:
            others = used.get(name, _NONE) - held.get(name, _NONE)
            yield _sentence(name, total, most, others)


def _sentence(name: str, total: Decimal, most: Decimal, others: Decimal) -> str:
    told, allowed = spelled(name, total), spelled(name, most)
    if told == allowed:
        told, allowed = f"{total.normalize():f}", f"{most.normalize():f}"
    taken = f" ({spelled(name, others)} of it is in use)" if others > 0 else ""
    return f"{name} {told} of {allowed}{taken}"


def _unsaid(quota: Document, pods: Sequence[tuple[Desired, int, Pod]]) -> Iterator[str]:
    """What containers must say because a quota counts it, and do not."""
    hard = _figures(quota, "hard")
    for name in _SAID:
        if name not in hard:
            continue
        kind, _, resource = name.rpartition(".")
        silent = [
            f"{desired.reference.name}/{container.name}"
            for desired, replicas, pod in pods
            if replicas and _counts(quota, pod)
            for container in pod.all_containers
            if resource not in (container.limits if kind == "limits" else container.requests)
        ]
        if silent:
            yield f"it asks every container to say its {name}, and {some(silent, _MOST_NAMED)} {_verb(silent)} not"


def _verb(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"


def _counts(quota: Document, pod: Pod) -> bool:
    """Whether a quota counts a pod: it has no scopes, or the pod is in all of them."""
    return all(_is_in(pod, *scope) for scope in _scopes(quota))


def _scopes(quota: Document) -> Sequence[tuple[str, str, Sequence[str]]]:
    """Name, operator and values of each scope."""
    spec = quota.get("spec") or {}
    selected = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return [
        *((name, "Exists", ()) for name in spec.get("scopes") or ()),
        *((each["scopeName"], each["operator"], tuple(each.get("values") or ())) for each in selected),
    ]


def _is_in(pod: Pod, scope: str, operator: str, values: Sequence[str]) -> bool:
    simple = {
        "Terminating": pod.has_deadline,
        "NotTerminating": not pod.has_deadline,
        "BestEffort": pod.is_best_effort,
        "NotBestEffort": not pod.is_best_effort,
    }
    if scope in simple:
        return simple[scope]
    if scope != "PriorityClass":
        return False  # CrossNamespacePodAffinity and VolumeAttributesClass: no pod of ours has such
    chosen = pod.priority_class
    return {
        "Exists": bool(chosen),
        "DoesNotExist": not chosen,
        "In": chosen in values,
        "NotIn": chosen not in values,
    }.get(operator, False)


def _objects(
    desired: Sequence[Desired],
    live: Mapping[tuple[str, str, str, str], Document],
    room: Room,
    *,
    is_home: bool,
) -> Amounts:
    """What the site's objects take, pods apart, beyond what those that are there take already."""
    more = [demand.counts(each.document) for each in desired]
    less = [demand.counts(live[each.reference.key]) for each in desired if each.reference.key in live]
    made = [claim for each in desired for claim in demand.claims(each.document) if claim.name not in room.claims]
    more += [claim.amounts(room.default_class) for claim in made]
    if is_home:
        more.append(_RECORD)
    total = demand.added(more)
    for name, amount in demand.added(less).items():
        total[name] = total.get(name, _NONE) - amount
    return total


def _figures(quota: Document, key: str) -> Amounts:
    """What a quota allows (`hard`) or what is in use of it (`used`), as the cluster has it."""
    status = (quota.get("status") or {}).get(key)
    given = status or ((quota.get("spec") or {}).get(key) or {})
    return {name: quantity(value) for name, value in given.items()}


# ---------------------------------------------------------------------------------------------------------------------
# LimitRanges


def _items(limits: Sequence[Document], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rules of LimitRanges for a kind of thing, with the names of the LimitRanges."""
    for each in limits:
        for item in (each.get("spec") or {}).get("limits") or ():
            if item.get("type") == kind:
                yield str(each["metadata"]["name"]), item


def _defaults(limits: Sequence[Document]) -> tuple[Amounts, Amounts]:
    """The requests and limits of containers that say none."""
    requests: dict[str, Decimal] = {}
    most: dict[str, Decimal] = {}
    for _, item in _items(limits, "Container"):
        for resource, value in (item.get("defaultRequest") or {}).items():
            requests.setdefault(resource, quantity(value))
        for resource, value in (item.get("default") or {}).items():
            most.setdefault(resource, quantity(value))
    return requests, most


def _with_defaults(pod: Pod, defaults: tuple[Amounts, Amounts]) -> Pod:
    requests, limits = defaults

    def filled(container: Container) -> Container:
        return replace(container, requests={**requests, **container.requests}, limits={**limits, **container.limits})

    return replace(pod, containers=tuple(map(filled, pod.containers)), init=tuple(map(filled, pod.init)))


def _refused(
    folder: SiteFolder,
    namespace: str,
    limits: Sequence[Document],
    desired: Sequence[Desired],
    pods: Sequence[tuple[Desired, int, Pod]],
    places: Places,
) -> Iterator[Diagnostic]:
    """A finding for each object whose pods or claims a LimitRange does not take."""
    reasons: dict[str, list[str]] = {}
    by_name: dict[str, Desired] = {}

    def add(each: Desired, found: Iterator[str]) -> None:
        what = f"{each.reference.kind} {namespace}/{each.reference.name}"
        by_name[what] = each
        reasons.setdefault(what, []).extend(found)

    for each, replicas, pod in pods:
        if not replicas:
            continue
        for name, item in _items(limits, "Container"):
            for container in pod.all_containers:
                who = f"container {container.name}"
                add(each, _outside(name, item, who, container.requests, container.limits))
        for name, item in _items(limits, "Pod"):
            add(each, _outside(name, item, "its pod", pod.requests, pod.limits))
    for each in desired:
        for name, item in _items(limits, "PersistentVolumeClaim"):
            for claim in demand.claims(each.document):
                asked = {"storage": claim.size}
                add(each, _outside(name, item, f"claim {claim.name}", asked, asked))
    for what, found in reasons.items():
        if found:
            place = places.of_object(by_name[what].reference)
            yield object_refused(place, what, "; ".join(dict.fromkeys(found)), folder.key)


def _outside(name: str, item: Mapping[str, Any], who: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    """What of one rule is not kept, as clauses. `limits` may lack what nobody limits.

    A default limit below what is requested makes the pod invalid: a limit must not be below its request.
    """
    for resource, value in (item.get("default") or {}).items():
        most, request = quantity(value), requests.get(resource, _NONE)
        if limits.get(resource) == most < request:
            told = spelled(resource, request)
            yield f"LimitRange {name} limits {who}, which says no limit, to {value} {resource}, and it asks for {told}"
    for resource, value in (item.get("max") or {}).items():
        most, asked = quantity(value), limits.get(resource)
        if asked is None:
            yield f"LimitRange {name} wants a limit of {resource} for {who}, at most {value}"
        elif max(asked, requests.get(resource, _NONE)) > most:
            told = spelled(resource, max(asked, requests.get(resource, _NONE)))
            yield f"LimitRange {name} allows {who} at most {value} {resource}, and it asks for {told}"
    for resource, value in (item.get("min") or {}).items():
        least, request = quantity(value), requests.get(resource, _NONE)
        if min(request, limits.get(resource, request)) < least:
            told = spelled(resource, min(request, limits.get(resource, request)))
            yield f"LimitRange {name} wants at least {value} {resource} for {who}, and it asks for {told}"
    for resource, value in (item.get("maxLimitRequestRatio") or {}).items():
        request, limit = requests.get(resource, _NONE), limits.get(resource, _NONE)
        if not request or not limit or limit / request > quantity(value):
            yield f"LimitRange {name} wants a limit of at most {value} times the requested {resource} for {who}"


# ---------------------------------------------------------------------------------------------------------------------
# Looking


def _look(api: Api, folder: SiteFolder, namespace: str, deadline: Deadline) -> Room:
    quotas = visible(api, "v1", "ResourceQuota", namespace, deadline)
    limits = visible(api, "v1", "LimitRange", namespace, deadline)
    if not quotas:
        return Room((), limits)
    pods = visible(api, "v1", "Pod", namespace, deadline, labels=of_site(folder))
    claims = visible(api, "v1", "PersistentVolumeClaim", namespace, deadline)
    names = frozenset(str(each["metadata"]["name"]) for each in claims)
    by_class = any(".storageclass." in name for quota in quotas for name in _figures(quota, "hard"))
    default = _default_class(api, deadline) if by_class else None
    return Room(quotas, limits, pods, names, default)


def _default_class(api: Api, deadline: Deadline) -> str | None:
    for each in visible(api, "storage.k8s.io/v1", "StorageClass", "", deadline):
        if ((each.get("metadata") or {}).get("annotations") or {}).get(_DEFAULT_CLASS) == "true":
            return str(each["metadata"]["name"])
    return None
