"""Kubernetes' programs, built from Debian's source package with Debian's Go, and kept.

Debian bookworm ships the source of Kubernetes 1.20.2, the newest of which Debian has the servers too. Three things
are to be done to it:

- The Go of bookworm is younger than the source. Its copy of the library reflect2 reads Go's maps in a way that Go 1.18
  changed, and a server built with it dies; Debian's own package of that library is right and takes its place.
- The description of the API that server-side apply needs is generated code, and not in the source package.
- The folder of vendored libraries does not fit the module file, so the build works the old way, with a GOPATH.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness import debian, places, standin
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.level import Level
from tests.cluster.harness.steps import Steps, alone

VERSION = "1.20.2"
TAGS = "providerless dockerless"
GO = Path("/usr/lib/go-1.19/bin/go")
PACKAGES = {
    Level.CONTROL: ("golang-1.19-go", "etcd-server", "openssl"),
    Level.NODE: (
        *("golang-1.19-go", "etcd-server", "openssl", "containerd", "runc", "containernetworking-plugins"),
        *("iptables", "conntrack", "ipset", "ebtables", "ethtool", "socat", "iproute2", "util-linux", "procps"),
        *("kmod", "busybox", "libc-bin", "bash"),
    ),
}
"""Debian packages that each level needs to be built and to run."""
RECIPE = 1
"""Number of the way to build; a new number makes what was built before unfit."""

_MODULE = "k8s.io/kubernetes"
_REFLECT2 = "golang-github-modern-go-reflect2-dev"


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with Kubernetes' programs, and the etcd that goes with them."""

    folder: Path
    etcd: Path

    def path(self, name: str) -> Path:
        """Where a program is."""
        return self.folder / name


def build(level: Level = Level.CONTROL) -> Programs:
    """Have the programs of a level: given, kept from before, or built now (minutes)."""
    given = places.given_programs()
    if given is not None:
        return _use(given, level)
    folder = places.cache() / f"kubernetes-{VERSION}"
    if not _is_built(folder, level):
        with alone(places.cache() / "build.lock"):
            if not _is_built(folder, level):
                _build(folder, level)
    programs = Programs(folder, _etcd(folder))
    if level is Level.NODE:
        with alone(places.cache() / "images.lock"):
            standin.archives()
    return programs


def is_ready(level: Level) -> bool:
    """Whether `build` would return at once."""
    if places.given_programs() is not None:
        return True
    return _is_built(places.cache() / f"kubernetes-{VERSION}", level)


def _use(given: Path, level: Level) -> Programs:
    """Programs that were built elsewhere."""
    absent = [name for name in level.programs if not os.access(given / name, os.X_OK)]
    if absent:
        message = f"{places.GIVEN_PROGRAMS}={given} has no {', '.join(absent)}, which level {level} needs"
        raise HarnessError(message)
    return Programs(given, _etcd(given))


def _etcd(folder: Path) -> Path:
    """The etcd beside the programs, or that of the machine."""
    beside, installed = folder / "etcd", shutil.which("etcd")
    if beside.exists():
        return beside
    if installed is None:
        message = f"there is no etcd in {folder} and none installed"
        raise HarnessError(message)
    return Path(installed)


def _stamp(level: Level) -> dict[str, str]:
    """What says of a program in the cache how it was built."""
    recipe = f"{RECIPE} {VERSION} {TAGS}"
    return dict.fromkeys(level.programs, hashlib.sha256(recipe.encode()).hexdigest()[:16])


def _is_built(folder: Path, level: Level) -> bool:
    """Whether the cache has all of a level, built this way, and the machine what it needs beside it."""
    stamp = _read_stamp(folder)
    fit = all(stamp.get(name) == recipe and (folder / name).exists() for name, recipe in _stamp(level).items())
    return fit and not debian.missing([name for name in PACKAGES[level] if not name.startswith("golang")])


def _read_stamp(folder: Path) -> dict[str, str]:
    """The stamp of a cache; empty when there is none that can be read."""
    try:
        stamp = json.loads((folder / "stamp.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _build(folder: Path, level: Level) -> None:
    """Install, fetch, mend, generate, compile; keep the programs and throw everything else away."""
    work = places.cache() / "work"
    steps = Steps(places.cache() / "logs")
    steps.begin(f"install packages: {', '.join(debian.missing(PACKAGES[level])) or 'all there'}")
    debian.install(PACKAGES[level], steps)
    stamp = _read_stamp(folder)
    wanted = [
        name for name, recipe in _stamp(level).items() if stamp.get(name) != recipe or not (folder / name).exists()
    ]
    if not wanted:
        return
    shutil.rmtree(work / "tree", ignore_errors=True)
    tree = _fetch(work, steps)
    _mend(work, tree, steps)
    go = _Go(work, tree, steps)
    _generate(go, tree, steps)
    steps.begin(f"compile: {', '.join(wanted)} (minutes)")
    fresh = work / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    go.build(fresh, [f"{_MODULE}/cmd/{name}" for name in wanted])
    folder.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        (fresh / name).replace(folder / name)
    (folder / "stamp.json").write_text(json.dumps(stamp | _stamp(level), indent=2) + "\n", encoding="utf-8")
    steps.begin("clean up: sources and Go's cache")
    _remove(work)
    steps.say(f"built in {folder}")


def _remove(folder: Path) -> None:
    """Remove a folder, also where Go made parts of it read-only."""
    shutil.rmtree(folder, ignore_errors=True)


def _fetch(work: Path, steps: Steps) -> Path:
    """Fetch and unpack the source."""
    steps.begin(f"fetch the source of Kubernetes {VERSION}")
    tree = work / "tree"
    tree.mkdir(parents=True)
    steps.run(["tar", "--extract", "--no-same-owner", f"--directory={tree}", f"--file={_download(work, steps)}"])
    (root,) = tree.iterdir()
    return root


def _download(work: Path, steps: Steps) -> Path:
    """Download the archive with the source of Kubernetes, as Debian keeps it."""
    lists = debian.SourceLists(work / "apt", steps)
    found = lists.versions("kubernetes")
    fit = [version for version in found if version.split("+really")[-1].split("-")[0] == VERSION]
    if not fit:
        message = (
            f"Debian {debian.codename()} has the source of Kubernetes {', '.join(found) or '(none)'}, and {VERSION} is "
            f"wanted, which Debian 12 (bookworm) has. Give programs with {places.GIVEN_PROGRAMS} or a whole cluster "
            f"with {places.GIVEN_KUBECONFIG}"
        )
        raise HarnessError(message)
    folder = work / "source"
    shutil.rmtree(folder, ignore_errors=True)
    lists.fetch("kubernetes", fit[0], folder)
    return next(folder.glob("kubernetes_*.orig.tar.*"))


def _mend(work: Path, tree: Path, steps: Steps) -> None:
    """Put Debian's reflect2 in the place of the vendored one."""
    steps.begin("mend the source: a reflect2 that fits Go 1.18 and later")
    package = work / "reflect2"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    steps.run(["apt-get", "-o", "APT::Sandbox::User=root", "--quiet", "download", _REFLECT2], folder=package)
    (archive,) = package.glob("*.deb")
    steps.run(["dpkg-deb", "--extract", str(archive), str(package)])
    ours = tree / "vendor/github.com/modern-go/reflect2"
    theirs = package / "usr/share/gocode/src/github.com/modern-go/reflect2"
    for old in (*ours.glob("*.go"), *ours.glob("*.s")):
        old.unlink()
    for new in (*theirs.glob("*.go"), *theirs.glob("*.s")):
        if not new.name.endswith("_test.go"):
            shutil.copy(new, ours)


class _Go:
    """Go, working in a GOPATH that holds the source of Kubernetes."""

    def __init__(self, work: Path, tree: Path, steps: Steps) -> None:
        self.path = work / "gopath"
        self._steps = steps
        self._linked = self.path / "src" / _MODULE
        self._linked.parent.mkdir(parents=True, exist_ok=True)
        self._linked.unlink(missing_ok=True)
        self._linked.symlink_to(tree)
        self.environment = {
            "PATH": f"{GO.parent}:{os.environ['PATH']}",
            "PWD": str(self._linked),
            "GOPATH": str(self.path),
            "GOCACHE": str(work / "gocache"),
            "GO111MODULE": "off",
            "GOFLAGS": "",
            "GOPROXY": "off",
            "CGO_ENABLED": "0",
        }

    def run(self, *command: str, seconds: float = 3600) -> None:
        """Run a command inside the source, as Go sees it."""
        self._steps.run(["nice", *command], folder=self._linked, environment=self.environment, seconds=seconds)

    def build(self, folder: Path, packages: list[str]) -> None:
        """Compile small programs that know their version."""
        flags = " ".join(("-s", "-w", *_version_flags()))
        self.run(*(str(GO), "build", "-tags", TAGS, "-trimpath", "-ldflags", flags, "-o", f"{folder}/", *packages))


def _version_flags() -> list[str]:
    """What the linker writes into the programs, so that they say their version."""
    major, minor, _ = VERSION.split(".")
    facts = {
        "gitVersion": f"v{VERSION}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "2021-01-13T00:00:00Z",
    }
    packages = ("component-base/version", "client-go/pkg/version")
    return [
        f"-X {_MODULE}/vendor/k8s.io/{package}.{name}={value}" for package in packages for name, value in facts.items()
    ]


def _generate(go: _Go, tree: Path, steps: Steps) -> None:
    """Generate the description of the API."""
    steps.begin("generate the description of the API")
    generator = go.path / "openapi-gen"
    go.run(str(GO), "build", "-o", str(generator), f"{_MODULE}/vendor/k8s.io/kube-openapi/cmd/openapi-gen")
    go.run(
        str(generator),
        *("--input-dirs", ",".join(_described(tree))),
        *("--output-package", f"{_MODULE}/pkg/generated/openapi"),
        *("--output-file-base", "zz_generated.openapi"),
        *("--go-header-file", "hack/boilerplate/boilerplate.generatego.txt"),
        *("--output-base", str(go.path / "src")),
        *("--report-filename", str(go.path / "violations.txt")),
    )


def _described(tree: Path) -> list[str]:
    """The packages whose types are part of the API, as Go names them."""
    staged = tree / "staging/src/k8s.io"
    roots = {tree / part: f"{_MODULE}/{part}" for part in ("pkg", "cmd")}
    for module in sorted(staged.iterdir()):
        if module.is_dir() and module.name not in ("code-generator", "sample-apiserver"):
            roots[module] = f"{_MODULE}/vendor/k8s.io/{module.name}"
    found = set()
    for root, name in roots.items():
        for file in root.rglob("*.go"):
            if b"+k8s:openapi-gen=" in file.read_bytes():
                found.add("/".join((name, *file.parent.relative_to(root).parts)))
    return sorted(found)
