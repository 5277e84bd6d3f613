"""The secrets of a cluster.yaml: each place `${secret:REFERENCE}` filled in, in memory and nowhere else.

A chart writes a value into files of several kinds, and KubeFATE's values template writes it into YAML, most often
without quotes: so what YAML would read as something other than this very text is refused, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from planner.checks.secret_unresolved import secret_unresolved
from planner.checks.unusable_secret import unusable_secret
from planner.diagnostics import Diagnostic, KeyPath, Place
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.given_secrets import with_given
from renderers.cluster.places import Places
from renderers.cluster.references import Document, Reference
from renderers.cluster.secret_lookup import looked_up
from renderers.cluster.secret_places import is_broken, reference_in
from renderers.cluster.secret_values import unusable
from renderers.sound_yaml import SoundLoader

_BARE: Final = "a chart writes it without quotes, and YAML"
_NUMBER: Final = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|(?:0[ob])?[0-9_.]+(?:[eE][-+]?[0-9]+)?)")
"""What Helm's reader of YAML takes for a number."""
_TRUTHS: Final = frozenset("yYnN")
"""What it takes for true or false, and Python's does not."""
_HASHED: Final = "notebook_hashed_password"
"""The key that holds a hash, whose form asks for `$`."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Data with every place filled in; no value of it is ever shown.

    `values` are the secrets, for masking, and `paths` are where they stand. With diagnostics the data are not whole.
    """

    data: dict[str, Any] = field(repr=False)
    values: tuple[str, ...] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...]
    paths: frozenset[KeyPath]


def filled(
    data: Mapping[str, Any],
    api: Api | None,
    environ: Mapping[str, str],
    deadline: Deadline,
    places: Places,
    *,
    are_proved: bool = False,
) -> Filled:
    """Put the values of secrets in their places. Without an Api no Secret of the cluster can be looked at.

    With `are_proved` the caller has the chart, and finds out itself what that makes of each value. Raises ApiError when
    the cluster cannot be asked.
    """
    filling = _Filling(_Secrets(api, deadline), environ, places, are_proved)
    whole = {str(key): filling.filled((str(key),), value) for key, value in data.items()}
    diagnostics = dict.fromkeys(filling.diagnostics)
    return Filled(whole, tuple(filling.values), tuple(diagnostics), frozenset(filling.paths))


@dataclass(slots=True)
class _Secrets:
    """The Secrets of a cluster, read once each."""

    api: Api | None
    deadline: Deadline
    _read: dict[Reference, tuple[Document | None, str]] = field(default_factory=dict, repr=False)

    def get(self, wanted: Reference) -> tuple[Document | None, str]:
        """A Secret as it is; or why it cannot be read."""
        if self.api is None:
            return None, "without a kubeconfig no Secret of the cluster can be read"
        if wanted not in self._read:
            try:
                self._read[wanted] = self.api.get(wanted, self.deadline), ""
            except RefusedError as refusal:
                if not refusal.is_forbidden:
                    raise
                self._read[wanted] = None, refusal.message
        return self._read[wanted]


@dataclass(slots=True)
class _Filling:
    """One pass over the data: what was found, and what was not."""

    secrets: _Secrets
    environ: Mapping[str, str] = field(repr=False)
    places: Places
    are_proved: bool
    values: dict[str, None] = field(default_factory=dict, repr=False)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    paths: set[KeyPath] = field(default_factory=set)

    def filled(self, path: KeyPath, node: Any) -> Any:
        """The same node with values in its places."""
        if isinstance(node, dict):
            return {key: self.filled((*path, key), value) for key, value in node.items()}
        if isinstance(node, list):
            return [self.filled((*path, index), value) for index, value in enumerate(node)]
        return self._value(path, node) if isinstance(node, str) else node

    def _value(self, path: KeyPath, text: str) -> str:
        """The text, or the secret whose place it is; empty where there is none."""
        reference = reference_in(text)
        if reference is None and not is_broken(text):
            return text
        self.paths.add(path)
        if reference is None:
            reason = "this is no place of a secret that this fedplan knows"
            self.diagnostics.append(secret_unresolved(self.places.of_site(), _told(path), reason))
            return ""
        place = _place_of(reference, self.places)
        found = looked_up(reference, self.environ, with_given(self.places.folder, self.environ, self.secrets.get))
        if found.problem:
            self.diagnostics.append(secret_unresolved(place, reference, found.problem))
            return ""
        reason = unusable(found.value, is_hash=path[-1] == _HASHED)
        if not reason and not self.are_proved:
            reason = _misread(found.value.decode())
        if reason:
            self.diagnostics.append(unusable_secret(place, reference, _told(path), reason))
            return ""
        value = found.value.decode()
        self.values[value] = None
        return value


def _misread(text: str) -> str:
    """Why YAML does not read a value as the text that it is, as a clause; empty where it does.

    Helm's own reader takes more for numbers and truths than this one.
    """
    if _NUMBER.fullmatch(text) and any(map(str.isdigit, text)):
        return f"{_BARE} reads it as a number"
    try:
        found = yaml.load(text, SoundLoader)  # noqa: S506 - it is the safe one, for texts that may nest deep
    except (yaml.YAMLError, ValueError):
        return f"{_BARE} cannot read it so"
    is_text = isinstance(found, str) and found == text and text not in _TRUTHS
    return "" if is_text else f"{_BARE} reads it as something else than text"


def _told(path: KeyPath) -> str:
    """`mysql.password`, as findings name a key."""
    return ".".join(map(str, path))


def _place_of(reference: str, places: Places) -> Place:
    """Where federation.yaml has a reference: below the site, else anywhere; the site where it has none."""
    if places.planned is None:
        return places.of_site()
    found = tuple(_paths_of(reference, places.given, ()))
    site = places.planned.site.path
    path = next((path for path in found if path[: len(site)] == site), next(iter(found), None))
    return places.of_site() if path is None else Place(path)


def _paths_of(reference: str, node: Any, path: KeyPath) -> Iterator[KeyPath]:
    if node == reference:
        yield path
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _paths_of(reference, value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _paths_of(reference, value, (*path, index))
