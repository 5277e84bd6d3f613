"""The API server of a cluster does not answer.

The address is that of the kubeconfig's context. Nobody listens there, the name is unknown, a proxy or a firewall is in
the way, the certificate is of another authority, or every try within the deadline ended in an error of the server
(429, 5xx). Nothing more is known about what runs there, so nothing is said about it, and the exit code is 3. Sites on
other clusters go on. What had been applied before stays, and applying again goes on from there.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:54: error[FED901]: cluster bank does not answer at https://192.168.9.1:6443: connection refused
      hint: see that https://192.168.9.1:6443 can be reached from here, then run this again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED901", "cluster_unreachable")


def cluster_unreachable(place: Place, cluster: str, server: str, reason: str) -> Diagnostic:
    """Say that nobody answers at `server` (a URL) for a cluster, with the last reason that a try ended for."""
    message = f"cluster {cluster} does not answer at {spoken(server)}: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, f"see that {spoken(server)} can be reached from here, then run this again")
