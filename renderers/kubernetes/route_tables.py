"""route_table.json of rollsite and OSX: one line for each party, so that a difference shows who changed.

Reference components.md sections 3.3 and 3.4. `default` is written only where there is one: an unknown party then fails
with an error that says so. Ports are numbers, as both programs demand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from planner.channels import Channel
from planner.lookup import POLLED, Endpoint
from renderers.kubernetes.installation import Installation


def rollsite_table(installation: Installation) -> str:
    """The table of a rollsite. A party's own `default` repeats rollsite's own endpoint to the letter (fact 6)."""
    planned = installation.planned
    ports = planned.release.ports
    rows = list(_peers(installation))
    if planned.site.kind == "party":
        flow, router = Endpoint("fateflow", ports.fateflow_grpc), Endpoint("rollsite", ports.federation)
        rows.append((str(planned.id), {"fateflow": [_entry(flow)], "default": [_entry(router)]}))
    return _table(rows, {"permission": {"default_allow": True}})


def osx_table(installation: Installation) -> str:
    """The table of an OSX, which must name the ids it answers for: an exchange's is the word `default`."""
    planned = installation.planned
    rows = list(_peers(installation))
    self_party = "default"
    if planned.site.kind == "party":
        self_party = str(planned.id)
        rows.append((self_party, {"fateflow": [_entry(Endpoint("fateflow", planned.release.ports.fateflow_grpc))]}))
    return _table(rows, {"self_party": [self_party]})


def _peers(installation: Installation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    table = installation.plan.table(installation.planned, Channel.ROLLSITE)
    for party, endpoint in table.entries.items():
        yield str(party), {"default": [_entry(endpoint)]}
    if table.default:
        yield "default", {"default": [_entry(endpoint) for endpoint in table.default]}


def _entry(endpoint: Endpoint) -> dict[str, Any]:
    """One endpoint; a polling client has none, and fetches its messages itself."""
    if endpoint == POLLED:
        return {"ip": "", "port": -1, "is_polling": True}
    return {"ip": endpoint.host, "port": endpoint.port}


def _table(rows: Iterable[tuple[str, Mapping[str, Any]]], more: Mapping[str, Any]) -> str:
    body = ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in rows)
    rest = "".join(f",\n  {json.dumps(key)}: {json.dumps(value)}" for key, value in more.items())
    return f'{{\n  "route_table": {{\n{body}\n  }}{rest}\n}}\n'
