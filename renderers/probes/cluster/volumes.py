"""Whether every claim that the site's pods mount is bound to a volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planner.checks.claim_not_bound import claim_not_bound
from planner.diagnostics import Diagnostic
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Document, Reference, reference
from renderers.cluster.visible import visible
from renderers.probes.cluster.objects import Objects, pods_of
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe
from renderers.probes.sight import Sight


def probes(sight: Sight, objects: Objects) -> Iterator[Probe]:
    """One sentence, where the site keeps data."""
    serving = sight.planned.serving
    if sight.planned.site.persistence or (serving is not None and serving.settings.persistence):
        sentence = f"every claim that pods of {sight.folder.label} mount is bound"
        yield probe(sight, "claims-bound", sentence, lambda deadline: _look(sight, objects, deadline))


def claims_of(workloads: Iterable[Document]) -> dict[tuple[str, str], Reference]:
    """The claims that the pods of workloads mount, by namespace and name: who mounts each.

    Kubernetes names those that it makes for a StatefulSet after the template and the pod.
    """
    found: dict[tuple[str, str], Reference] = {}
    for workload in workloads:
        named, spec = reference(workload), workload["spec"]
        replicas = spec.get("replicas", 1)
        names = [
            f"{template['metadata']['name']}-{named.name}-{number}"
            for template in spec.get("volumeClaimTemplates") or ()
            for number in range(replicas)
        ]
        if replicas:
            volumes = pods_of(workload).get("volumes") or ()
            names += [str(each["persistentVolumeClaim"]["claimName"]) for each in volumes if _is_claim(each)]
        for name in names:
            found.setdefault((named.namespace, name), named)
    return found


def _is_claim(volume: Document) -> bool:
    return bool((volume.get("persistentVolumeClaim") or {}).get("claimName"))


def _look(sight: Sight, objects: Objects, deadline: Deadline) -> Said:
    wanted = claims_of(objects.workloads(deadline))
    live: dict[tuple[str, str], Document] = {}
    for namespace in dict.fromkeys(namespace for namespace, _ in wanted):
        for claim in sight.api.list("v1", "PersistentVolumeClaim", namespace, deadline):
            live[namespace, claim["metadata"]["name"]] = claim
    found: list[Diagnostic] = []
    for key, user in wanted.items():
        reason = _why_not(live.get(key))
        if reason:
            heard = _heard(sight, *key, deadline) if key in live else ""
            place = sight.places.of_object(user)
            found.append(claim_not_bound(place, sight.folder.cluster, "/".join(key), reason, heard))
    return judged(found)


def _why_not(claim: Document | None) -> str:
    """Why a claim is not bound, or will not stay so; empty where all is well."""
    if claim is None:
        return "there is none"
    if claim["metadata"].get("deletionTimestamp"):
        return "it is being deleted"
    phase = (claim.get("status") or {}).get("phase", "Pending")
    return "" if phase == "Bound" else f"it is {phase}"


def _heard(sight: Sight, namespace: str, name: str, deadline: Deadline) -> str:
    """What was last heard of a claim; empty where nothing was, or nobody may look."""
    fields = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={name}"
    events = visible(sight.api, "v1", "Event", namespace, deadline, fields=fields)
    latest = max(events, key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or ""), default=None)
    return "" if latest is None else str(latest.get("message") or "")
