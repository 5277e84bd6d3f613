"""What an interrupted or refused apply leaves behind: no namespaces, no lasting Lease, no secret in anybody's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TextIO, cast

import pytest

from planner.diagnostics import Diagnostic, Fault, Note, Place
from renderers.cluster import applying, lease, namespaces, rights
from renderers.cluster.applying import prepare
from renderers.cluster.display import Lines
from renderers.cluster.masking import masked, values_of
from renderers.cluster.namespaces import NamespaceState
from renderers.cluster.operator import Operator, is_dead
from renderers.cluster.outcomes import Options
from renderers.cluster.rights import Rights
from tests.unit.cluster_double import Cluster, desired, folder_of, places_of, secret, thing

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_namespace_made_for_a_trial_goes_with_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was applied, so nothing stays."""
    folder = folder_of()
    gone: list[tuple[str, ...]] = []

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(applying, "check_cluster", lambda *_: ())
    monkeypatch.setattr(rights, "examine_rights", lambda *_, **__: Rights((), ()))
    monkeypatch.setattr(namespaces, "check_namespaces", lambda *_: NamespaceState((), ("fate-9999",), ()))
    monkeypatch.setattr(namespaces, "create", lambda *_: ("fate-9999",))
    monkeypatch.setattr(namespaces, "remove", lambda _api, _folder, names, _: gone.append(names))
    monkeypatch.setattr(applying, "_tried", interrupted)
    cluster: Any = Cluster()
    cluster.clock = None
    monkeypatch.setattr(applying, "Deadline", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        prepare(cluster, folder, places_of(folder), Options(), {})
    assert gone == [("fate-9999",)]


@pytest.mark.parametrize(
    ("spec", "remaining"),
    [
        ({"holderIdentity": "bob", "renewTime": "9999-12-31T23:59:59Z", "leaseDurationSeconds": 2**31 - 1}, 3631),
        ({"holderIdentity": "bob", "renewTime": "2026-03-01T11:59:50Z"}, 21),
        ({"holderIdentity": "bob", "renewTime": "2026-03-01T10:00:00Z", "leaseDurationSeconds": 2**31 - 1}, None),
        ({"holderIdentity": "bob", "renewTime": "never"}, 31),
        ({}, None),
    ],
)
def test_a_lease_that_was_spoiled_does_not_hold_for_ever(spec: dict[str, Any], remaining: int | None) -> None:
    """A sign of life from the year 9999, or a Lease of sixty years, is some hand's; nor is it a traceback."""
    holder = lease._holder({"spec": spec}, NOW)
    assert (holder.remaining if holder is not None else None) == remaining


def test_a_holder_with_a_number_that_is_no_process() -> None:
    assert not is_dead(f"anna@ops-1 apply pid {'9' * 5000}", Operator("anna", "ops-1", 1))


def test_that_nobody_reads_is_no_reason_to_stop() -> None:
    """An apply whose output goes to a program that has ended is carried out all the same."""

    class Closed:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    Lines(cast("TextIO", Closed()), "party 9999").step("writing")


def test_values_of_secrets_do_not_stand_in_findings() -> None:
    """What the cluster or a program of a pod says may repeat them, plain or as Kubernetes writes them."""
    planned = thing("Secret", "mysql", stringData={"user": "fate-user", "password": "${secret:generate}"})
    filled = desired(secret("mysql", user="fate-user", password="Geheim9999"), "secrets.yaml")
    values = values_of(folder_of(secrets=[planned]), [filled])
    said = Diagnostic(
        Fault("FED911", "rollout_failed"),
        "user fate-user was refused with Geheim9999",
        Place(),
        "look",
        (Note("log: R2VoZWltOTk5OQ=="),),
    )
    (found,) = masked([said], values)
    assert found.message == "user fate-user was refused with ***"
    assert found.notes[0].message == "log: ***"
