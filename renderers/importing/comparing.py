"""What was imported, held against what would be planned: value by value, each difference with its reason.

Compared are the data, not the bytes: null, an empty text, an empty list and `false` are the same as nothing, the order
of modules and of the rows of a route table means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from planner.diagnostics import KeyPath
from planner.secret_references import has_placeholder, is_secret_key
from renderers.importing.specs import is_blank, number_of

IDENTITIES: Final = ("partyId", "partID", "fqdn", "name", "id")
"""Keys that tell the items of a list apart."""
_SETS: Final = frozenset({"modules"})
_SHOWN: Final = 60
ROUTING: Final = frozenset(
    {
        "type", "nodePort", "httpNodePort", "grpcNodePort", "httpsNodePort", "loadBalancerIP", "partyList", "exchange",
        "polling", "exchangeList", "route_table", "publicLB", "fateflow", "fateflowType", "fateflowNodePort",
    }
)  # fmt: skip
"""Keys below a module's block that belong to what the plan decides for all sites together."""
IDENTITY: Final = frozenset({"name", "namespace", "chartName", "chartVersion", "version", "partyId"})
"""Keys that say which site a file is for."""
OWN_ROUTES: Final = frozenset({"servingIp", "servingPort", "serving"})
"""Keys by which a party's training finds its own FATE-Serving."""


class Reason(StrEnum):
    """Why a value that is planned is not the one that was imported."""

    DROPPED = "no template of the chart reads the key"
    UNASKED = "FATE-Flow never asks nginx for this service"
    IDLE = "the file does not deploy the module"
    SECRET = "the secret became a reference"  # noqa: S105 - a reason in words
    DEFAULT = "the chart's own default is the same"
    WRITTEN_OUT = "the file leaves it to the chart, the plan writes it out"
    CORRECTED = "corrected"
    UNSPEAKABLE = "federation.yaml cannot say it"
    UNUSED = "no message for that party passes the exchange"
    RENAMED = "the exchange's name is made from federation.yaml"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value: where it stands, what it is and what would be planned (None for nothing), and why.

    `path` leads to the value in the imported file, or to the deepest part of it that is there. `code` is the finding
    that a correction belongs to.
    """

    site: str
    document: str
    path: KeyPath
    key: str
    imported: Any
    planned: Any
    reason: Reason = Reason.UNEXPLAINED
    code: str = ""

    @property
    def shown(self) -> tuple[str, str]:
        """Both values as they may be printed: never a secret."""
        if self.reason is Reason.SECRET or any(holds_secret(self.path, each) for each in (self.imported, self.planned)):
            return _hidden(self.imported), _hidden(self.planned)
        return short(self.imported), short(self.planned)


def _hidden(value: Any) -> str:
    if value is None:
        return "nothing"
    return str(value) if has_placeholder(value) else "a secret"


def holds_secret(path: KeyPath, value: Any) -> bool:
    """Whether a value is a secret or holds one, judged by the keys above it and in it."""
    if isinstance(value, Mapping):
        return any(holds_secret((*path, key), item) for key, item in value.items())
    if isinstance(value, list):
        return any(holds_secret(path, item) for item in value)
    return any(map(is_secret_key, path))


def short(value: Any) -> str:
    """A value on one line, cut where it is long; a text that could be taken for a number is in quotes."""
    if value is None:
        return "nothing"
    if isinstance(value, str) and number_of(value) is not None:
        value = f'"{value}"'
    text = "".join(each if each.isprintable() else "?" for each in str(value))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def compare(site: str, document: str, imported: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[Difference]:
    """The values of a file that would not be planned as they are, without a reason yet."""
    imported, planned = _unlike(imported, planned)
    ours, theirs = dict(_flat(planned, ())), dict(_flat(imported, ()))
    places = dict(_places(imported, (), ()))
    for name in (*theirs, *(name for name in ours if name not in theirs)):
        before, after = theirs.get(name), ours.get(name)
        if not _same(before, after):
            path = places.get(name) or _nearest(places, name)
            yield Difference(site, document, path, ".".join(map(str, name)), before, after)


def _unlike(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Both mappings without what is plainly equal: most of a large route table, which need not be looked at twice."""
    left, right = dict(one), dict(other)
    for key in one.keys() & other.keys():
        first, second = one[key], other[key]
        if first == second and repr(first) == repr(second):
            del left[key], right[key]
        elif isinstance(first, Mapping) and isinstance(second, Mapping):
            left[key], right[key] = _unlike(first, second)
    return left, right


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the charts: `false` is as good as nothing."""
    if one is None or other is None:
        return (one in (None, False)) and (other in (None, False))
    return type(one) is type(other) and bool(one == other)


def _flat(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Every value by a path that does not depend on the order of lists; what says nothing is left out."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if (key, item) != ("path", "/"):  # the path of an ingress host that has none
                yield from _flat(item, (*path, key))
    elif isinstance(value, list):
        identity = _identity(value)
        if identity is not None:
            for item in value:
                yield from _flat(item, (*path, _name(item[identity])))
        elif value:
            plain = path[-1:] and path[-1] in _SETS
            yield path, sorted(value, key=str) if plain else value
    elif not is_blank(value):
        yield path, value


def _places(value: Any, path: KeyPath, real: KeyPath) -> Iterator[tuple[KeyPath, KeyPath]]:
    """The paths of `_flat`, and where each value really stands."""
    yield path, real
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(item, (*path, key), (*real, key))
    elif isinstance(value, list):
        identity = _identity(value)
        if identity is not None:
            for index, item in enumerate(value):
                yield from _places(item, (*path, _name(item[identity])), (*real, index))


def _name(value: Any) -> Any:
    """What an item of a list is called: a number in quotes is that number."""
    number = number_of(value)
    return value if number is None else number


def _identity(value: list[Any]) -> str | None:
    if not value or not all(isinstance(item, Mapping) for item in value):
        return None
    for key in IDENTITIES:
        names = [_name(item.get(key)) for item in value]
        if all(isinstance(name, str | int) for name in names) and len(set(names)) == len(names):
            return key
    return None


SELECTING: Final = frozenset({"computing", "federation", "storage", "backend", "modules"})
"""Keys that choose the engine and what of it is deployed."""


def settable(path: KeyPath) -> KeyPath:
    """The part of a path that `overrides` can set: down to the list that the value is in."""
    for index, step in enumerate(path):
        if isinstance(step, int):
            return path[:index]
    return path


def _nearest(places: Mapping[KeyPath, KeyPath], name: KeyPath) -> KeyPath:
    for length in range(len(name) - 1, -1, -1):
        if name[:length] in places:
            return places[name[:length]]
    return ()


def is_routing(path: KeyPath) -> bool:
    """Whether a key belongs to what the plan decides: who a site is, whom it dials, and how it is dialled."""
    if not path:
        return True
    if path[0] in IDENTITY or path[0] in OWN_ROUTES:
        return True
    if path[0] == "python":
        return len(path) > 1 and path[1] in ROUTING
    return len(path) > 1 and path[1] in ROUTING and path[0] not in {"mysql", "fateboard", "spark", "hdfs", "client"}
