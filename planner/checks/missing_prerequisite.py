"""Something that the site needs is not in the cluster.

Apply makes what the plan holds. What belongs to the administrator or to another tool must be there first: storage
classes, existing claims, Secrets with certificates or registry logins. The plan lists them, and apply looks for each
before it writes anything. A pod that lacks one would wait for it without a word.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED915]: Secret fate-9999/pulsar-cert is not on cluster bank: Pulsar mounts it
      hint: make it with the keys broker.cert.pem, broker.key-pk8.pem, ca.cert.pem, then run this again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED915", "missing_prerequisite")


def missing_prerequisite(place: Place, what: str, cluster: str, reason: str, keys: tuple[str, ...] = ()) -> Diagnostic:
    """Say which object is missing (kind and name) and what it is for; `keys` are those a Secret must have."""
    message = f"{spoken(what)} is not on cluster {cluster}: {spoken(reason)}"
    contents = f" with the {_keys(keys)}" if keys else ""
    return Diagnostic(FAULT, message, place, f"make it{contents}, then run this again")


def missing_keys(place: Place, what: str, cluster: str, reason: str, keys: tuple[str, ...]) -> Diagnostic:
    """Say that a Secret is there and lacks `keys`."""
    message = f"{spoken(what)} on cluster {cluster} has no {_keys(keys)}: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "add that to the Secret, then run this again")


def _keys(keys: tuple[str, ...]) -> str:
    return f"key{'s' if len(keys) > 1 else ''} {', '.join(spoken(key) for key in keys)}"
