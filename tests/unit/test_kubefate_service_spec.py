"""Target kubefate without a service: what is read of its answers, compared, foreseen, and where a login comes from."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from planner.diagnostics import Place
from planner.model import Service
from planner.prerequisites import Prerequisite
from planner.site_json import GivenSecret, Installation
from renderers.cluster.display import Lines
from renderers.cluster.drift import FieldChange
from renderers.cluster.kept_claims import claims_in, without_claims
from renderers.cluster.masking import long_enough
from renderers.cluster.preview import Action
from renderers.kubefate_service import chart_packages, shapes
from renderers.kubefate_service.client_config import Settings, client_config, is_url, settings
from renderers.kubefate_service.errors import OddAnswerError
from renderers.kubefate_service.following import as_workloads, is_well, workloads
from renderers.kubefate_service.for_administrators import asked_for, commands, given_command
from renderers.kubefate_service.foreseen import has_upgrade_manager, refusals, unpublished, version_order
from renderers.kubefate_service.masked_display import MaskedDisplay
from renderers.kubefate_service.planned_clusters import PlannedCluster
from renderers.kubefate_service.proxies import proxy_for
from renderers.kubefate_service.removing import _takes_claims
from renderers.kubefate_service.shapes import Job, StoredCluster, SubJob
from renderers.kubefate_service.spec_difference import canonical, differences
from renderers.kubefate_service.surveying import Survey, is_silent, step_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATA: dict[str, Any] = {
    "name": "fate-9999",
    "namespace": "fate-9999",
    "chartName": "fate",
    "chartVersion": "v1.11.2",
    "partyId": 9999,
    "modules": ["rollsite", "python"],
    "rollsite": {"partyList": [{"partyId": 10000, "partyIp": "192.0.2.1", "partyPort": 30091}]},
    "mysql": {"user": "fate", "password": "Zq7thePassword0fMysql"},
}
SECRET = frozenset({("mysql", "password")})


def planned(**changes: Any) -> PlannedCluster:
    """The planned cluster, with other data where asked for."""
    data = {**DATA, **changes}
    chart, version = str(data["chartName"]), str(data["chartVersion"])
    at = Installation("training", "cluster.yaml", "fate-9999", "fate-9999", chart, version)
    return PlannedCluster(at, data, SECRET)


def stored(**changes: Any) -> StoredCluster:
    """A cluster as a service of v1.4.5 tells it."""
    told: dict[str, Any] = {
        "uuid": "24bb75ff",
        "name": "fate-9999",
        "namespaces": "fate-9999",
        "chart_name": "fate",
        "chart_version": "v1.11.2",
        "Spec": DATA,
        "revision": 1,
        "helm_revision": 0,
        "status": "Running",
        "DeletedAt": None,
        **changes,
    }
    return shapes.cluster(told)


def job(**changes: Any) -> Job:
    """A job as a service of v1.4.5 tells it."""
    told: dict[str, Any] = {
        "uuid": "87fa06bf",
        "start_time": "2026-03-01T11:50:00Z",
        "end_time": "0001-01-01T00:00:00Z",
        "method": "ClusterInstall",
        "cluster_id": "24bb75ff",
        "creator": "admin",
        "status": "Running",
        "time_limit": 3_600_000_000_000,
        "states": ["update job status to Running", "checkout Cluster status [12]"],
        "meta_data": {"name": "fate-9999", "namespace": "fate-9999", "data": "c2VjcmV0"},
        "UpdatedAt": "2026-03-01T11:59:58Z",
        **changes,
    }
    return shapes.job(told)


def seen(*clusters: StoredCluster, jobs: tuple[Job, ...] = (), dead: tuple[str, ...] = ()) -> Survey:
    """What a service has."""
    return Survey(clusters, jobs, NOW, frozenset(dead))


# ---------------------------------------------------------------------------------------------------------------------
# Shapes


def test_cluster_of_the_newest_generation() -> None:
    """Everything that is told is read; a deleted row says so by its time."""
    found = stored(
        CreatedAt="2026-03-01T10:00:00+01:00",
        Info={
            "ip": "192.0.2.9",
            "port": 30091,
            "dashboard": ["party9999.fateboard.example.com"],
            "status": {"deployments": {"python": "Available"}, "statefulSets": {"mysql": "Progressing"}},
        },
    )
    assert (found.shown, found.chart, found.installed, found.is_deleted) == (
        "fate-9999/fate-9999",
        "fate",
        "v1.11.2",
        False,
    )
    assert found.created == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert found.info is not None
    assert [(each.kind, each.name, each.is_well) for each in found.info.modules] == [
        ("Deployment", "python", True),
        ("StatefulSet", "mysql", False),
    ]
    assert stored(DeletedAt="2026-03-01T10:00:00Z").is_deleted
    assert stored(DeletedAt={"Time": "2026-03-01T10:00:00Z", "Valid": True}).is_deleted


def test_cluster_of_the_oldest_generation() -> None:
    """v1.0.x has no Spec, a repository before the chart's name, and keeps deleted clusters by their state."""
    found = stored(Spec=None, values='{"name": "fate-9999", "partyId": 9999}', chart_name="kubefate/fate")
    assert (found.spec, found.chart) == ({"name": "fate-9999", "partyId": 9999}, "fate")
    assert stored(status="Deleted").is_deleted


def test_job_of_every_generation() -> None:
    """What a job says is in its states, before v1.3.0 in its one result; sub-jobs were names at first."""
    new = job(sub_jobs={"mysql": {"ModuleName": "mysql", "Status": "Running", "ModulesStatus": "Progressing"}})
    assert [(each.name, each.status, each.detail) for each in new.sub_jobs] == [("mysql", "Running", "Progressing")]
    assert (new.name, new.namespace, new.limit, new.ended) == ("fate-9999", "fate-9999", timedelta(hours=1), None)
    middle = job(states=None, meta_data=None, result="install success", sub_jobs=None)
    assert (middle.states, middle.name, middle.last_word) == (("install success",), "", "install success")
    old = job(states=None, meta_data=None, sub_jobs=None, **{"sub-jobs": ["mysql"], "UpdatedAt": None})
    assert [each.name for each in old.sub_jobs] == ["mysql"]
    assert old.updated is None


def test_last_word_of_a_failed_job() -> None:
    """The words that name a failure, not those about what was done after it."""
    states = ["update job status to Running", "UPGRADE FAILED: cannot patch", "Cluster run rollback Success"]
    assert job(states=states, status="Rollback").last_word == "UPGRADE FAILED: cannot patch"
    assert job(states=["Cluster update Success", "Checkout Cluster status timeOut!"]).last_word == (
        "Checkout Cluster status timeOut!"
    )


def test_texts_of_a_service_are_cleaned() -> None:
    """No escape for a terminal, no line break, no endless text."""
    found = job(states=["helm install error, \x1b[31mred\nsecond line" + 1000 * "x"])
    assert found.last_word.isprintable()
    assert len(found.last_word) < 600


@pytest.mark.parametrize(
    "given",
    [None, [], "text", 3, {}, {"uuid": 3, "name": "a"}, {"uuid": "a"}, {"uuid": "a", "name": None}],
)
def test_what_is_no_cluster(given: Any) -> None:
    """Something without a name is told as odd, never as a traceback."""
    with pytest.raises(OddAnswerError):
        shapes.cluster(given)


@pytest.mark.parametrize("odd", [[], {}, 3, "x", True, None, [None], {"a": None}, {"a": {"b": []}}, 1e400])
def test_odd_values_are_taken_as_absent(odd: Any) -> None:
    """Whatever stands in a place that is not needed, reading goes on."""
    keys = ("namespaces", "status", "Spec", "values", "revision", "CreatedAt", "DeletedAt", "Info", "chart_name")
    for key in keys:
        shapes.cluster({"uuid": "a", "name": "b", key: odd})
    shapes.cluster({"uuid": "a", "name": "b", "Info": {"status": odd, "dashboard": odd, "port": odd, "modules": odd}})
    for key in ("states", "sub_jobs", "sub-jobs", "meta_data", "start_time", "time_limit", "result", "UpdatedAt"):
        shapes.job({"uuid": "a", key: odd})
    for key in ("name", "version", "values_template", "app_version"):
        shapes.chart({"uuid": "a", key: odd})
    shapes.user({"username": odd})


def test_namespaces_have_capital_keys() -> None:
    """`/v1/namespace/` is the one route that writes its keys so."""
    found = shapes.namespace({"Name": "fate-9999", "Status": "Active", "Age": "3d", "Labels": None})
    assert (found.name, found.status, found.age) == ("fate-9999", "Active", "3d")


def test_empty_list_is_null() -> None:
    """Go writes an empty list as null; anything but a list is odd."""
    assert shapes.listed(None) == []
    with pytest.raises(OddAnswerError):
        shapes.listed({})


# ---------------------------------------------------------------------------------------------------------------------
# Differences


def test_no_difference_where_none_is_meant() -> None:
    """Floats of Go, another order of modules, and null in place of nothing change nothing."""
    before = {**DATA, "partyId": 9999.0, "modules": ["python", "rollsite"], "tolerations": [], "affinity": None}
    assert differences(before, DATA, SECRET) == ()


def test_items_are_matched_by_what_they_are_called() -> None:
    """One more peer is one difference; a moved one is told by its field."""
    peers = [{"partyId": 10001, "partyIp": "192.0.2.2"}, {"partyId": 10000, "partyIp": "192.0.2.7", "partyPort": 30091}]
    after = {**DATA, "rollsite": {"partyList": peers}}
    assert differences(DATA, after, SECRET) == (
        FieldChange("rollsite.partyList[10001]", "", '{"partyId": 10001, "partyIp": "192.0.2.2"}'),
        FieldChange("rollsite.partyList[10000].partyIp", "192.0.2.1", "192.0.2.7"),
    )


def test_values_of_secrets_are_not_told() -> None:
    """Neither the old nor the new one: not in its place, not in a block that is new, not by its key's name."""
    changes = differences(
        {"mysql": {"password": "old-Secret-1"}, "a": {"token": "old-Secret-2"}},
        {"mysql": {"password": "new-Secret-1"}, "a": "plain", "b": {"redis": {"password": "new-Secret-2"}}},
        SECRET,
    )
    assert {change.path for change in changes} == {"mysql.password", "a", "b"}
    assert all(not change.live and not change.desired for change in changes)


def test_places_of_secrets_are_not_compared() -> None:
    """What a place stands for is not known where its value is not."""
    assert differences(DATA, {**DATA, "mysql": {"user": "fate", "password": "${secret:env:PW}"}}) == ()


def test_text_and_number_are_told_apart() -> None:
    """A number in quotes is another value, and shown so; truth is no number; an empty text is one."""
    assert differences({"a": "9"}, {"a": 9}) == (FieldChange("a", '"9"', "9"),)
    assert differences({"a": 1}, {"a": True}) == (FieldChange("a", "1", "true"),)
    assert differences({"registry": "reg"}, {"registry": ""}) == (FieldChange("registry", "reg", '""'),)


def test_canonical_keys_are_texts() -> None:
    """As the service reads YAML: keys are texts, and what JSON cannot say is its text."""
    assert canonical({9999: {True: datetime(2026, 3, 1, tzinfo=UTC).date()}}) == {"9999": {"true": "2026-03-01"}}


# ---------------------------------------------------------------------------------------------------------------------
# Steps


def test_steps() -> None:
    """Install what is not there, update what differs, leave what is as planned."""
    assert step_of(planned(), seen()).action is Action.CREATE
    assert step_of(planned(), seen(stored())).action is Action.KEEP
    step = step_of(planned(registry="reg.example.com"), seen(stored()))
    assert (step.action, step.fields) == (Action.UPDATE, (FieldChange("registry", "", "reg.example.com"),))


def test_another_namespace_is_another_cluster() -> None:
    """The service knows a cluster by its name and its namespace together."""
    found = seen(stored(namespaces="fate-old"))
    assert step_of(planned(), found).action is Action.CREATE
    assert [each.shown for each in found.elsewhere(planned())] == ["fate-old/fate-9999"]


def test_job_at_work_is_followed() -> None:
    """Whoever began it; one that has ended, or that nobody works on, is not."""
    assert step_of(planned(), seen(stored(status="Creating"), jobs=(job(),))).job == job()
    assert step_of(planned(), seen(stored(), jobs=(job(status="Success"),))).job is None
    assert step_of(planned(), seen(stored(), jobs=(job(),), dead=("87fa06bf",))).job is None


def test_half_made_cluster_is_made_anew() -> None:
    """Nobody works on it and Helm had not begun: the service would refuse to install it, and has nothing to update."""
    dead = job(states=["update job status to Running", "create Cluster in DB Success"])
    step = step_of(planned(), seen(stored(status="Creating"), jobs=(dead,), dead=(dead.uuid,)))
    assert (step.action, step.is_anew) == (Action.CREATE, True)
    done = job(states=["helm install Success", "checkout Cluster status [3]"])
    step = step_of(planned(), seen(stored(status="Creating"), jobs=(done,), dead=(done.uuid,)))
    assert (step.action, step.is_anew, step.is_again) == (Action.UPDATE, False, True)


@pytest.mark.parametrize("status", ["Rollback", "Updating", "Failed", "Unknown"])
def test_what_may_be_other_than_told_is_sent_again(status: str) -> None:
    """A job that was cut off or rolled back may have left something else than its books say."""
    step = step_of(planned(), seen(stored(status=status)))
    assert (step.action, step.is_again, step.fields) == (Action.UPDATE, True, ())
    assert step_of(planned(), seen(stored(status="Unavailable"))).action is Action.KEEP


def test_same_spec_is_taken_for_a_change() -> None:
    """The service refuses what did not change; a key that means nothing to anybody comes and goes."""
    first = planned().args(instead_of=DATA).data
    assert first != DATA
    second = planned().args(instead_of=first).data
    assert second == DATA
    assert differences(first, DATA, SECRET) == differences(second, DATA, SECRET) == ()
    own = planned(skippedKeys=["python"])
    assert own.args(instead_of=own.data).data["skippedKeys"] == ["python"]


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({}, "Creating", False),
        ({"UpdatedAt": "2026-03-01T11:58:00Z"}, "Creating", True),
        ({"UpdatedAt": "2026-03-01T11:58:00Z", "states": ["create Cluster in DB Success"]}, "Creating", False),
        ({"UpdatedAt": "2026-03-01T11:58:00Z", "states": None, "method": "ClusterUpdate"}, "Running", True),
        ({"UpdatedAt": "2026-03-01T11:40:00Z", "states": None, "method": "ClusterUpdate"}, "Updating", True),
        ({"UpdatedAt": None}, "Creating", False),
        ({"UpdatedAt": None, "start_time": "2026-03-01T10:50:00Z"}, "Creating", True),
        ({"UpdatedAt": "2026-03-01T11:00:00Z", "status": "Success"}, "Running", False),
    ],
)
def test_silence(changes: dict[str, Any], status: str, expected: bool) -> None:
    """A job that looks every second and is silent for minutes is dead; one at something long is not, for a while."""
    found = job(**changes)
    assert is_silent(found, seen(stored(status=status), jobs=(found,)), planned()) is expected


def test_word_of_the_service_may_stay_behind() -> None:
    """After a restart a cluster stays "Creating"; what it finds of its workloads counts."""
    info = {"status": {"deployments": {"python": "Available"}}}
    assert is_well(stored(status="Creating", Info=info))
    assert not is_well(stored(status="Creating"))
    assert not is_well(stored(Info={"status": {"deployments": {"python": "Progressing"}}}))
    assert [state.is_ready for state in as_workloads(stored(Info=info))] == [True]


# ---------------------------------------------------------------------------------------------------------------------
# Refusals


def codes(before: StoredCluster, after: PlannedCluster, version: str = "v1.4.5") -> list[str]:
    """The findings that forbid an update."""
    return [each.fault.code for each in refusals(before, after, Place(), version)]


def test_updates_that_the_service_refuses() -> None:
    """Another chart, an older version, and one up to v1.7.1 left behind; none for what it takes."""
    older = {**DATA, "chartVersion": "v1.7.1-a"}
    assert codes(stored(), planned(registry="x")) == []
    assert codes(stored(chart_name="fate-serving"), planned()) == ["FED936"]
    assert codes(stored(), planned(chartVersion="v1.10.0")) == ["FED936"]
    assert codes(stored(chart_version="v1.7.1-a", Spec=older), planned()) == ["FED936"]
    assert codes(stored(chart_version="v1.8.0", Spec={**DATA, "chartVersion": "v1.8.0"}), planned()) == []


def test_version_of_a_failed_upgrade() -> None:
    """After a roll-back the row keeps the new version; what is installed is what its spec says."""
    back = stored(chart_version="v1.11.2", Spec={**DATA, "chartVersion": "v1.10.0"})
    assert codes(back, planned(chartVersion="v1.10.0")) == []
    assert step_of(planned(chartVersion="v1.10.0"), seen(back)).action is Action.KEEP


def test_values_that_crash_the_service() -> None:
    """Numbers where the upgrade manager takes texts; a service without one does not look."""
    assert codes(stored(), planned(mysql={"user": "fate", "password": 123456})) == ["FED938"]
    assert codes(stored(), planned(mysql={"user": "fate", "password": 123456}), "v1.4.4") == []
    without = {key: value for key, value in DATA.items() if key != "chartName"}
    assert codes(stored(Spec=without), planned(registry="x")) == ["FED938"]


def test_spec_of_a_chart_fate_always_has_mysql() -> None:
    """The upgrade manager takes it for a mapping; an empty one is none to the chart and no difference here."""
    without = replace(planned(), data={key: value for key, value in DATA.items() if key != "mysql"})
    assert without.args().data["mysql"] == {}
    assert differences(without.args().data, without.data) == ()
    assert planned().args().data == DATA


def test_order_of_versions() -> None:
    """As the service sorts them: a suffix comes before the version without."""
    names = ["v1.11.2", "v1.7.1", "1.7.1-a", "v2.0.0", "v1.10.0"]
    assert sorted(names, key=lambda name: version_order(name) or ((), False, "")) == [
        "1.7.1-a",
        "v1.7.1",
        "v1.10.0",
        "v1.11.2",
        "v2.0.0",
    ]
    assert version_order("latest") is None
    assert [has_upgrade_manager(each) for each in ("v1.4.4", "v1.4.5", "v1.5.0", "odd")] == [False, True, True, True]


def test_charts_that_were_never_published() -> None:
    """v2.0.0 is in no repository; what is not known is not judged."""
    assert unpublished("fate", "v2.0.0")
    assert not unpublished("fate", "v1.11.2")
    assert not unpublished("fate", "v9.9.9")
    assert not unpublished("fate-serving", "v2.1.6")


def test_claims_that_go_with_a_chart() -> None:
    """Charts of FATE up to v1.8.1 and FATE-Serving have their claims among their objects."""
    kept = {**DATA, "persistence": True}
    assert not _takes_claims(stored(Spec=kept), kept)
    old = {**kept, "chartVersion": "v1.8.0"}
    assert _takes_claims(stored(Spec=old, chart_version="v1.8.0"), old)
    assert not _takes_claims(stored(chart_version="v1.8.0"), DATA)
    assert _takes_claims(stored(chart_name="fate-serving", chart_version="v2.1.6", Spec=kept), kept)


# ---------------------------------------------------------------------------------------------------------------------
# Charts on disk


def chart(folder: Path, version: str = "v2.0.0", name: str = "fate") -> Path:
    """An unpacked chart."""
    folder.mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v1\nname: {name}\nversion: {version}\n", encoding="utf-8")
    (folder / "values-template.yaml").write_text("name: {{ .name }}\n", encoding="utf-8")
    (folder / "templates").mkdir()
    (folder / "templates" / "one.yaml").write_text("kind: ConfigMap\n", encoding="utf-8")
    return folder


def test_chart_is_found_in_a_folder(tmp_path: Path) -> None:
    """As itself, among others, packed or not; the same files give the same package."""
    unpacked = chart(tmp_path / "charts" / "fate")
    found = chart_packages.package_of(str(tmp_path / "charts"), "fate", "2.0.0")
    assert not isinstance(found, str)
    assert (found.name, found.version, found.file) == ("fate", "v2.0.0", "fate-v2.0.0.tgz")
    assert found.data == getattr(chart_packages.package(unpacked), "data", None)
    (tmp_path / "fate-v2.0.0.tgz").write_bytes(found.data)
    again = chart_packages.package_of(str(tmp_path / "fate-v2.0.0.tgz"), "fate", "v2.0.0")
    assert not isinstance(again, str)
    assert again.data == found.data


def test_chart_that_is_not_there(tmp_path: Path) -> None:
    """Why there is none, as a clause; nothing where a repository, or nothing at all, was named."""
    chart(tmp_path / "charts" / "fate", "v1.0.0")
    assert chart_packages.package_of(None, "fate", "v2.0.0") == ""
    assert chart_packages.package_of("https://charts.example.com", "fate", "v2.0.0") == ""
    missing = chart_packages.package_of(str(tmp_path / "nowhere"), "fate", "v2.0.0")
    assert str(missing).endswith("nowhere does not exist")
    assert "has no chart fate v2.0.0" in str(chart_packages.package_of(str(tmp_path / "charts"), "fate", "v2.0.0"))


def test_what_is_no_package(tmp_path: Path) -> None:
    """Told in a clause, and a bomb is not unpacked."""
    broken = tmp_path / "broken.tgz"
    broken.write_bytes(b"no gzip at all")
    assert chart_packages.package(broken) == "it is no package of a chart (.tgz)"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("fate/empty"), io.BytesIO())
    broken.write_bytes(gzip.compress(buffer.getvalue()))
    assert chart_packages.package(broken) == "it has no Chart.yaml"
    broken.write_bytes(gzip.compress(bytes(80 * 2**20), compresslevel=1))
    assert chart_packages.package(broken) == "it unpacks to more than 64 MiB"


# ---------------------------------------------------------------------------------------------------------------------
# The login


def test_login_of_federation_yaml(tmp_path: Path) -> None:
    """References are resolved; nothing that is shown has the password."""
    (tmp_path / "password").write_text("correct-horse\n", encoding="utf-8")
    service = Service("https://kubefate.example.com/", "anna", f"file:{tmp_path}/password", None)
    found = settings(service, {"FATECLOUD_USER_PASSWORD": "another"}, tmp_path)
    assert found == Settings("https://kubefate.example.com", "anna", "correct-horse")
    assert "correct-horse" not in repr(found)
    assert not found.has_default_login


def test_login_of_the_environment_and_of_config_yaml(tmp_path: Path) -> None:
    """As the program kubefate finds it: the environment first, then config.yaml."""
    text = "serviceurl: kubefate.example.com:8443\nsafeconnect: true\nUser: {Username: admin, password: admin}\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    found = settings(None, {}, tmp_path)
    assert (found.url, found.user, found.problems) == ("https://kubefate.example.com:8443", "admin", ())
    assert found.has_default_login
    environ = {"FATECLOUD_USER_USERNAME": "anna", "FATECLOUD_USER_PASSWORD": "pw", "FATECLOUD_SERVICEURL": "other"}
    found = settings(None, environ, tmp_path)
    assert (found.url, found.user, found.password) == ("http://other", "anna", "pw")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (None, ("nothing gives the URL and the user and the password",)),
        (Service("http://a", "b", None, None), ("nothing gives the password",)),
        (Service("http://a", "b", "env:GONE", None), ("the password of its user, env:GONE, is not set",)),
        (Service("http://a", "b", "file:/nowhere", None), ("the password of its user, file:/nowhere, cannot be read",)),
        (
            Service("http://a", "b", "env:PW", "env:PW"),
            ("the authority of its certificate, env:PW, is no certificate in PEM",),
        ),
    ],
)
def test_login_that_lacks_something(service: Service | None, expected: tuple[str, ...], tmp_path: Path) -> None:
    """What is missing is told once, without any value."""
    assert settings(service, {"PW": "pw"}, tmp_path).problems == expected


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "", "user: 3", "user: {username: [1]}", "- - -"])
def test_odd_client_config(text: str, tmp_path: Path) -> None:
    """A config.yaml of any shape is read as far as it goes."""
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    found = client_config(tmp_path / "config.yaml")
    assert (found.url, found.user, found.password) == ("", "", "")


def test_url_of_a_service() -> None:
    """No login and no query inside, and a host."""
    assert is_url("https://kubefate.example.com:8443/path")
    for url in ("", "kubefate", "ftp://a", "http://", "http://u:p@a", "http://a?b", "http://a:99999", "http://a\x1b"):
        assert not is_url(url), url


def test_proxies_as_curl_reads_them() -> None:
    """Small letters for http, both for https; hosts, domains and networks are excepted."""
    environ = {
        "https_proxy": "http://proxy:3128",
        "HTTP_PROXY": "http://no",
        "no_proxy": ".internal, 10.0.0.0/8,one:8080",
    }
    assert proxy_for("https://a.example.com", environ) == "http://proxy:3128"
    assert proxy_for("http://a.example.com", environ) == ""
    assert proxy_for("https://a.internal", environ) == ""
    assert proxy_for("https://10.1.2.3", environ) == ""
    assert proxy_for("https://one:8080", environ) == ""
    assert proxy_for("https://one", environ) == "http://proxy:3128"
    assert proxy_for("http://a", {"all_proxy": "proxy:1"}) == "http://proxy:1"
    assert proxy_for("https://a", {"https_proxy": "x", "NO_PROXY": "*"}) == ""


# ---------------------------------------------------------------------------------------------------------------------
# What an administrator has to do


def test_commands_for_an_administrator() -> None:
    """The namespace, a quota of what is asked for, and each Secret by its kind."""
    needed = (
        Prerequisite("Namespace", "", "fate-9999", "party 9999 is installed there"),
        Prerequisite("Secret", "fate-9999", "regcred", "images are pulled with it"),
        Prerequisite("Secret", "fate-9999", "eggroll-certs", "rollsite mounts it", ("ca.pem", "server.key")),
        Prerequisite("Secret", "fate-9999", "board-tls", "the ingress of fateboard presents it"),
        Prerequisite("Secret", "elsewhere", "other", "images are pulled with it"),
        Prerequisite("PersistentVolumeClaim", "fate-9999", "data", "party 9999 keeps data in it"),
    )
    specs = [{"nodemanager": {"replicas": 2, "resources": {"requests": {"cpu": "1500m", "memory": "1Gi"}}}}]
    assert commands("fate-9999", needed, specs) == (
        "kubectl create namespace fate-9999",
        (
            "kubectl create quota fedplan --namespace fate-9999 --hard=requests.cpu=3,requests.memory=2048Mi"
            "  # at least, if there is one"
        ),
        (
            "kubectl create secret docker-registry regcred --namespace fate-9999"
            " --docker-server=HOST --docker-username=USER --docker-password=PASSWORD"
        ),
        "kubectl create secret generic eggroll-certs --namespace fate-9999 --from-file=ca.pem --from-file=server.key",
        "kubectl create secret tls board-tls --namespace fate-9999 --cert=FILE --key=FILE",
        "# PersistentVolumeClaim data must be made: party 9999 keeps data in it",
    )
    assert asked_for([DATA]) == {}
    given = GivenSecret(
        "fate-9999", "regcred", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": "file:my login.json"}
    )
    told = commands("fate-9999", needed[:2], (), (given, GivenSecret("elsewhere", "x", "Opaque", {"a": "env:A"})))
    assert told == (
        "kubectl create namespace fate-9999",
        (
            "kubectl create secret generic regcred --namespace fate-9999"
            " --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson='my login.json'"
        ),
    )
    plain = GivenSecret("fate-9999", "board", "Opaque", {"b": "env:B", "a": "secret:fate/x#y"})
    assert given_command(plain) == (
        "kubectl create secret generic board --namespace fate-9999 --from-file=a=FILE --from-file=b=FILE"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Volumes that stay


def test_claims_are_taken_out_of_a_manifest() -> None:
    """The other objects stay as they are, byte by byte."""
    first, claim = (
        "kind: Service\nmetadata:\n  name: mysql",
        "kind: PersistentVolumeClaim\nmetadata:\n  name: mysql-data",
    )
    manifest = f"---\n# Source: one\n{first}\n---\n# Source: two\n{claim}\n---\n# Source: three\n{first}\n"
    assert claims_in(manifest) == ("mysql-data",)
    assert without_claims(manifest) == f"---\n# Source: one\n{first}\n---\n# Source: three\n{first}\n"
    assert claims_in("a: [") == ()


def test_display_shows_no_secret() -> None:
    """A job that repeats what it was given is shown without it."""
    stream = io.StringIO()
    display = MaskedDisplay(Lines(stream, "party 9999"), long_enough(("Zq7thePassword0fMysql", "abc")))
    display.step("job 87fa06bf: helm install error, Zq7thePassword0fMysql is abc")
    display.item("Zq7thePassword0fMysql")
    display.workloads(workloads((SubJob("mysql", "Running", "waits for Zq7thePassword0fMysql"),), "fate-9999"))
    display.done()
    assert "Zq7" not in stream.getvalue()
    assert "is abc" in stream.getvalue()
    assert "mysql 0 of 1 ready: waits for" in stream.getvalue()
