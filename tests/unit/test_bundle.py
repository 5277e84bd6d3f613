"""`invoke bundle`, and what is handed over with it: read as an archive, as a folder, and proved by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner import site_json
from planner.plan_json import digest, sha256
from renderers.archive import pack, unpack
from renderers.bundle_command import Request, run_bundle
from renderers.checksums import SUMS, sums
from renderers.cluster.folder import SiteFolder
from renderers.cluster.handed_over import handed_over
from renderers.cluster.selection import Wish, select
from renderers.commands import run_plan
from renderers.verify_folder_command import run_verify_folder
from renderers.workspace import workspace

FEDERATION = """\
version: 1
name: credit-risk
release: v1.11.2
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1, context: bank-prod}
  - {name: shop, address: 192.168.10.1}
  - name: mill
    address: 192.168.11.1
    kubefate: {url: "http://kubefate.example.com", user: anna, password: "env:KUBEFATE_PASSWORD"}
parties:
  - {id: 9999, cluster: bank, target: kubernetes}
  - {id: 10000, cluster: shop, target: helm, charts: charts}
  - {id: 10001, cluster: mill, target: kubefate}
defaults:
  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""
SCRIPTED = """\
version: 1
name: old
release: v1.2.0
topology: mesh
clusters: [{name: bank, address: 192.168.9.1}, {name: shop, address: 192.168.10.1}]
parties: [{id: 9999, cluster: bank}, {id: 10000, cluster: shop}]
"""
CHART = "apiVersion: v2\nname: fate\nversion: v1.11.2\n"
NAME = "credit-risk-party-10000"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A federation that has been planned and packed, and a chart."""
    root = tmp_path_factory.mktemp("planned")
    chart = root / "charts" / "FATE"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "values-template.yaml").write_text("partyId: {{ .partyId }}\n")
    (chart / "templates" / "x.yaml").write_text("# nothing\n")
    (chart / ".git").write_text("secret: of the coordinator\n")
    (root / "charts" / "notes.txt").write_text("about other parties\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        written()
        assert packed(to=str(root / "made"))[1] == 0
    return root


@pytest.fixture
def here(planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that to work in, without its bundles; they are in `made`."""
    root = tmp_path / "here"
    shutil.copytree(planned, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("KUBECONFIG", str(root / "nothing"))
    return root


def written(text: str = FEDERATION) -> None:
    """Plan a federation.yaml here."""
    Path("federation.yaml").write_text(text)
    report, code = run_plan("federation.yaml", None, "text", check_only=False, with_diff=False, against=None, forget=())
    assert code == 0, report


def packed(**options: Any) -> tuple[str, int]:
    """The report of a bundle, and its exit code."""
    return run_bundle(Request(**({"everything": True} | options)))


def verified(source: str, told: str | None = None) -> tuple[str, int]:
    """The report of a verification."""
    return run_verify_folder(source, told, "text")


def bundled(party: int = 10000) -> Path:
    """The bundle of a party."""
    return Path("made", f"credit-risk-party-{party}.tar.gz")


def unpacked(path: Path) -> Path:
    """A bundle unpacked by tar."""
    subprocess.run(["tar", "xzf", path], check=True)
    return Path(path.name.removesuffix(".tar.gz"))


def test_a_bundle_is_written_and_then_unchanged(here: Path) -> None:
    """One for each site, the digest told with it."""
    report, code = packed()
    assert code == 0
    assert report.endswith("no findings; 3 bundles in bundles\n")
    for party in (9999, 10000, 10001):
        path = here / "bundles" / f"credit-risk-party-{party}.tar.gz"
        found = site_json.parse((here / "out" / f"party-{party}" / "site.json").read_bytes())
        assert isinstance(found, site_json.Contents)
        assert f"digest {found.digest}" in report
        top, files = unpack(path.read_bytes())
        assert top == f"credit-risk-party-{party}"
        own = {name: data for name, data in files.items() if name.startswith(f"party-{party}/")}
        assert own == {
            f"party-{party}/{each.name}": each.read_bytes() for each in (here / f"out/party-{party}").iterdir()
        }
    before = path.stat()
    report, code = packed(format_name="json")
    assert code == 0
    assert {each["state"] for each in json.loads(report)["bundle"]["bundles"]} == {"unchanged"}
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_damaged_bundle_is_replaced(here: Path) -> None:
    """And no temporary file stays behind."""
    path = bundled()
    good = path.read_bytes()
    path.write_bytes(b"x" + good)
    (here / "made" / "mine").write_text("a note")
    assert packed(everything=False, parties=("10000",), to="made")[1] == 0
    assert path.read_bytes() == good
    assert len(list(path.parent.iterdir())) == 4


def test_the_checksums_are_those_of_sha256sum(here: Path) -> None:
    """Of every file but themselves."""
    folder = unpacked(bundled())
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS], cwd=here / folder, capture_output=True, check=True
    )
    number = sum(each.is_file() for each in folder.rglob("*"))
    assert done.stdout.count(b": OK\n") == number - 1


def test_the_charts_of_the_site_are_packed(here: Path) -> None:
    """Those alone, without what is hidden, and where site.json says they are."""
    _, files = unpack(bundled().read_bytes())
    assert sorted(name for name in files if name.startswith("charts/")) == [
        "charts/FATE/Chart.yaml",
        "charts/FATE/templates/x.yaml",
        "charts/FATE/values-template.yaml",
    ]
    for source in (bundled(), unpacked(bundled()), Path(NAME, "party-10000")):
        folder = handed_over(source)
        assert isinstance(folder, SiteFolder)
        charts = Path(folder.charts or "")
        assert (charts / "FATE" / "Chart.yaml").read_text() == CHART
        assert charts != here / "charts"


@pytest.mark.parametrize("charts", ["/srv/charts", "../charts", "README.md", "party-10000/charts"])
def test_charts_that_lie_elsewhere_are_refused(here: Path, charts: str) -> None:
    """Before anything is written."""
    written(FEDERATION.replace("charts: charts", f"charts: {charts}"))
    report, code = packed(everything=False, parties=("10000",))
    assert code == 1
    assert "FED966" in report
    assert "nothing was packed" in report
    assert not (here / "bundles" / f"{NAME}.tar.gz").exists()


def test_federation_yaml_is_never_taken_for_a_chart(here: Path) -> None:
    """A Chart.yaml beside it would take all of the folder along."""
    (here / "Chart.yaml").write_text(CHART)
    (here / "values-template.yaml").write_text("{}")
    written(FEDERATION.replace("charts: charts", "charts: ."))
    report, code = packed(everything=False, parties=("10000",))
    assert code == 1
    assert "FED966" in report


def test_links_in_a_chart_are_refused(here: Path) -> None:
    """They could lead to anything."""
    (here / "charts" / "FATE" / "link").symlink_to("/etc/passwd")
    report, code = packed(everything=False, parties=("10000",))
    assert code == 1
    assert "link in it is a link" in report


def test_the_wrong_chart_is_told(here: Path) -> None:
    """As apply would."""
    (here / "charts" / "FATE" / "Chart.yaml").write_text(CHART.replace("v1.11.2", "v1.10.0"))
    report, code = packed(everything=False, parties=("10000",))
    assert code == 1
    assert "FED952" in report


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"parties": ("7",)}, 64, "there is no site party-7"),
        ({"parties": ("x",)}, 64, "--party takes a party id"),
        ({"parties": ("9999",), "everything": True}, 64, "--all means every site"),
        ({}, 1, "say which site:"),
        ({"file": "nothing.yaml", "everything": True}, 1, "does not exist"),
    ],
)
def test_options_that_mean_nothing(here: Path, options: dict[str, Any], code: int, words: str) -> None:
    """Are answered, and nothing is written."""
    report, got = packed(**({"everything": False} | options))
    assert (got, words in report) == (code, True), report
    assert not (here / "bundles").exists()


def test_a_stale_plan_is_not_packed(here: Path) -> None:
    """What stands in federation.yaml now has not been proved."""
    Path("federation.yaml").write_text(FEDERATION.replace("192.168.9.1", "192.168.9.2"))
    report, code = packed()
    assert code == 1
    assert "FED703" in report
    assert not (here / "bundles").exists()


def test_an_unplanned_or_damaged_tree_is_not_packed(here: Path) -> None:
    """Nor one that somebody edited."""
    with (here / "out" / "party-9999" / "30-rollsite.yaml").open("a") as file:
        file.write("# mine\n")
    assert packed()[1] == 1
    assert packed(out="elsewhere")[1] != 0
    assert not (here / "bundles").exists()


def test_a_scripted_release_has_no_folders(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All its sites share one kube.cfg."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "federation.yaml").write_text(SCRIPTED)
    file = str(folder / "federation.yaml")
    run_plan(file, None, "text", check_only=False, with_diff=False, against=None, forget=())
    report, code = packed(file=file)
    assert code == 1
    assert "v1.2.0 is deployed by a script" in report
    assert not (here / "bundles").exists()


def test_a_folder_that_cannot_be_written_to(here: Path) -> None:
    """Is a refusal of the world."""
    (here / "taken").write_text("a file")
    report, code = packed(to="taken")
    assert code == 3
    assert "FED967" in report
    (here / "bundles" / f"{NAME}.tar.gz").mkdir(parents=True)
    assert packed(everything=False, parties=("10000",))[1] == 3


@pytest.mark.parametrize("party", [9999, 10000, 10001])
def test_a_bundle_is_proved_by_itself(here: Path, party: int) -> None:
    """As it came, unpacked, and as the folder in out/; with its digest, and not with another."""
    path = bundled(party)
    found = json.loads((here / f"out/party-{party}/site.json").read_text())["digest"]
    for source in (path, unpacked(path), Path("out", f"party-{party}")):
        report, code = verified(str(source), found[:12])
        assert code == 0, report
        assert "2 of 2 endpoints dialled and 1 of 1 door open" in report
        assert verified(str(source), "0123456789ab")[1] == 64
        assert verified(str(source), found[:4])[1] == 64


def test_a_bundle_is_chosen_like_a_folder(here: Path) -> None:
    """By every command that takes --from."""
    path = str(here / bundled())
    selection = select(workspace("federation.yaml", None), Wish(folder=path, is_offline=True))
    assert [each.folder.key for each in selection.chosen] == ["party-10000"]


def forged(path: Path, change: Callable[[dict[str, bytes]], object], *, sealed: bool = True) -> None:
    """Change the files of a bundle, and its checksums as well."""
    top, files = unpack(path.read_bytes())
    changed = dict(files)
    change(changed)
    if sealed:
        changed[SUMS] = sums({name: data for name, data in changed.items() if name != SUMS}).encode()
    path.write_bytes(pack(top, changed))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: files.update({"README.md": b"run this"}), "README.md: error[FED965]"),
        (lambda files: files.update({"charts/FATE/templates/y.yaml": b""}), "SHA256SUMS does not list this file"),
        (lambda files: files.pop("FIREWALL.md"), "the file is missing"),
        (lambda files: files.pop(SUMS), "there is no SHA256SUMS"),
        (lambda files: files.update({SUMS: b"nonsense"}), "it is no list of checksums"),
    ],
)
def test_a_bundle_that_was_changed_is_refused(here: Path, change: Callable[[Any], object], words: str) -> None:
    """As it came, and unpacked."""
    path = bundled()
    forged(path, change, sealed=False)
    for source in (path, unpacked(path)):
        report, code = verified(str(source))
        assert code == 1
        if words != "there is no SHA256SUMS" or source == path:
            assert words in report
    assert here.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: files.update({"party-7/site.json": b"{}"}), "it must hold the folder of one site"),
        (lambda files: files.update({"party-10000/more.yaml": b""}), "site.json does not list this file"),
        (
            lambda files: files.update({"party-10000/cluster.yaml": b"x"}),
            "the file is not the one that site.json lists",
        ),
    ],
)
def test_checksums_alone_prove_nothing(here: Path, change: Callable[[Any], object], words: str) -> None:
    """site.json has to agree as well."""
    path = bundled()
    forged(path, change)
    for source in (path, unpacked(path)):
        report, code = verified(str(source))
        assert (code, words in report) == (1, True), report
    assert here.exists()


def test_files_of_ones_own_beside_a_bundle_do_no_harm(here: Path) -> None:
    """At its top, where the README has people work; not among the specs or the charts."""
    folder = unpacked(bundled())
    (folder / "config.yaml").write_text("mine")
    (folder / "kubeconfigs").mkdir()
    assert verified(str(folder))[1] == 0
    (folder / "charts" / "FATE" / "templates" / "evil.yaml").write_text("")
    assert verified(str(folder))[1] == 1
    assert here.exists()


@pytest.mark.parametrize("source", ["missing", "empty", "federation.yaml", "out", "/dev/zero"])
def test_what_is_no_bundle_is_told(here: Path, source: str) -> None:
    """Whatever it is."""
    (here / "empty").mkdir()
    report, code = verified(source)
    assert code == 1
    assert "error[FED9" in report


SWAPS = [
    (9999, b"192.168.10.1", b"192.168.10.2", "it dials 192.168.10.2:30091, which site.json does not name"),
    (10000, b"192.168.9.1", b"192.168.9.7", "it dials 192.168.9.7:30091, which site.json does not name"),
    (10000, b"nodePort: 30091", b"nodePort: 30095", "others dial 192.168.10.1:30091"),
    (10000, b"partyId: 10000", b"partyId: 10007", "its partyId is 10007, and site.json says 10000"),
    (10001, b'name: "fate-10001"\n', b'name: "other"\n', "its name is"),
]


@pytest.mark.parametrize(("party", "before", "after", "words"), SWAPS)
def test_files_that_do_otherwise_than_site_json_says(
    here: Path, party: int, before: bytes, after: bytes, words: str
) -> None:
    """Although every checksum is right."""
    path = bundled(party)
    own = f"party-{party}/"

    def change(files: dict[str, bytes]) -> None:
        if before.startswith(b"name") and before not in files[f"{own}cluster.yaml"]:
            swapped = before.replace(b'"', b""), after.replace(b'"', b"")
        else:
            swapped = before, after
        for name in [name for name in files if name.startswith(own) and name.endswith(".yaml")]:
            files[name] = files[name].replace(*swapped)
        document = json.loads(files[f"{own}site.json"])
        document["files"] = {name: sha256(files[own + name]) for name in document["files"]}
        del document["digest"]
        files[f"{own}site.json"] = json.dumps({**document, "digest": digest(document)}).encode()

    forged(path, change)
    report, code = verified(str(path))
    assert code == 1
    assert "FED968" in report
    assert words in report, report
    assert here.exists()


def test_the_readme_names_what_the_receiver_needs(here: Path) -> None:
    """Variables, context, service, and the commands of the target."""
    texts = {}
    for party in (9999, 10000, 10001):
        _, files = unpack(bundled(party).read_bytes())
        texts[party] = files["README.md"].decode()
        rules = json.loads(files["firewall.json"])
        assert [each["port"] for each in rules["in"]] == [30091]
        assert {each["site"] for each in rules["out"]} == {f"party-{each}" for each in {9999, 10000, 10001} - {party}}
        assert "read -rs FATE_MYSQL_PASSWORD && export FATE_MYSQL_PASSWORD" in texts[party]
        assert "fedplan apply --from . --digest DIGEST" in texts[party]
    assert "kubectl --context bank-prod apply --server-side -k party-9999" in texts[9999]
    assert 'cp -R charts/FATE "$work/fate"' in texts[10000]
    assert "helm upgrade --install fate-10000" in texts[10000]
    assert "kubefate cluster install -f" in texts[10001]
    assert "KubeFATE's service is http://kubefate.example.com. The user is anna." in texts[10001]
    assert "read -rs KUBEFATE_PASSWORD" in texts[10001]
    assert here.exists()
