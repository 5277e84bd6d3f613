"""The Lease of a site: one apply at a time, whoever runs it, wherever.

Whether a Lease has run out is judged by the server's clock: operators' clocks differ. It is renewed by a thread while
an operation goes on, so that it runs out by itself soon after a process was killed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from renderers.cluster.api import Api, ApiError, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import own_labels
from renderers.cluster.operator import Operator, is_dead
from renderers.cluster.references import Document, Reference

DURATION: Final = 30
"""Seconds after its last renewal at which a Lease is free."""
_PERIOD: Final = 10.0
_SOON: Final = 1.0
_RENEW_SECONDS: Final = 15.0
_LONGEST: Final = 3600
"""Seconds after which a Lease is free whatever it says: ours say thirty, and some hand may have written others."""
_EARLY: Final = timedelta(seconds=DURATION)
"""How far in the future a sign of life may lie: servers of one cluster may differ a little, not by years."""
API_VERSION: Final = "coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a Lease: the identity, seconds since the last sign of life and until it runs out."""

    identity: str
    renewed: int
    remaining: int


@dataclass(slots=True)
class HeldLease:
    """A Lease that is ours until `release`; `taken_by` says who has it when it was lost."""

    api: Api
    reference: Reference
    identity: str
    taken_by: str | None = None
    _version: str = ""
    _renewed: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def is_lost(self) -> bool:
        """Whether somebody else has it."""
        return self.taken_by is not None

    def keep(self) -> None:
        """Begin to renew it in the background."""
        self._renewed = self.api.clock.now()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Ask who has it, where it could not be renewed in time: somebody may have taken it since."""
        if self.api.clock.now() - self._renewed <= DURATION:
            return
        holder = self._holder_now()
        if holder is not None and holder != self.identity:
            self.taken_by = holder

    def release(self) -> None:
        """Let others have it; a server that does not answer now will see it run out."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_RENEW_SECONDS)
        if self.is_lost:
            return
        patch = {"metadata": {"resourceVersion": self._version}, "spec": {"holderIdentity": ""}}
        try:
            self.api.merge(patch, self.reference, Deadline(_RENEW_SECONDS, self.api.clock))
        except ApiError:
            return

    def _renew(self) -> None:
        """Renew it until it is given back or somebody else has it.

        While nobody answers, nobody can take it either: so it may have run out, and be ours all the same.
        """
        pause = _PERIOD
        while not self._stop.wait(pause):
            pause = _PERIOD
            try:
                self._renew_once(Deadline(_RENEW_SECONDS, self.api.clock))
                self._renewed = self.api.clock.now()
            except RefusedError as refusal:
                if refusal.is_conflict or refusal.is_not_found:
                    self.taken_by = self._holder_now() or ""
                    return
            except ApiError:
                pause = min(_PERIOD, _SOON)

    def _renew_once(self, deadline: Deadline) -> None:
        now = stamp(self.api.server_time(deadline))
        patch = {"metadata": {"resourceVersion": self._version}, "spec": {"renewTime": now}}
        try:
            self._version = _version_of(self.api.merge(patch, self.reference, deadline).document)
        except RefusedError as refusal:
            # An answer may have been lost on the way, and the renewal have been made all the same.
            live = self.api.get(self.reference, deadline) if refusal.is_conflict else None
            if live is None or live.get("spec", {}).get("holderIdentity") != self.identity:
                raise
            self._version = _version_of(live)

    def _holder_now(self) -> str | None:
        """Who has it; empty when nobody has, None when nobody answers."""
        try:
            live = self.api.get(self.reference, Deadline(_RENEW_SECONDS, self.api.clock))
        except ApiError:
            return None
        return str((live or {}).get("spec", {}).get("holderIdentity") or "")


def acquire(api: Api, folder: SiteFolder, purpose: str, operator: Operator, deadline: Deadline) -> HeldLease | Holder:
    """Take the Lease of a site, or tell who holds it."""
    reference = lease_of(folder)
    identity = operator.identity(purpose)
    document: dict[str, Any] = {}
    while True:
        live = api.get(reference, deadline)
        holder = None if live is None else _holder(live, api.server_time(deadline))
        is_ours = live is not None and live.get("spec") == document.get("spec")  # written, and the answer was lost
        if holder is not None and not is_ours and not is_dead(holder.identity, operator):
            return holder
        document = _document(folder, reference, identity, api.server_time(deadline), live)
        try:
            made = (api.create if live is None else api.replace)(document, reference, deadline)
        except RefusedError as refusal:
            if not refusal.is_conflict or not deadline.wait(0.2):
                raise
            continue  # somebody was faster: look again who
        held = HeldLease(api, reference, identity, _version=_version_of(made.document))
        held.keep()
        return held


def lease_of(folder: SiteFolder) -> Reference:
    """The Lease of a site."""
    return Reference(API_VERSION, "Lease", folder.home, f"fedplan-{folder.key}")


def _holder(live: Document, now: datetime) -> Holder | None:
    """Who holds a Lease at this moment; None when it is free."""
    spec = live.get("spec") or {}
    identity = spec.get("holderIdentity")
    if not identity:
        return None
    renewed = min(_moment(spec.get("renewTime")) or now, now + _EARLY)
    ends = renewed + timedelta(seconds=min(int(spec.get("leaseDurationSeconds") or DURATION), _LONGEST))
    if ends <= now:
        return None
    return Holder(str(identity), max(0, int((now - renewed).total_seconds())), int((ends - now).total_seconds()) + 1)


def _document(
    folder: SiteFolder, reference: Reference, identity: str, now: datetime, live: Document | None
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": reference.name,
        "namespace": reference.namespace,
        "labels": {
            **own_labels(folder),
            "fedplan/lease-of": folder.key,
        },
    }
    transitions = 0
    if live is not None:
        metadata["resourceVersion"] = _version_of(live)
        transitions = int((live.get("spec") or {}).get("leaseTransitions") or 0) + 1
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": DURATION,
        "acquireTime": stamp(now),
        "renewTime": stamp(now),
        "leaseTransitions": transitions,
    }
    return {"apiVersion": API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}


def _version_of(document: Document) -> str:
    return str(document["metadata"].get("resourceVersion", ""))


def stamp(moment: datetime) -> str:
    """A moment as the API's MicroTime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
