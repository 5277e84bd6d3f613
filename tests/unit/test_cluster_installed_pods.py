"""Pods that have read an earlier configuration: which they are, and which they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from renderers.cluster.chart_objects import as_folder
from renderers.cluster.helm_releases import Releases, releases
from renderers.cluster.pod_files import hot_tables, uses_of
from renderers.cluster.references import Document
from renderers.cluster.stale_pods import MARK, Look, find, restart_command
from tests.unit.chart_double import (
    FIRST,
    INSTALLATION,
    LATER,
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
from tests.unit.cluster_double import DEADLINE, thing

BETWEEN = "2026-03-01T12:20:00Z"
"""After the first revision, and long before the second."""
SOON = "2026-03-01T12:31:00Z"
"""A minute after the second."""
LONG_AFTER = "2026-03-01T12:50:00Z"


def looked(
    owner: Document, pod: Document, live: Sequence[Document], revisions: Sequence[Document] = (), **more: Any
) -> Look:
    """What is stale of a site of one workload."""
    of_helm = revisions or (release(1, manifest(written(owner))),)
    server = Live((owner, pod, *live, *of_helm), **more)
    seen = releases(server.api, site(), DEADLINE)
    running = as_folder(site(), seen).folder
    return find(server.api, running, seen.of(INSTALLATION), DEADLINE)


def properties(*, path: str = "/conf/application.properties", sub: str = "application.properties") -> Document:
    volume, mount = mounted("serving-proxy-config", path, sub=sub)
    return workload("serving-proxy", volume, mounts=[mount])


@pytest.mark.parametrize(
    ("made", "started", "is_stale"),
    [
        (BETWEEN, "", True),
        (LATER, "", False),
        (LONG_AFTER, "", False),
        (BETWEEN, SOON, True),
        (BETWEEN, LONG_AFTER, False),
    ],
    ids=["before", "in the same second", "after", "restarted too soon", "restarted later"],
)
def test_a_file_that_is_mounted_by_itself_is_never_refreshed(made: str, started: str, *, is_stale: bool) -> None:
    """So a container has what was there when it was started; the kubelet needs a while in a pod that runs."""
    owner = properties()
    live = config_map("serving-proxy-config", LATER, application__properties="new")
    seen = looked(owner, pod_of(owner, made=made, started=started), [live])
    assert [each.workload.name for each in seen.stale] == ["serving-proxy"] * is_stale
    if is_stale:
        (found,) = seen.stale
        assert found.reasons == ("data of ConfigMap serving-proxy-config changed on 2026-03-01 at 12:30:00 UTC",)
        assert (found.pods, found.what) == (("serving-proxy-0",), "Deployment fate-9999/serving-proxy")


def revisions_of(owner: Document, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Document]:
    """Two revisions that differ in a ConfigMap."""
    texts = [thing("ConfigMap", name, data=dict(data)) for data in (before, after)]
    first = release(1, manifest(written(owner), written(texts[0])), status="superseded")
    return [first, release(2, manifest(written(owner), written(texts[1])), begun=LATER)]


def test_only_what_a_container_reads_counts() -> None:
    """The revision that was live when it began tells which keys are others now."""
    before = {"application.properties": "old", "route_table.json": "{}"}
    owner = properties()
    live = config_map("serving-proxy-config", LATER, application__properties="old", route_table__json="{1}")
    revisions = revisions_of(owner, "serving-proxy-config", before, {**before, "route_table.json": "{1}"})
    assert looked(owner, pod_of(owner, made=BETWEEN), [live], revisions).stale == ()
    live = config_map("serving-proxy-config", LATER, application__properties="new", route_table__json="{1}")
    (found,) = looked(owner, pod_of(owner, made=BETWEEN), [live], revisions).stale
    assert found.reasons[0].startswith("application.properties of ConfigMap serving-proxy-config changed on")


def test_labels_that_helm_has_changed_are_no_change() -> None:
    """The server tells when Helm wrote the object, whatever it wrote."""
    owner, same = properties(), {"application.properties": "same"}
    live = config_map("serving-proxy-config", LATER, application__properties="same")
    revisions = revisions_of(owner, "serving-proxy-config", same, same)
    assert looked(owner, pod_of(owner, made=BETWEEN), [live], revisions).stale == ()


def test_what_began_while_helm_was_at_work_may_have_either() -> None:
    """A revision is written down first, and its ConfigMaps after that."""
    owner = properties()
    live = config_map("serving-proxy-config", "2026-03-01T12:33:00Z", application__properties="new")
    old, new = ({"application.properties": text} for text in ("old", "new"))
    revisions = revisions_of(owner, "serving-proxy-config", old, new)
    assert looked(owner, pod_of(owner, made=SOON), [live], revisions).stale != ()


ROLLSITE = "/data/projects/fate/eggroll/conf/route_table/"


def routed(name: str, config: str, *, path: str = ROLLSITE, sub: str = "") -> Document:
    volume, mount = mounted(config, path, sub=sub)
    return workload(name, volume, mounts=[mount])


@pytest.mark.parametrize(
    ("name", "config", "data"),
    [
        ("rollsite", "rollsite-config", {"route_table.json": "{}"}),
        ("osx", "osx-config", {"route_table.json": "{}", "broker.properties": "same"}),
        ("nginx", "nginx-config", {"route_table.yaml": "10000: {}"}),
        ("python", "pulsar-route-table", {"pulsar_route_table.yaml": ""}),
        ("python", "rabbitmq-route-table", {"rabbitmq_route_table.yaml": ""}),
    ],
)
def test_tables_that_are_read_again_need_no_restart(name: str, config: str, data: dict[str, str]) -> None:
    """As long as nothing else in their folder has changed."""
    owner, key = routed(name, config), next(iter(data))
    new = {**data, key: f"{data[key]} "}
    live = config_map(config, LATER, **new)
    revisions = revisions_of(owner, config, data, new)
    assert looked(owner, pod_of(owner, made=BETWEEN), [live], revisions).stale == ()
    other = {**new, "another.properties": "1"}
    live = config_map(config, LATER, **other)
    (found,) = looked(owner, pod_of(owner, made=BETWEEN), [live], revisions_of(owner, config, data, other)).stale
    assert found.reasons[0].startswith("another.properties of")


def test_without_history_a_table_that_is_read_again_is_no_reason() -> None:
    """Nothing else is in its folder."""
    owner = routed("rollsite", "rollsite-config")
    live = config_map("rollsite-config", LATER, route_table__json="{}")
    assert looked(owner, pod_of(owner, made=BETWEEN), [live]).stale == ()
    owner = routed("nginx", "nginx-config")
    live = config_map("nginx-config", LATER, route_table__yaml="")
    assert looked(owner, pod_of(owner, made=BETWEEN), [live]).stale == ()


def test_the_same_table_mounted_by_itself_needs_one() -> None:
    """As in charts before 1.6."""
    owner = routed("rollsite", "rollsite-config", path=f"{ROLLSITE}route_table.json", sub="route_table.json")
    live = config_map("rollsite-config", LATER, route_table__json="{}")
    assert looked(owner, pod_of(owner, made=BETWEEN), [live]).stale != ()


def test_nginx_never_forgets_a_route() -> None:
    """An entry that is gone from its table stays in its memory until it is started again."""
    owner = routed("nginx", "nginx-config")
    old, new = ({"route_table.yaml": text} for text in ("10000: {}\n10001: {}\n", "10000: {}\n"))
    live = config_map("nginx-config", LATER, **new)
    seen = looked(owner, pod_of(owner, made=BETWEEN), [live], revisions_of(owner, "nginx-config", old, new))
    assert seen.stale != ()


def test_init_containers_have_read_at_the_start_of_their_pod() -> None:
    """Their files count, though the folder is refreshed."""
    volume, mount = mounted("rollsite-config", ROLLSITE)
    owner = workload("rollsite", volume)
    owner["spec"]["template"]["spec"]["initContainers"] = [{"name": "copies", "volumeMounts": [mount]}]
    pod = pod_of(owner, made=BETWEEN)
    done = {"name": "copies", "state": {"terminated": {"exitCode": 0, "startedAt": BETWEEN}}}
    pod["status"]["initContainerStatuses"] = [done]
    live = config_map("rollsite-config", LATER, route_table__json="{}")
    assert looked(owner, pod, [live]).stale != ()


def test_variables_and_secrets_count() -> None:
    """Of a Secret it is known when it changed, and nothing else of it is looked at."""
    reference = {"secretKeyRef": {"name": "mysql", "key": "password"}}
    owner = workload("python", env=[{"name": "PASSWORD", "valueFrom": reference}, {"name": "PLAIN", "value": "1"}])
    secret = thing("Secret", "mysql", data={"password": "c2VjcmV0"})
    changed = {"manager": "kubectl", "time": LATER, "fieldsV1": {"f:data": {}}}
    secret["metadata"] |= {"managedFields": [changed], "resourceVersion": "7"}
    (found,) = looked(owner, pod_of(owner, made=BETWEEN), [secret]).stale
    assert found.reasons == ("data of Secret mysql changed on 2026-03-01 at 12:30:00 UTC",)
    seen = looked(owner, pod_of(owner, made=BETWEEN), [], hidden=frozenset())
    assert seen.stale == ()


def test_what_may_not_be_looked_at_is_said() -> None:
    """Whether pods have it is then not known."""
    volume, mount = mounted("traffic-server-cert", "/opt/proxy", kind="secret")
    owner = workload("traffic-server", volume, mounts=[mount])
    server = Live((owner, pod_of(owner)), hidden=frozenset({"Secret"}))
    running = as_folder(site(), Releases({}, {})).folder
    objects = (replace_object(owner),)
    seen = find(server.api, replace(running, objects=objects), (), DEADLINE)
    assert seen.notes == (
        "whether pods have read Secret traffic-server-cert of fate-9999 is not known: no right to get it",
    )


def replace_object(document: Document) -> Any:
    from tests.unit.cluster_double import desired

    return desired(document)


def test_a_server_that_does_not_tell_when_is_believed_nothing() -> None:
    """Some proxies take managedFields out."""
    owner, live = properties(), config_map("serving-proxy-config", LATER, application__properties="new")
    del live["metadata"]["managedFields"]
    seen = looked(owner, pod_of(owner), [live])
    assert seen.stale == ()
    (note,) = seen.notes
    assert note.startswith(
        "whether pods have read ConfigMap serving-proxy-config of fate-9999 is not known: the server"
    )


def test_scripts_for_an_empty_database_are_no_configuration() -> None:
    """MySQL runs them once in its life."""
    volume, mount = mounted("mysql-config", "/docker-entrypoint-initdb.d/")
    owner = workload("mysql", volume, mounts=[mount], kind="StatefulSet")
    assert uses_of(owner) == ()


def test_keys_that_are_mounted_under_other_names() -> None:
    """What counts are the keys."""
    volume: dict[str, Any] = {"name": "v", "configMap": {"name": "c", "items": [{"key": "a", "path": "x/b"}]}}
    mounts = [{"name": "v", "mountPath": "/b", "subPath": "x/b"}, {"name": "v", "mountPath": "/x", "subPath": "x"}]
    by_file, by_folder = uses_of(workload("python", volume, mounts=mounts))
    assert by_file.keys == by_folder.keys == frozenset({"a"})
    source = {"projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}, {"downwardAPI": {}}]}}
    uses = uses_of(workload("python", {"name": "v", **source}, mounts=[{"name": "v", "mountPath": "/"}]))
    assert [(str(use.source), use.at_start) for use in uses] == [("Secret s", False), ("ConfigMap c", False)]
    env = [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}]
    uses = uses_of(workload("python", envFrom=env))
    assert [(str(use.source), use.at_start) for use in uses] == [("ConfigMap c", True), ("Secret s", True)]


def test_a_pod_that_was_restarted_for_it_is_not_stale() -> None:
    """Whatever the clocks of nodes say: its annotation names the very state."""
    owner, live = properties(), config_map("serving-proxy-config", LATER, application__properties="new")
    (found,) = looked(owner, pod_of(owner, made=BETWEEN), [live]).stale
    marked = pod_of(owner, made=BETWEEN, annotations={MARK: found.mark})
    assert looked(owner, marked, [live]).stale == ()
    live = config_map("serving-proxy-config", LATER, application__properties="newer")
    (again,) = looked(owner, marked, [live]).stale
    assert again.mark != found.mark


def test_pods_that_end_or_have_not_begun_are_not_stale() -> None:
    """The first go anyhow, the others will read what is there."""
    owner, live = properties(), config_map("serving-proxy-config", LATER, application__properties="new")
    ending = pod_of(owner, made=BETWEEN)
    ending["metadata"]["deletionTimestamp"] = LATER
    assert looked(owner, ending, [live]).stale == ()
    waiting = pod_of(owner, made=BETWEEN)
    waiting["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ContainerCreating"}}
    assert looked(owner, waiting, [live]).stale == ()


def test_a_workload_that_is_gone_has_no_pods() -> None:
    """It is missed elsewhere."""
    owner = properties()
    server = Live(())
    running = replace(site(), objects=(replace_object(owner),))
    assert find(server.api, running, (), DEADLINE) == Look((), ())


def test_the_command_for_somebody_who_may() -> None:
    """It can be run as it stands."""
    owner = properties()
    running = replace_object(owner)
    assert restart_command(Live(()).api, running.reference) == (
        "kubectl --context bank-prod -n fate-9999 rollout restart deployment/serving-proxy"
    )


def test_route_tables_that_are_read_again_are_found_in_pods() -> None:
    """With the path of the file in the pod."""
    rollsite, table = routed("rollsite", "rollsite-config"), config_map("rollsite-config", route_table__json="{}")
    nginx = routed("nginx", "nginx-config", path="/conf/nginx.conf", sub="nginx.conf")
    running = replace(site(), objects=tuple(map(replace_object, (rollsite, nginx, table))))
    (found,) = hot_tables(running)
    assert (found.kind, found.workload, found.container, found.seconds) == ("Deployment", "rollsite", "rollsite", 60)
    assert found.path == f"{ROLLSITE}route_table.json"
    assert (found.namespace, found.config_map, found.key) == (NAMESPACE, "rollsite-config", "route_table.json")
    assert FIRST < LATER


OLD: dict[str, Any] = {"version_number": (1, 20)}
"""A server that tells in managedFields only when a field came or went."""


def test_an_old_server_does_not_tell_of_every_change() -> None:
    """What Helm wrote after a pod was made has changed all the same, whatever managedFields say."""
    owner = properties()
    old, new = ({"application.properties": text, "route_table.json": "{}"} for text in ("old", "new"))
    revisions = revisions_of(owner, "serving-proxy-config", old, new)
    live = config_map("serving-proxy-config", FIRST, **new)
    (found,) = looked(owner, pod_of(owner, made=BETWEEN), [live], revisions, **OLD).stale
    assert found.reasons == (
        "application.properties of ConfigMap serving-proxy-config changed on 2026-03-01 at 12:30:00 UTC",
    )
    assert looked(owner, pod_of(owner, made=BETWEEN), [live], revisions).stale == ()
    assert looked(owner, pod_of(owner, made=LONG_AFTER), [live], revisions, **OLD).stale == ()
    unchanged = revisions_of(owner, "serving-proxy-config", new, new)
    assert looked(owner, pod_of(owner, made=BETWEEN), [live], unchanged, **OLD).stale == ()


def test_an_old_server_counts_changes() -> None:
    """One that came after the last of the pod's is later than its start; without numbers nothing is known."""
    reference = {"secretKeyRef": {"name": "mysql", "key": "password"}}
    owner = workload("python", env=[{"name": "PASSWORD", "valueFrom": reference}])
    secret, pod = thing("Secret", "mysql", data={"password": "c2VjcmV0"}), pod_of(owner, made=BETWEEN)
    told = {"manager": "kubectl", "time": FIRST, "fieldsV1": {"f:data": {}}}
    for version, is_stale in (("8", True), ("6", False), ("x", False), ("", False)):
        secret["metadata"] |= {"managedFields": [told], "resourceVersion": version}
        pod["metadata"]["resourceVersion"] = "7"
        assert bool(looked(owner, pod, [secret], **OLD).stale) is is_stale
        assert looked(owner, pod, [secret]).stale == ()
