"""The namespace's quota has no room for the site.

A ResourceQuota or LimitRange bounds what pods of a namespace may ask for. Kubernetes takes a Deployment that does not
fit and then makes no pods; apply therefore adds up what the whole site asks for before it writes anything. The figures
are the cluster's.

Example:

    $ invoke apply --party 9999
    federation.yaml:9:40: error[FED907]: quota compute has no room for party 9999: requests.memory 12Gi of 8Gi
      hint: ask for less under `components`, or have the administrator of namespace fate-9999 raise the quota
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, spoken

FAULT = Fault("FED907", "quota_exceeded")


def quota_exceeded(place: Place, quota: str, namespace: str, site: str, reason: str) -> Diagnostic:
    """Say which quota (its name) has no room for `site` (its key), with the figures in the cluster's words."""
    message = f"quota {spoken(quota)} has no room for {label(site)}: {spoken(reason)}"
    hint = f"ask for less under `components`, or have the administrator of namespace {namespace} raise the quota"
    return Diagnostic(FAULT, message, place, hint)
