"""Whether the site's workloads are ready, and the Service of its Spark master headless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from planner.checks.rollout_overdue import not_ready
from planner.checks.spark_master_has_address import spark_master_has_address
from planner.diagnostics import Diagnostic
from renderers.cluster.clock import Deadline
from renderers.cluster.labels import of_runners
from renderers.cluster.references import WORKLOADS, Document, Reference, reference
from renderers.cluster.rollout import WorkloadState
from renderers.cluster.waiting import judge_now, look
from renderers.probes.cluster.objects import Objects, pods_of
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_SPARK_MASTER: Final = "spark-master"
_HEADLESS: Final = "None"


def probes(sight: Sight, objects: Objects) -> Iterator[Probe]:
    """A sentence for the workloads, and one for a Spark master where there is one."""
    label = sight.folder.label
    sentence = f"every workload of {label} is there and ready"
    yield probe(sight, "workloads-ready", sentence, lambda deadline: _workloads(sight, objects, deadline))
    if "spark" in sight.planned.modules:
        namespace = sight.folder.namespaces["training"]
        sentence = f"Service {namespace}/{_SPARK_MASTER} has no address that its pods take for a setting"
        yield probe(sight, "spark-master-headless", sentence, partial(_spark_master, sight, namespace))


def _workloads(sight: Sight, objects: Objects, deadline: Deadline) -> Said:
    found = list(objects.faults(deadline))
    folder = objects.folder(deadline)
    states = look(sight.api, folder, deadline)
    found += judge_now(sight.api, folder, states, sight.places)
    found += _put_away(sight, states, objects.workloads(deadline))
    if not states and not any(each.is_error for each in found):
        return unknown("no workload of it is known", found)
    return judged(found)


def _put_away(sight: Sight, states: Sequence[WorkloadState], written: Iterable[Document]) -> Iterator[Diagnostic]:
    """Workloads that somebody has scaled to zero: the cluster counts all of none as ready."""
    replicas = {reference(each).key: int(each.get("spec", {}).get("replicas", 1)) for each in written}
    for state in states:
        number = replicas.get(state.reference.key, 0)
        if state.is_ready and not state.wanted and number:
            place = sight.places.of_object(state.reference)
            yield not_ready(place, state.what, "0", str(number), sight.folder.key, "it was scaled to zero")


def _spark_master(sight: Sight, namespace: str, deadline: Deadline) -> Said:
    """Pods without service links get no variable of the Service, so its address does them no harm (fact 11)."""
    service = Reference("v1", "Service", namespace, _SPARK_MASTER)
    live = sight.api.get(service, deadline)
    if live is None:
        return unknown(f"there is no Service {namespace}/{_SPARK_MASTER}")
    address = str(live.get("spec", {}).get("clusterIP") or "")
    if address in {"", _HEADLESS} or not _has_links(sight, namespace, deadline):
        return judged(())
    place = sight.places.of_object(service)
    return judged((spark_master_has_address(place, f"{namespace}/{_SPARK_MASTER}", address),))


def _has_links(sight: Sight, namespace: str, deadline: Deadline) -> bool:
    """Whether pods of the master get variables of Services; so they do where nobody says anything."""
    for kind in WORKLOADS:
        for each in sight.api.list("apps/v1", kind, namespace, deadline, labels=of_runners(sight.folder)):
            if each["metadata"]["name"] == _SPARK_MASTER and pods_of(each).get("enableServiceLinks") is False:
                return False
    return True
