"""Whether there are nodes that can take the pods of workloads with a node selector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from planner.checks.nodes_not_labelled import nodes_not_labelled
from planner.diagnostics import Diagnostic
from renderers.cluster.clock import Deadline
from renderers.cluster.labels import labels_of
from renderers.cluster.references import Document, reference
from renderers.probes.cluster.objects import Objects, name_of, pods_of
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe
from renderers.probes.sight import Sight

_MOST_NOTES: Final = 3
_KEEPING_AWAY: Final = frozenset({"NoSchedule", "NoExecute"})
"""Effects of taints that keep new pods from a node. PreferNoSchedule does so only while other nodes have room."""


def probes(sight: Sight, objects: Objects) -> Iterator[Probe]:
    """One sentence, where a component has a node selector."""
    planned = sight.planned
    components = [*planned.site.components.values()]
    if planned.serving is not None:
        components += planned.serving.settings.components.values()
    if any(settings.get("nodeSelector") or settings.get("nodeSelectors") for settings in components):
        sentence = f"for every node selector of {sight.folder.label} there is a node with these labels that takes pods"
        yield probe(sight, "nodes-labelled", sentence, lambda deadline: _look(sight, objects, deadline))


def _look(sight: Sight, objects: Objects, deadline: Deadline) -> Said:
    selecting = [each for each in objects.workloads(deadline) if pods_of(each).get("nodeSelector")]
    nodes = sight.api.list("v1", "Node", "", deadline) if selecting else ()
    found: list[Diagnostic] = []
    for workload in selecting:
        pods = pods_of(workload)
        selector = {str(key): str(value) for key, value in pods["nodeSelector"].items()}
        carrying = [node for node in nodes if selector.items() <= labels_of(node).items()]
        obstacles = [(node, why_not(node, pods.get("tolerations") or ())) for node in carrying]
        if all(obstacle for _, obstacle in obstacles):
            place, cluster = sight.places.of_object(reference(workload)), sight.folder.cluster
            found.append(nodes_not_labelled(place, cluster, name_of(workload), selector, _notes(obstacles)))
    return judged(found)


def _notes(obstacles: Sequence[tuple[Document, str]]) -> list[str]:
    """Why nodes that carry the labels take no pods."""
    told = [f"node {node['metadata']['name']} carries the labels, and {obstacle}" for node, obstacle in obstacles]
    left = len(told) - _MOST_NOTES
    return [*told[:_MOST_NOTES], *([f"and {left:,} more such nodes"] if left > 0 else [])]


def why_not(node: Document, tolerations: Sequence[Mapping[str, Any]]) -> str:
    """Why a node takes no new pods with these tolerations, as a clause; empty where it does."""
    spec = node.get("spec") or {}
    if spec.get("unschedulable"):
        return "is cordoned"
    conditions = (node.get("status") or {}).get("conditions") or ()
    if not any((each.get("type"), each.get("status")) == ("Ready", "True") for each in conditions):
        return "is not ready"
    for taint in spec.get("taints") or ():
        if taint.get("effect") in _KEEPING_AWAY and not any(_tolerates(each, taint) for each in tolerations):
            return f"has taint {taint.get('key')}"
    return ""


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether a toleration is for a taint, as the scheduler sees it."""
    if toleration.get("effect") not in {None, "", taint.get("effect")}:
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in {None, "", taint.get("key")}
    return toleration.get("key") == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")
