"""A Helm release runs that KubeFATE's service knows nothing of.

The service forgets a cluster even when Helm could not take it down, and all its clusters when its database is lost,
which a pod's end is enough for (reference: service-api.md sections 6.3 and 9). To install a cluster of that name again
would fail, and the service then takes away the release that runs, so nothing was sent.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED943]: Helm release fate-9999/fate-9999 runs on bank, unknown to KubeFATE's service
      hint: take it down first: `helm uninstall fate-9999 --namespace fate-9999`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED943", "release_left_behind")


def release_left_behind(
    place: Place, cluster: str, namespace: str, name: str, *, is_removed: bool = False
) -> Diagnostic:
    """Say which Helm release is on a cluster without the service's knowledge; or is left after it was removed."""
    known = "and KubeFATE's service has forgotten it" if is_removed else "unknown to KubeFATE's service"
    message = f"Helm release {namespace}/{name} runs on {cluster}, {known}"
    hint = f"take it down first: `helm uninstall {name} --namespace {namespace}`"
    if is_removed:
        hint = f"take it down by hand: `helm uninstall {name} --namespace {namespace}`"
    return Diagnostic(FAULT, message, place, hint)
