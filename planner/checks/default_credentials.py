"""Parties would go live with KubeFATE's default passwords.

Whoever can reach MySQL or FATEBoard of such a party can log in with the password from KubeFATE's own documentation:
fate/fate_dev and admin/admin (reference: INV-CRED-1). Other organisations dial into these networks. FATEBoard's
password can be set since v1.5.3, but for v1.6.0. FATE-Serving has fate_dev for its Redis and, from v2.0.4 on,
admin/admin for its console; they stand in a block of their own. Where the release offers no key, nothing can be done
and nothing is reported: RabbitMQ has fate/fate whatever is written (INV-RMQ-3), so keep its ports from strangers. The
notebook has no password by default either; `credentials: {notebook: ...}` sets one since v1.10.0. Target `kubernetes`
has no default passwords: apply makes each that is not given, once, in the cluster.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}  # warning: FED802
      - {id: 10000, cluster: shop}

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
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.overrides import value_at
from planner.releases import Credential
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject

FAULT = Fault("FED802", "default_credentials", Severity.WARNING)
_WORDS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "mysql": ("MySQL", "mysql", "env:FATE_MYSQL_PASSWORD"),
        "fateboard": ("FATEBoard", "fateboard", "env:FATEBOARD_PASSWORD"),
        "servingRedis": ("FATE-Serving's Redis", "redis", "env:FATE_REDIS_PASSWORD"),
        "servingAdmin": ("FATE-Serving's console", "admin", "env:FATE_SERVING_ADMIN_PASSWORD"),
    }
)
"""What a login is called, its key under `credentials`, and the reference that a hint proposes."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one warning for all parties together; none while part of the file, perhaps this one, is unreadable."""
    if not subject.federation.complete:
        return
    logins: dict[str, str] = {}
    concerned: list[Site] = []
    for party in subject.federation.parties:
        missing = list(_defaults(subject, party))
        if missing:
            concerned.append(party)
        for credential in missing:
            user = f"{credential.user}/" if credential.user else ""
            login = f"{_WORDS[credential.component][0]} {user}{credential.password}"
            logins.setdefault(credential.component, login)
    if not concerned:
        return
    number = len(concerned)
    who = concerned[0].label if number == 1 else f"{number} parties"
    found = [component for component in _WORDS if component in logins]
    above = () if any(component in logins for component in ("mysql", "fateboard")) else ("serving",)
    yield Diagnostic(
        FAULT,
        f"{who} would go live with KubeFATE's default passwords: {' and '.join(logins[each] for each in found)}",
        Place((*concerned[0].path, *above, "credentials"), on_key=True),
        f"add {_lines(found)} {_where(subject, found)}; every operator sets these variables",
    )


def _where(subject: Subject, found: Sequence[str]) -> str:
    """Where to write it: `serving` under `defaults` would give FATE-Serving to parties that have none."""
    serves = [party.serving is not None for party in subject.federation.parties]
    if any(component.startswith("serving") for component in found) and not all(serves):
        return "at the parties that have `serving`"
    return "under `defaults`"


def _lines(found: Sequence[str]) -> str:
    """What to write for the logins of components."""
    training = [component for component in found if not component.startswith("serving")]
    serving = [component for component in found if component.startswith("serving")]
    texts = {
        name: ", ".join(f'{_WORDS[each][1]}: "{_WORDS[each][2]}"' for each in group)
        for name, group in (("training", training), ("serving", serving))
        if group
    }
    written = [f"`credentials: {{{texts['training']}}}`"] if training else []
    written += [f"`serving: {{credentials: {{{texts['serving']}}}}}`"] if serving else []
    return " and ".join(written)


def _defaults(subject: Subject, party: Site) -> Iterator[Credential]:
    """The logins of a party that keep their default password, and need not."""
    release = subject.release(party)
    if release is None or subject.engine(party) is None or has_manifests(party):
        return
    yield from _kept(release.credentials, subject.modules(party), party.credentials, party.overrides)
    chart, serving = serving_release(party, release), party.serving
    if chart is not None and serving is not None:
        modules = serving_modules(party, release)
        yield from _kept(chart.credentials, modules, serving.credentials, serving.overrides)


def _kept(
    credentials: Sequence[Credential], modules: Sequence[str], given: Mapping[str, str], overrides: Mapping[str, object]
) -> Iterator[Credential]:
    for credential in credentials:
        component, key = credential.component, credential.password_key
        if component not in _WORDS or key is None or credential.password is None or component not in modules:
            continue
        if _WORDS[component][1] not in given and value_at(overrides, key.split(".")) is None:
            yield credential
