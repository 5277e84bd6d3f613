"""A password stands in plain text under overrides.

federation.yaml and out/ are committed and read by people of several organisations, so secrets are references
(`env:NAME`, `file:PATH`, `secret:namespace/name#key`), which apply resolves in memory. Most passwords have a key of
their own: `credentials` and `mysql`, and `credentials` and `redis` of `serving`. An override with a reference in the
place of a password is treated in the same way. A password of digits alone must not stand there either: as a number it
crashes KubeFATE's service (reference: INV-DB-2).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:
          mysql: {password: hunter2}  # error: FED804
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        credentials: {mysql: "env:SHOP_MYSQL_PASSWORD"}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.secret_references import has_placeholder, is_placeholder, is_reference, is_secret_key
from planner.subject import Subject
from planner.wording import shown

FAULT = Fault("FED804", "secret_in_override")
_KEYS: Final[Mapping[KeyPath, str]] = {
    ("mysql", "password"): 'write `credentials: {mysql: "env:NAME"}` instead',
    ("fateboard", "password"): 'write `credentials: {fateboard: "env:NAME"}` instead',
    ("client", "notebook_hashed_password"): 'write `credentials: {notebook: "env:NAME"}` instead',
    ("externalMysqlPassword",): "describe the database under `mysql`, with a reference as its password",
    ("servingRedis", "password"): 'write `serving: {credentials: {redis: "env:NAME"}}` instead',
    ("servingAdmin", "password"): 'write `serving: {credentials: {admin: "env:NAME"}}` instead',
    ("externalRedisPassword",): "describe the server under `serving: {redis: ...}`, with a reference as its password",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every secret under `overrides` that is no reference. Its value is never shown."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site in subject.federation.parties + subject.federation.exchanges:
        yield from _judged(site, site.overrides, ("overrides",))
        if site.kind == "party" and site.serving is not None:
            yield from _judged(site, site.serving.overrides, ("serving", "overrides"))


def _judged(site: Site, overrides: Mapping[str, object], above: KeyPath) -> Iterator[tuple[Site, Diagnostic]]:
    for path in _literals(overrides, ()):
        if not is_secret_key(path[-1]):
            message = f"{shown('.'.join(map(str, path)))} is no place for a secret, which would be seen there"
            place = Place((*site.path, *above, *path))
            yield site, Diagnostic(FAULT, message, place, "keep `${secret:` out of it")
            continue
        message = f"{shown('.'.join(map(str, path)))} is a secret in plain text"
        hint = _KEYS.get(path, "write a reference such as env:NAME, file:PATH or secret:namespace/name#key")
        place = Place((*site.path, *above, *path), secret=True)
        yield site, Diagnostic(FAULT, message, place, f"{hint}, and change the secret if it was ever committed")


def _literals(value: object, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            below = (*path, key)
            is_scalar = isinstance(item, str | int | float) and not isinstance(item, bool)
            if is_scalar and item != "" and is_secret_key(key):
                if not (is_reference(item) or is_placeholder(item)):
                    yield below
            elif has_placeholder(item):
                yield below
            else:
                yield from _literals(item, below)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if has_placeholder(item):
                yield (*path, index)
            yield from _literals(item, (*path, index))
