"""Values of YAML and JSON as their readers take them: the charts' templates, the components, Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from planner.lookup import Endpoint


def mapping(value: object) -> Mapping[Any, Any]:
    """A mapping, empty for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Any]:
    """A list, empty for anything else."""
    return value if isinstance(value, list) else ()


def number(value: object) -> int | None:
    """An id or a port: a number, or a text of digits, which a chart prints as the same."""
    if type(value) is int:
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else None


def endpoint(row: Mapping[Any, Any], host_key: str, port_key: str) -> Endpoint | None:
    """What a row leads to; None where its host or its port is none."""
    host, port = row.get(host_key), number(row.get(port_key))
    return None if port is None or not isinstance(host, str) or not host else shared(host, port)


def joined(row: Mapping[Any, Any], host_key: str, port_key: str) -> Endpoint | None:
    """What a row leads to where a chart writes host and port as `host:port`: an IPv6 address needs its brackets."""
    found = endpoint(row, host_key, port_key)
    return None if found is None else endpoint_of_text(f"{found.host}:{found.port}")


def endpoint_of_text(text: object) -> Endpoint | None:
    """The endpoint that a text like `host:port` or `[address]:port` names; None for any other."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):([0-9]{1,5})", text) if isinstance(text, str) else None
    return None if match is None else shared(match[1].strip("[]"), int(match[2]))


@lru_cache(maxsize=65536)
def shared(host: str, port: int) -> Endpoint:
    """The endpoint of a host and port: one object, wherever it stands."""
    return Endpoint(host, port)
