"""Something of a running site could not be found out.

A probe is neither true nor false when it cannot be asked: no container is ready to ask it from, the image has no
program for it, the operator lacks a right, the cluster does not answer any more, or nothing in the kubeconfig leads to
the cluster at all. Pairs whose way has such a site or hop count as unchecked, and `verify --live` ends with exit
code 3.

Example:

    $ invoke verify --live --only probes
    federation.yaml:9:5: warning[FED999]: 12 probes (peer-accepts) of party 9999 are unchecked: no container of rollsite
      is ready
      hint: mend what is told, and ask again with --failed
    federation.yaml:10:5: warning[FED999]: party 10000 is unchecked: not reachable from here (the kubeconfig has no
      context shop)
      hint: let an operator of cluster shop run `invoke verify --live --party 10000`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import counted, label, option, some, spoken

FAULT = Fault("FED999", "probe_unchecked", Severity.WARNING)
_MOST_NAMED = 3


def probe_unchecked(place: Place, site: str, sorts: Mapping[str, int], reason: str) -> Diagnostic:
    """Say how many probes of which sorts have no answer at a site (its key), and why."""
    count = sum(sorts.values())
    number = f"{counted(count, 'probe')} ({', '.join(sorts)}) of {label(site)} {'is' if count == 1 else 'are'}"
    message = f"{number} unchecked: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "mend what is told, and ask again with --failed")


def site_unchecked(place: Place, sites: Sequence[str], cluster: str, reason: str) -> Diagnostic:
    """Say which sites (their keys) could not be probed for one reason; the first of them is on `cluster`."""
    named = some(list(map(label, sites)), _MOST_NAMED)
    message = f"{named} {'is' if len(sites) == 1 else 'are'} unchecked: {spoken(reason)}"
    is_party = sites[0].startswith("party-")
    asked = f"`invoke verify --live {option(sites[0])}`" if is_party else "`invoke verify --live`"
    own = ", with --context where your context for it has another name" if is_party else ""
    return Diagnostic(FAULT, message, place, f"let an operator of cluster {cluster} run {asked}{own}")
