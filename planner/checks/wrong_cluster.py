"""The context leads to another cluster than the plan is for.

A kubeconfig's context may have been changed since, or belong to another organisation. federation.yaml can say where a
cluster's API server is (`server`); apply then writes nothing to any other. The same is found where a site was applied
before and the cluster's own id (that of its namespace kube-system) is another one now.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:72: error[FED903]: context bank-prod leads to https://10.0.0.7:6443, and not to cluster bank
      note: cluster bank is at https://192.168.9.1:6443
      hint: give --context for cluster bank, or mend `server` if the cluster has moved
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED903", "wrong_cluster")


def wrong_cluster(place: Place, cluster: str, context: str, expected: str, found: str) -> Diagnostic:
    """Say where the context leads (`found`), and where or what the cluster is (`expected`)."""
    message = f"context {spoken(context)} leads to {spoken(found)}, and not to cluster {cluster}"
    note = Note(f"cluster {cluster} is at {spoken(expected)}")
    hint = f"give --context for cluster {cluster}, or mend `server` if the cluster has moved"
    return Diagnostic(FAULT, message, place, hint, (note,))
