"""A claim of the site is not bound to a volume.

Pods that mount it wait until it is: the storage class does not exist or its provisioner is down, no volume is large
enough or in the right zone, or the volume was lost (reference INV-PVC-1). A claim that is being deleted goes away with
the last pod that mounts it, and its data with it.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED995]: claim fate-9999/data-mysql-0 on cluster bank is not bound: it is Pending
      note: storageclass.storage.k8s.io "fast" not found
      hint: have the cluster's administrator see to the volume, or change `storageClass` and apply again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED995", "claim_not_bound")


def claim_not_bound(place: Place, cluster: str, claim: str, reason: str, heard: str = "") -> Diagnostic:
    """Say which claim (`fate-9999/data-mysql-0`) is not bound and why, with what was last heard of it."""
    message = f"claim {spoken(claim)} on cluster {cluster} is not bound: {spoken(reason)}"
    hint = "have the cluster's administrator see to the volume, or change `storageClass` and apply again"
    return Diagnostic(FAULT, message, place, hint, (Note(spoken(heard)),) if heard else ())
