"""What the components of FATE-Serving, and FATE-Flow, have in their own files about each other, read in their pods.

Where a chart copies a file at the start, or serving-admin has changed one, no ConfigMap tells what is read. Only the
lines that are asked about leave a pod: the same files have passwords. Places and keys: components.md sections 4.2, 4.3
and 6; FATE-Serving's folder has the name of its release, as renderers/chart_objects/serving.py says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from planner.lookup import Endpoint
from planner.plan import ZOOKEEPER
from renderers.cluster.clock import Deadline
from renderers.probes.pods.inside import Inside, Spot
from renderers.values import endpoint, endpoint_of_text, items, mapping

HOMES: Final = ("/data/projects/fate-serving", "/data/projects/fate")
_NAMES: Final = {"serving-proxy": "application.properties", "serving-server": "serving-server.properties"}
_TRANSFER: Final = "/v1/model/transfer"
_REGISTRY: Final = Endpoint("serving-zookeeper", ZOOKEEPER)
"""Where the registry is looked for in every plan, and by the charts (INV-SRV-5)."""
_PROPERTIES: Final = r"""
keys='model\.transfer\.url|zk\.url|useRegister|useZkRouter'
sed -n -E "s/^[[:space:]]*($keys)[[:space:]]*[=:][[:space:]]*/\1=/p" "$@" 2>/dev/null
true
"""
_TABLE: Final = r"""
for home in "$@"; do
  cd "$home/serving-proxy" 2>/dev/null || continue
  named=$(sed -n 's/^route\.table[[:space:]]*=[[:space:]]*//p' conf/application.properties 2>/dev/null | head -n 1)
  cat "${named:-conf/route_table.json}" 2>/dev/null && exit 0
done
exit 1
"""
_SERVICE_CONFS: Final = (
    "/data/projects/fate/fate_flow/conf/service_conf.yaml",
    "/data/projects/fate/conf/service_conf.yaml",
)
_SERVINGS: Final = r"""
for file in "$@"; do
  test -f "$file" || continue
  exec sed -n -E -e '/^use_registry:|^servings:[[:space:]]*\[|^[[:space:]]+hosts:[[:space:]]*\[/{p;d}' \
    -e 's/^([a-z_]+:).*$/\1/p' -e '/^[[:space:]]*-[[:space:]]*[^[:space:]]+:[0-9]+["'"'"']?[[:space:]]*$/p' "$file"
done
exit 1
"""
_WHERE: Final = re.compile(r"[^\s\[\],'\"]+:[0-9]+")


@dataclass(frozen=True, slots=True)
class ServingProperties:
    """Whom serving-proxy or serving-server looks for: FATE-Flow to fetch models from, and the registry.

    `source` is empty where it is not told, and `registry` None where none is used.
    """

    source: str
    registry: Endpoint | None


@dataclass(frozen=True, slots=True)
class FoundServing:
    """Where FATE-Flow loads models into: at these addresses (none: nowhere), or as the registry there says."""

    endpoints: tuple[Endpoint, ...]
    by_registry: bool


def serving_properties(inside: Inside, spot: Spot, deadline: Deadline) -> ServingProperties:
    """The properties of serving-proxy or serving-server. Raises ApiError."""
    files = [f"{home}/{spot.component}/conf/{_NAMES[spot.component]}" for home in HOMES]
    ran = inside.run(spot, ("sh", "-c", _PROPERTIES, "sh", *files), deadline)
    values = dict(line.strip().split("=", 1) for line in ran.output.splitlines() if "=" in line)
    url = values.get("model.transfer.url", "").removeprefix("http://").removesuffix(_TRANSFER)
    uses_registry = any(values.get(key, "true") != "false" for key in ("useRegister", "useZkRouter"))
    registry = endpoint_of_text(values.get("zk.url", "")) or _REGISTRY
    return ServingProperties(url, registry if uses_registry else None)


def serving_table(inside: Inside, spot: Spot, deadline: Deadline) -> Mapping[str, tuple[Endpoint, ...]] | None:
    """Where serving-proxy's route table leads, by party id or `default`; None where it is not found. Raises ApiError.

    The table is the file that `route.table` names, below the proxy's folder, or conf/route_table.json.
    """
    ran = inside.run(spot, ("sh", "-c", _TABLE, "sh", *HOMES), deadline)
    try:
        found = json.loads(ran.output)
    except (ValueError, RecursionError):
        return None
    table = mapping(found).get("route_table")
    if not isinstance(table, dict):
        return None
    return {
        str(party): tuple(
            each
            for row in items(mapping(services).get("default"))
            if (each := endpoint(mapping(row), "ip", "port")) is not None
        )
        for party, services in table.items()
    }


def found_serving(inside: Inside, spot: Spot, deadline: Deadline) -> FoundServing | None:
    """Where FATE-Flow of this container loads models into; None where its file does not say. Raises ApiError."""
    ran = inside.run(spot, ("sh", "-c", _SERVINGS, "sh", *_SERVICE_CONFS), deadline)
    return _servings(ran.output.splitlines()) if ran.code == 0 else None


def _servings(lines: Sequence[str]) -> FoundServing | None:
    """The hosts of `servings`, or those of `zookeeper` where `use_registry` is set: `hosts`, or a list without it."""
    by_registry, key = False, ""
    hosts: dict[str, list[Endpoint]] = {}
    for line in lines:
        if line.startswith("use_registry:"):
            by_registry = line.partition(":")[2].strip() == "true"
            continue
        if line[:1].isalpha():
            key = line.partition(":")[0]
        found = map(endpoint_of_text, _WHERE.findall(line))
        hosts.setdefault(key, []).extend(each for each in found if each is not None)
    meant = hosts.get("zookeeper" if by_registry else "servings")
    return None if meant is None else FoundServing(tuple(meant), by_registry)
