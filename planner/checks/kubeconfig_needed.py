"""Something of a site of target `kubefate` cannot be done without a context of a kubeconfig.

Which plans were applied before is kept in the cluster itself, beside the site: the service keeps the latest only, so
`--rollback` needs a context. Volumes are not the service's business either: `remove --delete-data` needs one to delete
them, and `remove` alone needs one to keep them where the chart has its claims among its objects (fate up to v1.8.1,
fate-serving), which go with everything else of it.

Example:

    $ invoke apply --party 9999 --rollback
    federation.yaml:8:5: error[FED944]: no context leads to bank, where what was applied of party 9999 before is kept
      hint: name the context of bank with `--context`, or plan what was applied before and apply it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label

FAULT = Fault("FED944", "kubeconfig_needed")


def kubeconfig_needed(place: Place, site: str, cluster: str) -> Diagnostic:
    """Say that `site` (its key) cannot be rolled back without looking into its cluster."""
    message = f"no context leads to {cluster}, where what was applied of {label(site)} before is kept"
    hint = f"name the context of {cluster} with `--context`, or plan what was applied before and apply it"
    return Diagnostic(FAULT, message, place, hint)


def data_out_of_reach(place: Place, cluster: str, namespace: str, name: str) -> Diagnostic:
    """Say that the volumes of the cluster `name` cannot be deleted through the service."""
    message = f"no context leads to {cluster}, where the volumes of {namespace}/{name} are"
    hint = (
        "name it with `--context`, or leave --delete-data out and have the administrator run "
        f"`kubectl delete pvc --namespace {namespace} --selector name={name}`"
    )
    return Diagnostic(FAULT, message, place, hint)


def data_not_kept(place: Place, cluster: str, what: str, chart: str) -> Diagnostic:
    """Say that removing the cluster `what` through the service alone would delete its volumes with it."""
    message = f"no context leads to {cluster}, and chart {chart} takes the volumes of {what} with it"
    return Diagnostic(FAULT, message, place, f"name the context of {cluster} with `--context`: then they are kept")
