"""The values of a site's secrets: looked up or made once when the site is applied, and never told.

`secrets.yaml` holds a place for each. What is generated once is kept in the cluster, which is its only copy. A value
stands in FATE's own files afterwards (properties, YAML, redis.conf), whose readers agree on no quoting, so values that
one of them would read as something else are refused. Nothing here is printed, logged or part of an exception.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.checks.secret_unresolved import secret_unresolved
from planner.checks.unusable_secret import unusable_secret
from planner.diagnostics import Diagnostic
from planner.secret_references import GENERATE
from renderers.cluster.api import FIELD_MANAGER, Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.given_secrets import with_given
from renderers.cluster.places import Places
from renderers.cluster.references import WORKLOADS, Document, Reference
from renderers.cluster.secret_lookup import Found, live_value, looked_up
from renderers.cluster.secret_places import is_broken, reference_in

LONGEST: Final = 4096
"""Bytes of a value: more than any password, and far less than what a line of a properties file may have."""
_LENGTH: Final = 32
_ALPHABET: Final = string.ascii_letters + string.digits
_HASHES: Final = frozenset({"notebook"})
"""Secrets that hold a hash, whose form asks for `$`; nothing that expands `$` reads it."""
_QUOTES: Final = frozenset("'\"`")


@dataclass(frozen=True, slots=True)
class SecretValues:
    """The Secrets ready to apply, in the folder's order, without those that lack a value.

    `changed` are namespace and name of those whose values are other ones than the cluster has. `notes` say which
    values were kept because there is no other here.
    """

    documents: tuple[Desired, ...] = field(repr=False)
    changed: tuple[tuple[str, str], ...]
    diagnostics: tuple[Diagnostic, ...]
    notes: tuple[str, ...] = ()


def generated() -> str:
    """A password that nobody knows: 32 letters and digits, 190 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def resolve(
    api: Api,
    folder: SiteFolder,
    environ: Mapping[str, str],
    deadline: Deadline,
    places: Places,
    generate: Callable[[], str] = generated,
) -> SecretValues:
    """Find the value of every place of the site's Secrets."""
    documents: list[Desired] = []
    changed: list[tuple[str, str]] = []
    diagnostics: list[Diagnostic] = []
    notes: list[str] = []
    sources = _Sources(api, folder, deadline, environ, generate)
    for desired in folder.secrets:
        live, refusal = sources.secret(desired.reference)
        data: dict[str, bytes] = {}
        bad = False
        for key, text in (desired.document.get("stringData") or {}).items():
            found = sources.value(str(text), live, key, refusal)
            problem = _problem(desired.reference, key, str(text), found, places)
            if problem is not None:
                diagnostics.append(problem)
                bad = True
            elif found.kept and text != GENERATE:
                notes.append(_kept(desired.reference, key, str(text)))
            data[key] = found.value
        if bad:
            continue
        documents.append(_with_data(desired, data))
        if live is None or _differs(live, data):
            changed.append((desired.reference.namespace, desired.reference.name))
    return SecretValues(tuple(documents), tuple(changed), tuple(diagnostics), tuple(notes))


@dataclass(slots=True)
class _Sources:
    """Where values come from. Secrets of the cluster are read once."""

    api: Api
    folder: SiteFolder
    deadline: Deadline
    environ: Mapping[str, str] = field(repr=False)
    generate: Callable[[], str]
    _read: dict[tuple[str, str], tuple[Document | None, str]] = field(default_factory=dict, repr=False)

    def secret(self, reference: Reference) -> tuple[Document | None, str]:
        """A Secret as it is; or why it cannot be read."""
        key = reference.namespace, reference.name
        if key not in self._read:
            try:
                self._read[key] = self.api.get(reference, self.deadline), ""
            except RefusedError as refusal:
                if not refusal.is_forbidden:
                    raise
                self._read[key] = None, refusal.message
        return self._read[key]

    def value(self, text: str, live: Document | None, key: str, refusal: str) -> Found:
        """The value of one text of `secrets.yaml`, for a key of a Secret that is `live` as it is."""
        reference = reference_in(text)
        if reference is None:
            problem = "this is no place of a secret that this fedplan knows" if is_broken(text) else ""
            return Found(text.encode(), problem)
        now = live_value(live, key)
        if reference == "generate":
            return self._made(now, refusal)
        found = looked_up(reference, self.environ, with_given(self.folder, self.environ, self.secret))
        if found.problem and now and not reference.startswith("secret:"):
            return Found(now, kept=True)
        return found

    def _made(self, now: bytes, refusal: str) -> Found:
        """A value that is made once. Where it cannot be known whether it was, none is made: it would lock data."""
        if refusal:
            return Found(problem=f"it cannot be seen whether there is one already: {refusal}")
        return Found(now, kept=True) if now else Found(self.generate().encode())


def _problem(secret: Reference, key: str, text: str, found: Found, places: Places) -> Diagnostic | None:
    """What forbids a value, as a finding."""
    reference = reference_in(text)
    if found.problem:
        told = f"Secret {secret.namespace}/{secret.name}#{key}" if reference in {None, "generate"} else reference
        return secret_unresolved(places.of_secret(secret.name), told or "", found.problem)
    if reference is None or found.kept:
        return None
    reason = unusable(found.value, is_hash=secret.name in _HASHES)
    if not reason:
        return None
    return unusable_secret(places.of_secret(secret.name), reference, f"{secret.name} {key}", reason)


def unusable(value: bytes, *, is_hash: bool = False) -> str:
    """Why FATE's files cannot hold a value, as a clause; empty where they can.

    Java reads properties as Latin-1 and other programs UTF-8, so only ASCII is the same to all. redis.conf ends a value
    at a blank. `@@` begins a place of the pods' own templates (renderers/kubernetes/configure.py).
    """
    text = value.decode("latin-1")
    reasons = (
        (not value, "it is empty"),
        (len(value) > LONGEST, f"it is longer than {LONGEST} bytes"),
        ("\n" in text or "\r" in text, "it has a line break"),
        (any(each.isspace() for each in text), "it has a blank"),
        (any(not each.isprintable() or not each.isascii() for each in text), "it has a character beyond plain ASCII"),
        (any(each in _QUOTES for each in text), "it has a quotation mark"),
        ("\\" in text, "it has a backslash"),
        ("$" in text and not is_hash, "it has a dollar sign"),
        ("@@" in text, "it has @@"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _kept(secret: Reference, key: str, text: str) -> str:
    return f"{reference_in(text)} has no value here: Secret {secret.namespace}/{secret.name} keeps its {key}"


def _with_data(desired: Desired, data: Mapping[str, bytes]) -> Desired:
    document = {key: value for key, value in desired.document.items() if key != "stringData"}
    document["data"] = _Hidden({key: base64.b64encode(value).decode() for key, value in data.items()})
    return Desired(desired.reference, document, desired.file)


class _Hidden(dict[str, str]):
    """The values of a Secret, which are not shown where it is printed."""

    def __repr__(self) -> str:
        """The keys alone."""
        return f"<values of {', '.join(self) or 'nothing'}>"


def _differs(live: Document, data: Mapping[str, bytes]) -> bool:
    """Whether a Secret would change: a value is another one, or a key that was applied is planned no more."""
    now = {key: live_value(live, key) for key in live.get("data") or {}}
    if any(now.get(key) != value for key, value in data.items()):
        return True
    return bool(_applied_keys(live) & now.keys() - data.keys())


def _applied_keys(live: Document) -> set[str]:
    """The keys of a Secret that fedplan has put there, as the server remembers it."""
    found: set[str] = set()
    for entry in (live.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply":
            fields = (entry.get("fieldsV1") or {}).get("f:data") or {}
            found |= {name.removeprefix("f:") for name in fields if name.startswith("f:")}
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Who reads them


def secrets_read(desired: Desired) -> tuple[tuple[str, str], ...]:
    """Namespace and name of each Secret that a workload's pods read; not those that images are pulled with."""
    if desired.reference.kind not in WORKLOADS:
        return ()
    spec = desired.document["spec"]["template"]["spec"]
    names = dict.fromkeys((*_in_containers(spec), *_in_volumes(spec)))
    return tuple((desired.reference.namespace, name) for name in sorted(names))


def versions(api: Api, folder: SiteFolder, deadline: Deadline) -> Mapping[tuple[str, str], str]:
    """The resourceVersion of every Secret that the site's pods read and that is there, by namespace and name."""
    found: dict[tuple[str, str], str] = {}
    for namespace, name in dict.fromkeys(key for desired in folder.objects for key in secrets_read(desired)):
        live = api.get(Reference("v1", "Secret", namespace, name), deadline)
        if live is not None:
            found[namespace, name] = str(live["metadata"].get("resourceVersion", ""))
    return found


def restart_mark(desired: Desired, found: Mapping[tuple[str, str], str]) -> str:
    """A mark that changes when a Secret does that a workload's pods read; empty where they read none.

    It is made of versions, never of values: a digest of a short password would tell the password.
    """
    read = secrets_read(desired)
    if not read:
        return ""
    told = "\n".join(f"{namespace}/{name}={found.get((namespace, name), '')}" for namespace, name in read)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _in_containers(spec: Mapping[str, Any]) -> Iterator[str]:
    for each in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for variable in each.get("env") or ():
            yield from _named((variable.get("valueFrom") or {}).get("secretKeyRef"), "name")
        for source in each.get("envFrom") or ():
            yield from _named(source.get("secretRef"), "name")


def _in_volumes(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        yield from _named(volume.get("secret"), "secretName")
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield from _named(source.get("secret"), "name")


def _named(value: Mapping[str, Any] | None, key: str) -> Sequence[str]:
    return [str(value[key])] if value and value.get(key) else []
