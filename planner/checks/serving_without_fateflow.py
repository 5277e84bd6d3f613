"""serving-server and the party's own FATE-Flow do not reach each other.

FATE-Flow loads a model into its party's serving-server, which then fetches the model from FATE-Flow over HTTP: each
needs the other's address (INV-SRV-2, INV-SRV-3). Both were tried from inside the pods, with the addresses in their own
configuration there. Where the serving cluster has a registry, its proxy and its server find each other in ZooKeeper,
which must answer. Models that are loaded go on working; the next `flow model load` fails.

Example:

    $ invoke verify --live --only probes
    federation.yaml:8:5: error[FED508]: serving-server does not reach FATE-Flow at 10.1.1.1:30097: refused
      hint: apply training and serving, as their addresses must agree: `invoke apply --party 9999`; or see to the way
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import option, spoken

FAULT = Fault("FED508", "serving_without_fateflow")


def serving_without_fateflow(place: Place, site: str, reason: str) -> Diagnostic:
    """Say who of a site (its key) does not find whom, in a clause."""
    apply = f"`invoke apply {option(site)}`"
    hint = f"apply training and serving, as their addresses must agree: {apply}; or see to the way"
    return Diagnostic(FAULT, spoken(reason), place, hint)
