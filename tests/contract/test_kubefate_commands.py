"""The tasks `kubefate.*` against the stand-in of the service: what they tell, what they change, and what they ask."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renderers.cluster.clock import Deadline
from renderers.kubefate_commands.charts_command import Request as ChartsRequest
from renderers.kubefate_commands.charts_command import run_charts
from renderers.kubefate_commands.config_command import Request as ConfigRequest
from renderers.kubefate_commands.config_command import run_config
from renderers.kubefate_commands.jobs_command import Request as JobsRequest
from renderers.kubefate_commands.jobs_command import run_jobs
from renderers.kubefate_commands.looking_commands import (
    ClustersRequest,
    LogsRequest,
    Request,
    run_clusters,
    run_logs,
    run_namespaces,
    run_users,
    run_version,
)
from renderers.kubefate_commands.session import Way
from renderers.kubefate_service.api import connect
from renderers.kubefate_service.client_config import Settings
from renderers.kubefate_service.shapes import ClusterArgs
from tests.contract.service import PASSWORD, spec
from tests.standins.kubefate_service.memory import Fate
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.running import InThread

Start = Callable[..., InThread]
VARIABLE = "SERVICE_PASSWORD"


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        """Pretend to be a person."""
        return True


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The password is in the environment alone, and there is no federation.yaml around."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    monkeypatch.chdir(tmp_path)


def way(service: InThread, **more: str) -> Way:
    """How the service is found by options."""
    return Way(**{"url": service.url, "user": "admin", "password_env": VARIABLE, **more})


def begin(service: InThread, **more: Any) -> str:
    """Begin to install a cluster; the uuid of its job."""
    data = spec(**more)
    args = ClusterArgs(data["name"], data["namespace"], data["chartName"], data["chartVersion"], data)
    return connect(Settings(service.url, "admin", PASSWORD), {}).install(args, Deadline(60)).uuid


def install(service: InThread, **more: Any) -> str:
    """Install a cluster to its end; the uuid of its job."""
    uuid, deadline = begin(service, **more), Deadline(60)
    api = connect(Settings(service.url, "admin", PASSWORD), {})
    while not api.job(uuid, deadline).has_ended:
        assert deadline.wait(0.02)
    return uuid


def packed(folder: Path, files: dict[str, str], name: str = "chart.tgz") -> Path:
    """A package with these files, by the names they have inside."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    found = folder / name
    found.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return found


def chart(name: str = "fate", version: str = "v9.9.9", **more: str) -> dict[str, str]:
    """The files of a chart."""
    return {
        f"{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: '1'\n",
        f"{name}/values.yaml": "{}\n",
        f"{name}/values-template.yaml": "name: {{ .name }}\n",
        f"{name}/templates/x.yaml": "",
        **{f"{name}/{path}": text for path, text in more.items()},
    }


def test_the_version_names_the_releases(kubefate_service: InThread) -> None:
    """Seven releases have one and the same."""
    text, code = run_version(Request(way(kubefate_service)))
    assert code == 0, text
    assert "v1.4.5 (KubeFATE v1.9.0 to v2.0.0)" in text
    data = json.loads(run_version(Request(way(kubefate_service), "json"))[0])
    assert data["kubefate"]["version"]["service"] == "v1.4.5"


def test_a_wrong_password_is_told_and_never_shown(kubefate_service: InThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world refused: 3."""
    monkeypatch.setenv(VARIABLE, "not-the-password")
    text, code = run_version(Request(way(kubefate_service)))
    assert code == 3
    assert "FED931" in text
    assert f"env:{VARIABLE}" in text
    assert "not-the-password" not in text
    monkeypatch.delenv(VARIABLE)
    assert "FED932" in run_version(Request(way(kubefate_service)))[0]


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the URL that was tried."""
    monkeypatch.setattr("renderers.kubefate_commands.session.SECONDS", 0.2)
    monkeypatch.setattr("renderers.kubefate_commands.session.Session.deadline", lambda _self, _s=0.2: Deadline(0.2))
    text, code = run_version(Request(Way(url="http://127.0.0.1:9", user="admin", password_env=VARIABLE)))
    assert code == 3
    assert "FED930" in text


def test_clusters_are_listed_and_described(kubefate_service: InThread) -> None:
    """By name or the beginning of the uuid; secrets of their spec are not shown."""
    install(kubefate_service, mysql={"user": "fate", "password": "very-secret"})
    text, code = run_clusters(ClustersRequest(way(kubefate_service)))
    assert code == 0, text
    assert text.splitlines()[0].split() == ["uuid", "name", "namespace", "chart", "version", "status", "revision"]
    uuid = text.splitlines()[1].split()[0]
    for name in ("fate-9999", uuid, uuid[:6]):
        text, code = run_clusters(ClustersRequest(way(kubefate_service), name))
        assert code == 0, text
        assert "very-secret" not in text
        assert 'password: "***"' in text
    assert run_clusters(ClustersRequest(way(kubefate_service), "nobody"))[1] == 1
    data = json.loads(run_clusters(ClustersRequest(way(kubefate_service), uuid, format_name="json"))[0])
    assert data["kubefate"]["cluster"]["spec"]["mysql"]["password"] == "***"
    assert data["kubefate"]["cluster"]["info"]["modules"]


def test_jobs_are_listed_described_and_forgotten(kubefate_service: InThread) -> None:
    """Forgetting asks; the record goes, and nothing else."""
    uuid = install(kubefate_service)
    text, code = run_jobs(JobsRequest(way(kubefate_service)))
    assert code == 0, text
    assert uuid in text
    assert "ClusterInstall" in text
    text, code = run_jobs(JobsRequest(way(kubefate_service), describe=uuid[:8]))
    assert code == 0, text
    assert "helm install Success" in text
    assert "sub-jobs:" in text
    assert run_jobs(JobsRequest(way(kubefate_service), stop=uuid), Terminal("y\n"), io.StringIO())[1] == 1
    assert run_jobs(JobsRequest(way(kubefate_service), delete=uuid), io.StringIO(), io.StringIO())[1] == 64
    assert run_jobs(JobsRequest(way(kubefate_service), delete=uuid), Terminal("n\n"), io.StringIO())[1] == 1
    text, code = run_jobs(JobsRequest(way(kubefate_service), delete=uuid), Terminal("y\n"), io.StringIO())
    assert code == 0, text
    assert "there are no jobs" in run_jobs(JobsRequest(way(kubefate_service)))[0]
    assert "fate-9999" in run_clusters(ClustersRequest(way(kubefate_service)))[0]


def test_a_job_that_installs_is_stopped(start: Start) -> None:
    """And what it would remove is said before."""
    service = start(pace=Pace(speed=0.02))
    service.service.cluster.set_fate("python", Fate.NEVER)
    uuid, deadline = begin(service), Deadline(60)
    while not service.service.store.find("jobs", uuid=uuid)["sub_jobs"]:  # before that, the service forgets it
        assert deadline.wait(0.01)
    told = io.StringIO()
    text, code = run_jobs(JobsRequest(way(service), stop=uuid), Terminal("y\n"), told)
    assert code == 0, text
    assert "is removed" in told.getvalue()
    assert json.loads(run_jobs(JobsRequest(way(service), describe=uuid, format_name="json"))[0])["kubefate"]["job"][
        "status"
    ] in {"Stopping", "Canceled", "Failed"}


def test_charts_are_uploaded_listed_and_forgotten(kubefate_service: InThread, tmp_path: Path) -> None:
    """What replaces another one is asked for."""
    package = str(packed(tmp_path, chart()))
    assert "it keeps no charts" in run_charts(ChartsRequest(way(kubefate_service)))[0]
    text, code = run_charts(ChartsRequest(way(kubefate_service), upload=package))
    assert code == 0, text
    assert "chart fate v9.9.9 is uploaded" in text
    assert "v9.9.9" in run_charts(ChartsRequest(way(kubefate_service)))[0]
    again = ChartsRequest(way(kubefate_service), upload=package)
    assert run_charts(again, io.StringIO(), io.StringIO())[1] == 64
    assert run_charts(again, Terminal("n\n"), io.StringIO())[1] == 1
    text, code = run_charts(again, Terminal("y\n"), io.StringIO())
    assert "is replaced" in text
    gone = ChartsRequest(way(kubefate_service), delete="fate v9.9.9", is_agreed=True)
    assert run_charts(gone)[1] == 0
    assert run_charts(gone)[1] == 1


def test_old_services_drop_charts_of_the_same_version(start: Start, tmp_path: Path) -> None:
    """Which is told: nobody expects it."""
    service = start("v1.5.0")
    first = packed(tmp_path, chart("fate", "v1.5.0"), "a.tgz")
    second = packed(tmp_path, chart("fate-serving", "v1.5.0"), "b.tgz")
    assert run_charts(ChartsRequest(way(service), upload=str(first)))[1] == 0
    text, code = run_charts(ChartsRequest(way(service), upload=str(second)))
    assert code == 0, text
    assert "it has dropped chart fate v1.5.0" in text


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"fate/values.yaml": ""}, "no Chart.yaml"),
        ({**chart(), "../evil": "x"}, "leads out of it"),
        ({**chart(), "/etc/evil": "x"}, "leads out of it"),
        ({**chart(), "other/x.yaml": "x"}, "more than the folder"),
        ({"fate/Chart.yaml": "name: fate\n"}, "no name and version"),
        ({"fate/Chart.yaml": "name: fate\nversion: v1\n"}, "values-template.yaml"),
        (chart(version="v" + "1" * 40), "longer than 32"),
    ],
    ids=["no chart", "escape", "absolute", "two", "no version", "no template", "long"],
)
def test_what_is_no_package_is_refused_before_it_is_sent(
    files: dict[str, str], words: str, kubefate_service: InThread, tmp_path: Path
) -> None:
    """Nothing is asked of the service."""
    package = packed(tmp_path, files)
    text, code = run_charts(ChartsRequest(way(kubefate_service), upload=str(package)))
    assert code == 1
    assert "FED948" in text
    assert words in text
    assert not kubefate_service.service.seen


def test_no_package_at_all_is_refused(tmp_path: Path, kubefate_service: InThread) -> None:
    """A folder, a text, nothing."""
    (tmp_path / "text.tgz").write_text("hello")
    for name in ("text.tgz", "nowhere.tgz", "."):
        text, code = run_charts(ChartsRequest(way(kubefate_service), upload=name))
        assert code == 1
        assert "FED948" in text


def test_files_that_the_service_drops_are_told(kubefate_service: InThread, tmp_path: Path) -> None:
    """Sub-charts of a package never reach a cluster (service-api.md section 8)."""
    package = packed(tmp_path, chart(**{"charts/mysql/Chart.yaml": "x", "README.md": "x"}))
    text, code = run_charts(ChartsRequest(way(kubefate_service), upload=str(package)))
    assert code == 0, text
    assert "drops charts" in text
    assert "README" not in text


def test_namespaces_users_and_logs(kubefate_service: InThread) -> None:
    """Tables that line up, and lines as they were logged."""
    install(kubefate_service)
    assert "fate-9999" in run_namespaces(Request(way(kubefate_service)))[0]
    text, code = run_users(Request(way(kubefate_service)))
    assert code == 0, text
    assert "admin" in text
    assert PASSWORD not in text
    text, code = run_logs(LogsRequest(way(kubefate_service), "fate-9999"))
    assert code == 0, text
    assert text.strip()
    assert run_logs(LogsRequest(way(kubefate_service), "nobody"))[1] == 1
    assert run_logs(LogsRequest(way(kubefate_service), ""))[1] == 64
    assert run_logs(LogsRequest(way(kubefate_service), "x", tail=0))[1] == 64


def test_older_services_lack_routes(start: Start) -> None:
    """Which is said plainly, as no fault of the operator."""
    service = start("v1.4.0")
    for run, words in ((run_namespaces, "v1.1.0"), (run_users, "v1.4.1")):
        text, code = run(Request(way(service)))
        assert code == 3, text
        assert words in text


def test_config_yaml_is_written_and_read(kubefate_service: InThread, tmp_path: Path) -> None:
    """Without the password unless asked for, and then for its owner alone."""
    text, code = run_config(ConfigRequest(way(kubefate_service)))
    assert code == 0, text
    assert "serviceurl: 127.0.0.1:" in text.replace('"', "")
    assert f'export FATECLOUD_USER_PASSWORD="${VARIABLE}"' in text
    file = tmp_path / "config.yaml"
    asked = ConfigRequest(way(kubefate_service), output=str(file), with_password=True)
    text, code = run_config(asked)
    assert code == 0, text
    assert PASSWORD not in text
    assert PASSWORD in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert run_config(asked)[1] == 1
    text, code = run_config(ConfigRequest(read=str(file)))
    assert code == 0, text
    assert kubefate_service.url in text
    assert PASSWORD not in text
    assert run_version(Request())[1] == 0  # what is in config.yaml is enough to be let in
    assert run_config(ConfigRequest(way(kubefate_service), with_password=True))[1] == 64


def test_a_cluster_of_federation_yaml_names_the_service(
    kubefate_service: InThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its URL, user and reference are there; other clusters have none."""
    (tmp_path / "federation.yaml").write_text(FEDERATION.format(url=kubefate_service.url, variable=VARIABLE))
    text, code = run_version(Request(Way(cluster="bank")))
    assert code == 0, text
    assert run_version(Request())[1] == 0  # it is the only one that has a service
    assert "has no `kubefate`" in run_version(Request(Way(cluster="shop")))[0]
    assert "has no cluster bnk: write bank" in run_version(Request(Way(cluster="bnk")))[0]
    monkeypatch.delenv(VARIABLE)
    text, code = run_version(Request(Way(cluster="bank")))
    assert code == 3
    assert "federation.yaml:" in text
    assert run_version(Request(Way(cluster="bank", url="http://x")))[1] == 64


def test_what_is_meant_is_said_where_it_is_not_clear(
    kubefate_service: InThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two clusters with a service need a name, and a broken file is told, unless KubeFATE's settings say it."""
    file = tmp_path / "federation.yaml"
    text = FEDERATION.format(url=kubefate_service.url, variable=VARIABLE)
    file.write_text(text.replace("192.0.2.2}", '192.0.2.2, kubefate: {url: "http://x.example.com"}}'))
    told, code = run_version(Request())
    assert (code, told) == (64, "say which cluster with --cluster: bank, shop")
    file.write_text("version: 1\n")
    told, code = run_version(Request())
    assert code == 1
    assert "federation.yaml:" in told
    monkeypatch.setenv("FATECLOUD_SERVICEURL", kubefate_service.url)
    monkeypatch.setenv("FATECLOUD_USER_USERNAME", "admin")
    monkeypatch.setenv("FATECLOUD_USER_PASSWORD", PASSWORD)
    assert run_version(Request())[1] == 0


FEDERATION = """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - name: bank
    address: 192.0.2.1
    kubefate: {{url: "{url}", user: admin, password: "env:{variable}"}}
  - {{name: shop, address: 192.0.2.2}}
parties:
  - {{id: 9999, cluster: bank}}
  - {{id: 10000, cluster: shop}}
"""
