"""The cluster refuses an object of the site.

Every object is sent for a trial first (a server-side dry run). The API server, an admission webhook or a policy of the
cluster refuses one, so none of the site's objects is written. The words are the cluster's own. Where a setting of
federation.yaml is behind the field that is refused, the finding points there.

Example:

    $ invoke apply --party 9999
    federation.yaml:9:40: error[FED905]: the cluster refuses Deployment fate-9999/python: admission webhook denied it
      hint: change what the cluster names, plan again, and apply; nothing of party 9999 was written
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, option, spoken

FAULT = Fault("FED905", "object_refused")


def object_refused(place: Place, what: str, reason: str, site: str) -> Diagnostic:
    """Say which object (kind, and namespace/name) of `site` (its key) is refused, in the cluster's own words."""
    message = f"the cluster refuses {spoken(what)}: {spoken(reason)}"
    hint = f"change what the cluster names, plan again, and apply; nothing of {label(site)} was written"
    return Diagnostic(FAULT, message, place, hint)


def immutable(place: Place, what: str, site: str) -> Diagnostic:
    """Say that the volumes or the Service of a StatefulSet would change, which Kubernetes never allows in place."""
    message = f"the cluster refuses {spoken(what)}: the volumes and the Service of a StatefulSet cannot change in place"
    hint = f"take it down with `invoke remove {option(site)}`, which keeps its data, and apply again"
    return Diagnostic(FAULT, message, place, hint)


def refused_midway(place: Place, what: str, reason: str, site: str) -> Diagnostic:
    """Say the same of an object that passed the trial and was refused when it was written."""
    message = f"the cluster refuses {spoken(what)}, which it took in the trial: {spoken(reason)}"
    hint = f"run this again: it goes on with what {label(site)} still lacks"
    return Diagnostic(FAULT, message, place, hint)
