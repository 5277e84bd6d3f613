"""Parties would go live with KubeFATE's default passwords.

Whoever can reach MySQL or FATEBoard of such a party can log in with the password from KubeFATE's own documentation:
fate/fate_dev and admin/admin (reference: INV-CRED-1). Other organisations dial into these networks. FATEBoard's
password can be set since v1.5.3, but for v1.6.0. Where the release offers no key, nothing can be done and nothing is
reported. The notebook has no password by default either; `credentials: {notebook: ...}` sets one since v1.10.0.

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

from collections.abc import Iterator, Mapping
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.model import Site
from planner.overrides import value_at
from planner.releases import Credential
from planner.subject import Subject

FAULT = Fault("FED802", "default_credentials", Severity.WARNING)
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "mysql": ("MySQL", "env:FATE_MYSQL_PASSWORD"),
    "fateboard": ("FATEBoard", "env:FATEBOARD_PASSWORD"),
}
"""What a login is called, and the reference that a hint proposes."""


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
            login = f"{_WORDS[credential.component][0]} {credential.user}/{credential.password}"
            logins.setdefault(credential.component, login)
    if not concerned:
        return
    number = len(concerned)
    who = concerned[0].label if number == 1 else f"{number} parties"
    lines = ", ".join(f'{component}: "{_WORDS[component][1]}"' for component in sorted(logins, reverse=True))
    yield Diagnostic(
        FAULT,
        f"{who} would go live with KubeFATE's default passwords: {' and '.join(sorted(logins.values(), reverse=True))}",
        Place((*concerned[0].path, "credentials"), on_key=True),
        f"add `credentials: {{{lines}}}` under `defaults`; every operator sets these variables",
    )


def _defaults(subject: Subject, party: Site) -> Iterator[Credential]:
    """The logins of a party that keep their default password, and need not."""
    release = subject.release(party)
    if release is None or subject.engine(party) is None:
        return
    modules = subject.modules(party)
    for credential in release.credentials:
        component, key = credential.component, credential.password_key
        if component not in _WORDS or key is None or credential.password is None:
            continue
        if (
            component in modules
            and component not in party.credentials
            and value_at(party.overrides, key.split(".")) is None
        ):
            yield credential
