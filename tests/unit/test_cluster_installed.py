"""Whether a change of a release took effect: waited for, stale pods restarted, and compared with the plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from planner.channels import Channel
from planner.checks import (
    broken_live_table,
    door_closed,
    earlier_revision,
    not_confirmed,
    other_chart_runs,
    release_failed,
    release_missing,
    release_stuck,
    stale_pods,
    wrong_live_route,
)
from planner.diagnostics import Diagnostic, Place
from planner.site_json import Dial, OpenDoor
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Silent
from renderers.cluster.folder import SiteFolder
from renderers.cluster.installed import NO_RELEASES, Confirmed, Releases, confirm, observe, releases
from renderers.cluster.record import Record
from renderers.cluster.references import Document, Reference, reference
from renderers.cluster.stale_pods import MARK
from tests.unit.chart_double import (
    FIRST,
    INSTALLATION,
    LATER,
    NAME,
    NAMESPACE,
    Live,
    config_map,
    manifest,
    mounted,
    pod_of,
    release,
    site,
    workload,
    written,
)
from tests.unit.cluster_double import forbidden, places_of, thing

BETWEEN = "2026-03-01T12:20:00Z"


class Steps(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Restarting(Live):
    """A cluster that makes the pods of a workload anew when its template is changed."""

    def merge(self, patch: Any, wanted: Reference, deadline: Deadline) -> None:
        super().merge(patch, wanted, deadline)
        mark = patch["spec"]["template"]["metadata"]["annotations"]
        owner = next(each for each in self.documents if reference(each).key == wanted.key)
        others = [
            each for each in self.documents if each["kind"] != "Pod" or wanted.name not in each["metadata"]["name"]
        ]
        self.documents = [*others, pod_of(owner, made="2026-03-01T12:59:00Z", annotations=mark)]


def confirmed(
    server: Live, folder: SiteFolder | None = None, before: Releases = NO_RELEASES, display: Silent | None = None
) -> Confirmed:
    folder = folder or site()
    deadline = Deadline(600, server.clock)
    given = folder.installations, before, deadline, display or Silent(), places_of(folder)
    return confirm(server.api, folder, *given)


def codes(found: Confirmed | Sequence[Diagnostic]) -> list[str]:
    return [each.fault.code for each in (found.diagnostics if isinstance(found, Confirmed) else found)]


def conf() -> Document:
    volume, mount = mounted("python-config", "/data/projects/fate/conf-tmp/")
    return workload("python", volume, mounts=[mount])


def running(owner: Document, changed: str = FIRST, pod: Document | None = None, **more: Any) -> tuple[Document, ...]:
    """A site of one workload that runs; what changed later is not what Helm has written first."""
    live = config_map("python-config", changed, service_conf__yaml="new")
    first = config_map("python-config", service_conf__yaml="new" if changed == FIRST else "old")
    return owner, live, pod or pod_of(owner), release(1, manifest(written(owner), written(first)), **more)


def test_what_runs_is_confirmed() -> None:
    """Nothing is said of it, and nothing is written."""
    server = Live(running(conf()))
    found = confirmed(server)
    assert (codes(found), found.restarted, found.notes) == ([], (), ())
    assert [(state.name, state.ready) for state in found.states] == [("python", 1)]
    assert found.is_good
    assert server.merged == []
    latest = found.releases.latest(INSTALLATION)
    assert latest is not None
    assert latest.revision == 1


def test_stale_pods_are_restarted() -> None:
    """It is announced; the mark is the same for the same configuration."""
    steps = Steps()
    for _ in range(2):
        server = Restarting(running(conf(), LATER, pod_of(conf(), made=BETWEEN)))
        found = confirmed(server, display=steps)
        assert codes(found) == []
        assert [each.name for each in found.restarted] == ["python"]
    assert len(set(steps.said[1::2])) == 1
    begin = "restarting Deployment fate-9999/python: service_conf.yaml of ConfigMap python-config changed on"
    assert steps.said[1].startswith(begin)
    ((wanted, patch),) = server.merged
    assert (wanted.kind, wanted.name) == ("Deployment", "python")
    assert list(patch["spec"]["template"]["metadata"]["annotations"]) == [MARK]


def test_without_the_right_the_command_is_told() -> None:
    """For somebody who may."""
    server = Live(running(conf(), LATER, pod_of(conf(), made=BETWEEN)), locked=True)
    found = confirmed(server)
    assert codes(found) == ["FED978"]
    assert "`kubectl --context bank-prod -n fate-9999 rollout restart deployment/python`" in found.diagnostics[0].hint
    assert found.diagnostics[0].notes[-1].message == "it could not be restarted: secrets is forbidden"
    assert not found.is_good
    assert found.restarted == ()


def test_pods_that_stay_stale_are_told() -> None:
    """A restart that changes nothing is no success."""
    found = confirmed(Live(running(conf(), LATER, pod_of(conf(), made=BETWEEN))))
    assert codes(found) == ["FED978"]
    assert [each.name for each in found.restarted] == ["python"]


def test_a_statefulset_without_pods_is_no_success() -> None:
    """0 of 0 ready pods pass for KubeFATE's service: quota or admission refuse the pods."""
    owner = workload("mysql", kind="StatefulSet", ready=0)
    told: dict[str, Any] = {
        "involvedObject": {"uid": "uid-mysql"},
        "reason": "FailedCreate",
        "message": "exceeded quota: small",
    }
    event = thing("Event", "e", labels={}, lastTimestamp=FIRST, **told)
    server = Live((owner, event, release(1, manifest(written(owner)))))
    found = confirmed(server)
    assert codes(found) == ["FED911"]
    assert found.diagnostics[0].message.endswith("its pods are refused: exceeded quota: small")
    assert server.clock.now() < 120


def test_a_statefulset_without_pods_is_waited_for_without_an_event_too() -> None:
    """The deadline ends that."""
    owner = workload("mysql", kind="StatefulSet", ready=0)
    found = confirmed(Live((owner, release(1, manifest(written(owner))))))
    assert codes(found) == ["FED912"]


def before(*documents: Document) -> Releases:
    return releases(Live(documents).api, site(), Deadline(1))


@pytest.mark.parametrize(
    ("latest", "code", "words"),
    [
        ({"status": "pending-upgrade"}, "FED971", "stuck in pending-upgrade since 2026-03-01 12:00 UTC"),
        (
            {"status": "failed", "description": "no\x1b[31m"},
            "FED972",
            "revision 2 of Helm release fate-9999 failed: no\\x1b",
        ),
        ({"description": "Rollback to 1"}, "FED973", "has gone back to revision 1, as revision 2"),
        ({"version": "v1.10.0"}, "FED974", "runs chart fate v1.10.0, planned is fate v1.11.2"),
        ({"status": "uninstalled"}, "FED970", "there is no Helm release fate-9999 in namespace fate-9999"),
        ({"info": None}, "FED979", "revision 2 of Helm release fate-9999/fate-9999 cannot be read"),
    ],
)
def test_what_helm_says_against_a_site(latest: dict[str, Any], code: str, words: str) -> None:
    """Whatever the service called it in the end; nothing is restarted then."""
    owner, live, pod, first = running(conf(), LATER, pod_of(conf(), made=BETWEEN))
    second = release(2, manifest(written(owner), written(live)), **latest)
    server = Live((owner, live, pod, first, second))
    found = confirmed(server, before=before(first))
    assert code in codes(found)
    assert words in next(each.message for each in found.diagnostics if each.fault.code == code)
    if code != "FED979":
        assert server.merged == []


def test_an_earlier_roll_back_is_no_news() -> None:
    """Only one that came with this change counts."""
    owner, live, pod, _ = running(conf())
    back = release(3, manifest(written(owner), written(live)), description="Rollback to 1")
    assert codes(confirmed(Live((owner, live, pod, back)), before=before(back))) == []


def test_a_release_that_is_not_there() -> None:
    """The service has taken it down again."""
    assert codes(confirmed(Live(()))) == ["FED970"]


def test_without_the_right_to_helm_s_secrets_the_workloads_are_looked_at() -> None:
    """By KubeFATE's label; that the rest is not known is said."""
    owner, live, pod, _ = running(workload("python"))
    found = confirmed(Live((owner, live, pod), hidden=frozenset({"Secret"})))
    assert codes(found) == ["FED979"]
    assert found.is_good
    assert [state.name for state in found.states] == ["python"]


DOOR = OpenDoor(Channel.ROLLSITE, "rollsite", NAMESPACE, "NodePort", "192.168.9.1", 30091, ("party-10000",))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"type": "NodePort", "ports": [{"port": 9370, "nodePort": 30091}]}, ""),
        ({"ports": [{"port": 9370}]}, "it is of type ClusterIP"),
        ({"type": "NodePort", "ports": [{"port": 9370, "nodePort": 31000}]}, "it has 31000"),
        ({"type": "NodePort"}, "it has none"),
        (None, "there is no such Service"),
    ],
)
def test_doors_are_open(spec: dict[str, Any] | None, words: str) -> None:
    """The Service has the port at which others dial."""
    services = () if spec is None else (thing("Service", "rollsite", spec=spec),)
    found = confirmed(Live((*running(conf()), *services)), site(doors=[DOOR]))
    assert codes(found) == (["FED975"] if words else [])
    assert words in "".join(each.message for each in found.diagnostics)


def test_doors_of_other_types() -> None:
    """A load balancer has the Service's own port."""
    service = thing("Service", "rollsite", spec={"type": "LoadBalancer", "ports": [{"port": 9370}]})
    door = DOOR._replace(type="LoadBalancer", port=9370)
    assert codes(confirmed(Live((*running(conf()), service)), site(doors=[door]))) == []
    hidden = Live(running(conf()), hidden=frozenset({"Service"}))
    assert codes(confirmed(hidden, site(doors=[door]))) == ["FED979"]


PEER = Dial(Channel.ROLLSITE, "party-10000", "192.168.10.1", 30101)


def test_wrong_routes_are_told() -> None:
    """With what stands in the ConfigMap; a table that cannot be read is worse than one that is not there."""
    text = json.dumps({"route_table": {"10000": {"default": [{"ip": "10.1.1.1", "port": 1}]}}})
    good = running(conf())
    found = confirmed(Live((*good, config_map("rollsite-config", route_table__json=text))), site(dials=[PEER]))
    assert codes(found) == ["FED976"]
    assert "10000 leads to 10.1.1.1:1, not to 192.168.10.1:30101" in found.diagnostics[0].message
    found = confirmed(Live((*good, config_map("rollsite-config", route_table__json="{"))), site(dials=[PEER]))
    assert codes(found) == ["FED977"]
    assert codes(confirmed(Live(good), site(dials=[PEER]))) == ["FED979"]


def test_a_changed_table_is_seen_in_the_pod() -> None:
    """As with target kubernetes; exec may be refused."""
    volume, mount = mounted("rollsite-config", "/conf/route_table")
    owner = workload("rollsite", volume, mounts=[mount])
    old, new = (config_map("rollsite-config", LATER, route_table__json=text) for text in ('{"route_table": {}}', "{}"))
    first = release(1, manifest(written(owner), written(old)), status="superseded")
    second = release(2, manifest(written(owner), written(new)), begun=LATER)

    class Refusing(Live):
        def run(self, *_: Any) -> None:
            raise forbidden()

    server = Refusing((owner, new, pod_of(owner, made=BETWEEN), first, second))
    found = confirmed(server, before=before(first))
    assert codes(found) == ["FED922"]
    assert "route_table.json of pod rollsite-0 could not be read" in found.diagnostics[0].message
    assert found.restarted == ()
    assert codes(confirmed(server, before=before(second))) == []


def test_only_what_was_changed_is_looked_at() -> None:
    """An apply of one half says nothing of the other."""
    serving = replace(INSTALLATION, part="serving", name="serving", namespace="serving-9999")
    folder = site(
        installations=(INSTALLATION, serving),
        namespaces={"training": NAMESPACE, "serving": "serving-9999"},
        dials=[PEER._replace(channel=Channel.SERVING)],
        doors=[DOOR._replace(namespace="serving-9999")],
    )
    server = Live(running(conf()))
    deadline = Deadline(600, server.clock)
    found = confirm(server.api, folder, (INSTALLATION,), NO_RELEASES, deadline, Silent(), places_of(folder))
    assert codes(found) == []
    assert codes(confirmed(server, folder)) == ["FED970", "FED975", "FED979"]


# Status


def record(state: Any = "applied") -> Record:
    return Record(1, "d" * 64, state, "anna", FIRST, "v1.11.2", "demo", "party-9999")


def test_the_status_of_a_release() -> None:
    """The same as that of target kubernetes, with what confirm would tell; nothing is written."""
    stale = running(conf(), LATER, pod_of(conf(), made=BETWEEN))
    stray = workload("fate-upgrade-manager")
    extra = {"apiVersion": "v1", "kind": "Gateway", "metadata": {"name": "g"}}
    old = config_map("python-config", service_conf__yaml="old")
    first = release(1, manifest(written(stale[0]), written(old), extra))
    server = Forgiving((*stale[:3], first, stray))
    folder = site(dials=[PEER])
    seen = observe(server.api, folder, record(), Deadline(60), places_of(folder))
    assert [state.name for state in seen.states] == ["python"]
    assert seen.is_current
    assert seen.is_ready
    assert seen.drift == ()
    assert seen.strays == ("Deployment fate-9999/fate-upgrade-manager",)
    assert seen.remarks == ("not looked at: Gateway g",)
    assert codes(seen.diagnostics) == ["FED978", "FED979"]
    assert server.merged == []


@dataclass
class Forgiving(Live):
    """A cluster that takes every trial with force, and gives back what is there."""

    def apply(self, document: Document, _: Reference, __: Deadline, *, dry_run: bool, force: bool = False) -> Document:
        assert (dry_run, force) == (True, True)
        return self.get(reference(document), __) or document


def test_the_status_of_what_is_not_there() -> None:
    """Never applied, or taken away by somebody else."""
    seen = observe(Live(()).api, site(), None, Deadline(60), places_of(site()))
    assert codes(seen.diagnostics) == ["FED917"] or seen.record is None
    seen = observe(Live(()).api, site(), record(), Deadline(60), places_of(site()))
    assert "FED970" in codes(seen.diagnostics)
    assert not seen.is_ready


def test_helm_s_own_fields_are_no_drift() -> None:
    """Beside its manifest it owns the server's defaults; what somebody else has added is told."""
    from renderers.cluster.drift import differences

    mark: dict[str, Any] = {"f:annotations": {"f:meta.helm.sh/release-name": {}}}
    helm = {"manager": "kubefate", "fieldsV1": {"f:metadata": mark, "f:spec": {"f:paused": {}}}}
    live = {**workload("python"), "apiVersion": "apps/v1"}
    live["spec"] = {**live["spec"], "paused": True}
    live["metadata"] = {**live["metadata"], "managedFields": [helm]}
    assert differences(live, written(workload("python"))) == ()
    live["metadata"]["managedFields"] = [{**helm, "fieldsV1": {"f:spec": {"f:paused": {}}}}]
    assert [each.manager for each in differences(live, written(workload("python")))] == ["kubefate"]


# Findings

HERE = Place(("parties", 0))
EXAMPLES = (
    (release_missing, release_missing.release_missing(HERE, NAMESPACE, NAME)),
    (release_stuck, release_stuck.release_stuck(HERE, NAMESPACE, NAME, "pending-upgrade", 3, "2026-03-01 12:04 UTC")),
    (release_failed, release_failed.release_failed(HERE, NAME, 3, "the hook pre-upgrade failed", "party-9999")),
    (earlier_revision, earlier_revision.earlier_revision(HERE, NAME, 1, 4)),
    (other_chart_runs, other_chart_runs.other_chart_runs(HERE, NAMESPACE, NAME, "fate v1.10.0", "fate v1.11.2")),
    (door_closed, door_closed.door_closed(HERE, NAMESPACE, "rollsite", "NodePort 30091", "it is of type ClusterIP")),
    (
        wrong_live_route,
        wrong_live_route.wrong_live_route(HERE, "rollsite-config", "10000", "10.1.1.1:30000", "10.9.9.9:30101"),
    ),
    (
        broken_live_table,
        broken_live_table.broken_live_table(HERE, "route_table.json of ConfigMap rollsite-config", "it is not JSON"),
    ),
    (
        stale_pods,
        stale_pods.stale_pods(
            HERE,
            "StatefulSet python",
            ("service_conf.yaml of ConfigMap python-config changed on 2026-03-01 at 12:04:07 UTC",),
            "kubectl --context bank-prod -n fate-9999 rollout restart statefulset/python",
            'statefulsets.apps "python" is forbidden',
        ),
    ),
    (not_confirmed, not_confirmed.not_confirmed(HERE, "party-9999", "no right to list secrets")),
)


@pytest.mark.parametrize(("module", "found"), EXAMPLES, ids=[found.fault.code for _, found in EXAMPLES])
def test_the_manual_page_shows_what_is_said(module: Any, found: Diagnostic) -> None:
    """Severity, code, message, notes and hint stand in the example as they are made."""
    page, fault = str(module.__doc__), found.fault
    assert fault is module.FAULT
    assert f"{fault.severity}[{fault.code}]: {found.message}\n" in page
    assert f"hint: {found.hint}" in page
    assert all(f"note: {note.message}\n" in page for note in found.notes)


def test_other_ways_to_say_it() -> None:
    """Where less is known, or more."""
    assert "stuck in pending-install" in release_stuck.release_stuck(HERE, "a", "b", "pending-install", 1, "").message
    assert "Helm does not say why" in release_failed.release_failed(HERE, NAME, 3, "", "party-9999").message
    stray = wrong_live_route.wrong_live_route(HERE, "c", "default", "10.1.1.1:1", "")
    assert stray.message.endswith("default leads to 10.1.1.1:1, of which the plan says nothing")
    assert "leads nowhere, not to" in wrong_live_route.wrong_live_route(HERE, "c", "1", "", "a:1").message
    many = stale_pods.stale_pods(HERE, "Deployment a", tuple("abcdef"), "x")
    assert [note.message for note in many.notes] == ["a", "b", "c", "and 3 more have changed"]
