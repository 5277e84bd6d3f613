"""An exchange has no route to a party that goes through it.

An exchange passes on only what its own table covers. A party that dials it and is missing there can send to others,
and nobody can answer (reference: INV-EGG-4, INV-EGG-5). The table that is derived from `topology` covers every
party of the exchange's stars; a partyList under `overrides` replaces it. This is found when the written files are
read back.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - name: hub
        cluster: bank
        overrides:  # error: FED206, warning: FED413
          rollsite:
            partyList:
              - {partyId: 9999, partyIp: 192.168.9.1, partyPort: 30091}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED206", "uncovered_party")


def uncovered(exchange: str, party: str, place: Place, detail: str) -> Diagnostic:
    """Say that `exchange` has no route to `party` (labels), which goes through it; `detail` is a clause."""
    return Diagnostic(
        FAULT,
        f"{exchange} does not deliver to {party}, which goes through it: {detail}",
        place,
        f"add {party} to the partyList under overrides, or drop that list so that it is derived from topology",
    )
