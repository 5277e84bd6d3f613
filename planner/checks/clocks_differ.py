"""Two clocks of a site differ by more than a minute.

FATE-Flow orders jobs and tells stalled ones by times that both parties write, certificates and tokens begin and end by
the clock of whoever checks them, and a log is of no use where its times are wrong. The clocks of the API server, of
the site's nodes (a pod has its node's) and of the operator's machine are compared.

Example:

    $ invoke verify --live
    federation.yaml:4:5: error[FED993]: the clock of node w2 is 12 minutes behind that of the API server of cluster bank
      hint: let the nodes and this machine take their time from one source (NTP), then run this again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import duration, spoken

FAULT = Fault("FED993", "clocks_differ")


def clocks_differ(place: Place, cluster: str, whose: str, seconds: float) -> Diagnostic:
    """Say whose clock (`the clock of node w2`) goes how many seconds ahead of the API server's; behind it below 0."""
    way = "ahead of" if seconds > 0 else "behind"
    message = f"{spoken(whose)} is {duration(abs(seconds))} {way} that of the API server of cluster {cluster}"
    hint = "let the nodes and this machine take their time from one source (NTP), then run this again"
    return Diagnostic(FAULT, message, place, hint)
