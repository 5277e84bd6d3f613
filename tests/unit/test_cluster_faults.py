"""What a cluster refuses or reports, family 9xx: each says who, what and where, as its manual page shows it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from planner.catalogue import FAULTS
from planner.checks import (
    api_not_served,
    broken_site_folder,
    cluster_unreachable,
    data_kept,
    drifted,
    field_conflict,
    foreign_namespace,
    held_back,
    interrupted_apply,
    lease_held,
    login_refused,
    lost_lease,
    missing_prerequisite,
    missing_right,
    namespace_missing,
    node_port_held,
    not_applied,
    nothing_to_roll_back,
    object_refused,
    quota_exceeded,
    rollout_failed,
    rollout_overdue,
    route_unconfirmed,
    secret_unresolved,
    unknown_context,
    unusable_secret,
    wrong_cluster,
)
from planner.diagnostics import Diagnostic, Place
from planner.wording import option, spoken

HERE = Place(("parties", 0))
SITE = "party-9999"
SERVER = "https://192.168.9.1:6443"
PYTHON = "Deployment fate-9999/python"
SINCE = "2026-03-01 12:04 UTC"
CERTIFICATES = ("broker.cert.pem", "broker.key-pk8.pem", "ca.cert.pem")
EXAMPLES: dict[ModuleType, Diagnostic] = {
    cluster_unreachable: cluster_unreachable.cluster_unreachable(HERE, "bank", SERVER, "connection refused"),
    unknown_context: unknown_context.unknown_context(
        HERE, "bank", "bank-prod", "~/.kube/config", ("bank-test", "shop-prod")
    ),
    wrong_cluster: wrong_cluster.wrong_cluster(HERE, "bank", "bank-prod", SERVER, "https://10.0.0.7:6443"),
    foreign_namespace: foreign_namespace.foreign_namespace(
        HERE, "fate-9999", "bank", "the Helm release fate-9999", SITE
    ),
    object_refused: object_refused.object_refused(HERE, PYTHON, "admission webhook denied it.", SITE),
    node_port_held: node_port_held.node_port_held(HERE, "Service fate-9999/rollsite", "30091", "Service shop/web"),
    quota_exceeded: quota_exceeded.quota_exceeded(
        HERE, "compute", "fate-9999", SITE, "requests.memory 12Gi of 8Gi"
    ),
    field_conflict: field_conflict.field_conflict(HERE, PYTHON, "spec.replicas", "kubectl-edit", "0", "1"),
    missing_right: missing_right.missing_right(
        HERE, "anna", "patch", "statefulsets.apps", "fate-9999", "bank", SITE
    ),
    lease_held: lease_held.lease_held(HERE, SITE, "anna@ops-1 (apply)", "4 seconds", "26 seconds"),
    rollout_failed: rollout_failed.rollout_failed(
        HERE, "StatefulSet fate-9999/mysql", "pod mysql-0 was OOMKilled 4 times", SITE, "mysql-0",
        ("[Server] Cannot allocate memory for the buffer pool",),
    ),
    rollout_overdue: rollout_overdue.rollout_overdue(
        HERE, PYTHON, "0", "1", "10 minutes", SITE,
        "pod python-0: pulling image federatedai/fateflow:1.11.2-release",
    ),
    secret_unresolved: secret_unresolved.secret_unresolved(
        HERE, "env:FATE_MYSQL_PASSWORD", "the variable is not set"
    ),
    unusable_secret: unusable_secret.unusable_secret(
        HERE, "env:FATE_MYSQL_PASSWORD", "mysql password", "it has a line break"
    ),
    missing_prerequisite: missing_prerequisite.missing_prerequisite(
        HERE, "Secret fate-9999/pulsar-cert", "bank", "Pulsar mounts it", CERTIFICATES
    ),
    api_not_served: api_not_served.api_not_served(HERE, "bank", "1.20", "policy/v1 PodDisruptionBudget"),
    login_refused: login_refused.login_refused(HERE, "bank", "bank-prod", "the token has expired"),
    drifted: drifted.drifted(HERE, PYTHON, "spec.replicas", "0", "1", SITE, "kubectl-edit", SINCE),
    nothing_to_roll_back: nothing_to_roll_back.nothing_to_roll_back(
        HERE, SITE, "only one plan of it was ever applied"
    ),
    interrupted_apply: interrupted_apply.interrupted_apply(HERE, SITE, "anna@ops-1", SINCE),
    held_back: held_back.held_back(HERE, SITE, "exchange-hub"),
    route_unconfirmed: route_unconfirmed.route_unconfirmed(HERE, "rollsite-0", "route_table.json", "3 minutes", SITE),
    broken_site_folder: broken_site_folder.broken_site_folder(HERE, "the file is not the one that site.json lists"),
    not_applied: not_applied.not_applied(HERE, SITE, "bank", "it was never applied"),
    data_kept: data_kept.data_kept(HERE, SITE, "PersistentVolumeClaim fate-9999/mysql-data", "bank"),
    lost_lease: lost_lease.lost_lease(HERE, SITE, "ben@ops-2"),
    namespace_missing: namespace_missing.namespace_missing(HERE, "fate-9999", "bank", "anna", SITE),
}  # fmt: skip
"""What each manual page shows, made by the function that makes it."""


@pytest.mark.parametrize("module", EXAMPLES, ids=lambda module: module.FAULT.code)
def test_the_manual_page_shows_what_is_said(module: ModuleType) -> None:
    """Severity, code, message, notes and hint stand in the example as they are made."""
    found, page = EXAMPLES[module], str(module.__doc__)
    fault = found.fault
    assert fault is module.FAULT
    assert f"{fault.severity}[{fault.code}]: {found.message}\n" in page
    assert f"hint: {found.hint}" in page
    assert all(f"note: {note.message}\n" in page for note in found.notes)


def test_every_fault_of_clusters_has_an_example() -> None:
    """No page of the family up to FED927 is left out; later ones are made beside what finds them."""
    assert set(EXAMPLES) == {module for module in FAULTS if "FED901" <= module.FAULT.code <= "FED927"}


OTHERS: tuple[tuple[Diagnostic, str], ...] = (
    (unknown_context.no_context(HERE, "bank", "~/.kube/config", ("a", "b")), "the kubeconfig has a, b"),
    (unknown_context.no_context(HERE, "bank", "~/.kube/config", ()), "give --context, or write `context`"),
    (unknown_context.broken_kubeconfig(HERE, "/x", "no such file."), "/x cannot be used as a kubeconfig: no such file"),
    (unknown_context.unknown_context(HERE, "bank", "a", "/x", ()), "name another kubeconfig with KUBECONFIG"),
    (object_refused.refused_midway(HERE, PYTHON, "no", SITE), "which it took in the trial: no"),
    (node_port_held.node_port_held(HERE, "Service a/b", "30091", ""), "another Service of the cluster"),
    (field_conflict.field_conflict(HERE, "Secret a/b", "data.password", "vault", "", ""), "vault set data.password"),
    (missing_right.missing_right(HERE, "", "create", "namespaces", "", "bank", SITE), "this login may not create"),
    (rollout_failed.rollout_failed(HERE, PYTHON, "no", SITE), "does not start: no"),
    (rollout_overdue.rollout_overdue(HERE, PYTHON, "0", "1", "a minute", SITE), "0 of 1 pods"),
    (secret_unresolved.secret_unresolved(HERE, "file:/run/x", "no such file"), "put the secret into /run/x"),
    (secret_unresolved.secret_unresolved(HERE, "secret:a/b#c", "not found"), "make Secret a/b with key c first"),
    (missing_prerequisite.missing_prerequisite(HERE, "StorageClass fast", "bank", "volumes"), "make it, then run"),
    (missing_prerequisite.missing_keys(HERE, "Secret a/b", "bank", "x", ("k",)), "has no key k: x"),
    (drifted.drifted(HERE, "Secret a/b", "data.password", "", "", SITE), "differs from what was applied"),
    (drifted.drifted(HERE, PYTHON, "spec.x", "", "1", SITE), "is gone, applied was 1"),
    (drifted.vanished(HERE, PYTHON, SITE), "was applied and is gone"),
    (route_unconfirmed.route_unconfirmed(HERE, "p", "f", "1 s", SITE, "exec was refused"), "could not be read: exec"),
    (lost_lease.lost_lease(HERE, "exchange-hub", ""), "exchange hub is no longer held by this apply"),
    (namespace_missing.namespace_missing(HERE, "a", "bank", "", "exchange-hub"), "`invoke rbac --site exchange-hub`"),
)


@pytest.mark.parametrize(("found", "part"), OTHERS, ids=[part for _, part in OTHERS])
def test_the_other_ways_to_say_it(found: Diagnostic, part: str) -> None:
    """Where less is known, the sentence is still whole and can be acted on."""
    assert part in f"{found.message} / {found.hint}"
    assert found.hint
    for text in (found.message, found.hint, *(note.message for note in found.notes)):
        assert "\n" not in text
        assert "  " not in text
        assert not text.endswith(".")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("denied.\n  reason: no\t", "denied. reason: no"),
        ("all is lost.", "all is lost"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("x" * 600, "x" * 500 + " ..."),
        ("", ""),
    ],
)
def test_words_of_others_are_one_safe_line(text: str, expected: str) -> None:
    """What a server says cannot break the layout, or act on the terminal."""
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("site", "expected"), [("party-9999", "--party 9999"), ("exchange-hub", "--site exchange-hub")]
)
def test_the_option_that_names_a_site(site: str, expected: str) -> None:
    """The command in a hint can be run as it stands."""
    assert option(site) == expected


def test_no_secret_is_shown() -> None:
    """Functions that are told of a secret are told its reference, and there is no way to give them its value."""
    makers: tuple[Callable[..., Diagnostic], ...] = (
        secret_unresolved.secret_unresolved,
        unusable_secret.unusable_secret,
    )
    names = {name for maker in makers for name in maker.__annotations__}
    assert names == {"place", "reference", "reason", "use", "return"}
