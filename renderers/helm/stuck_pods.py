"""Pods that keep a StatefulSet from going on.

A StatefulSet replaces its pods one by one and waits until each is ready. One that can never be, of a revision that has
been given up, it waits for as well, also after what was wrong has been mended or taken back (Kubernetes issue 67250):
somebody has to delete it. Charts of KubeFATE leave the order as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import Document, reference
from renderers.cluster.stale_pods import pods_of

_REVISION: Final = "controller-revision-hash"
_SECONDS: Final = 15.0
_PACE: Final = 0.5


def release_stuck(api: Api, folder: SiteFolder, deadline: Deadline) -> tuple[str, ...]:
    """Delete pods of given-up revisions that are not ready; their names. Without the right to, nothing is done."""
    end = Deadline(min(_SECONDS, deadline.left), api.clock)
    gone: list[str] = []
    for each in folder.objects:
        if each.reference.kind != "StatefulSet":
            continue
        live = api.get(each.reference, end)
        while live is not None and not _is_observed(live) and end.wait(_PACE):
            live = api.get(each.reference, end)
        if live is None:
            continue
        for pod in _stuck(live, pods_of(api, live, end)):
            found = reference({**pod, "apiVersion": "v1", "kind": "Pod"})
            try:
                api.delete(found, end, uid=pod["metadata"].get("uid", ""))
            except RefusedError as refusal:
                if not refusal.is_forbidden:
                    raise
                return tuple(gone)
            gone.append(found.name)
    return tuple(gone)


def _is_observed(live: Document) -> bool:
    """Whether the controller has seen what the StatefulSet is now."""
    seen = (live.get("status") or {}).get("observedGeneration") or 0
    return bool(seen >= live["metadata"].get("generation", 0))


def _stuck(live: Document, pods: list[Document]) -> Iterator[Document]:
    wanted = (live.get("status") or {}).get("updateRevision")
    for pod in pods:
        revision = (pod["metadata"].get("labels") or {}).get(_REVISION)
        conditions = (pod.get("status") or {}).get("conditions") or ()
        is_ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
        if wanted and revision and revision != wanted and not is_ready:
            yield pod
