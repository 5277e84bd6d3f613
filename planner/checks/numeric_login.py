"""A login under `overrides` is a number.

KubeFATE's service takes the user and the password of MySQL for text. A number makes its upgrade job panic, and a long
one reaches the database as `1.234567e+06`, because the service keeps every number as a float (reference: INV-DB-2;
v1.11.2:k8s-deploy/pkg/job/fate_upgrade_manager.go).

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
          mysql: {user: 20230501}  # error: FED420
    defaults:
      engine: spark_pulsar
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
        overrides:
          mysql: {user: "20230501"}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.overrides import value_at
from planner.subject import Subject

FAULT = Fault("FED420", "numeric_login")
_LOGINS: Final = (
    ("mysql", "user"),
    ("mysql", "database"),
    ("externalMysqlUser",),
    ("externalMysqlDatabase",),
    ("fateboard", "username"),
)
_SERVING: Final = (("servingAdmin", "username"),)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every user and database name that is no text; a password is no text of the file at all."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site in subject.federation.parties:
        if has_manifests(site):
            continue
        trees: list[tuple[KeyPath, Mapping[str, Any], Sequence[KeyPath]]] = [(("overrides",), site.overrides, _LOGINS)]
        if site.serving is not None:
            trees.append((("serving", "overrides"), site.serving.overrides, _SERVING))
        for above, tree, logins in trees:
            for path in logins:
                value = value_at(tree, path)
                if isinstance(value, bool | int | float):
                    message = f"{'.'.join(map(str, path))} of {site.label} is a number, and KubeFATE takes text"
                    place = Place((*site.path, *above, *path))
                    yield site, Diagnostic(FAULT, message, place, "put it in quotes")
