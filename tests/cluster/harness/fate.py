"""Real FATE for the real node: an image with FATE from PyPI, and RabbitMQ, nginx and MariaDB from Debian.

One image stands for all of a party's. In it FATE-Flow, pyfate and fate-client lie where FATE's own images have them,
and so do nginx's folders: pods run the manifests as they are rendered, and read the files that are mounted there. What
goes around that, programs named after those of the images, is in `tests/cluster/real_fate`.

MariaDB stands for MySQL, which Debian does not have, and nginx with its Lua module for OpenResty. Route tables are read
by a router of our own, since FATE's is not on PyPI. The notebook is an empty page.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cluster.harness import debian, images, node, places, standin
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.images import Tree, files_below, write_image
from tests.cluster.harness.steps import Steps, alone

IMAGE = "localhost/real-fate:1"
VERSION = "2.0.0"
"""The newest FATE-Flow that a release of KubeFATE has."""
PACKAGES = (
    *("rabbitmq-server", "erlang-base", "erlang-asn1", "erlang-crypto", "erlang-eldap", "erlang-ftp", "erlang-inets"),
    *("erlang-mnesia", "erlang-os-mon", "erlang-parsetools", "erlang-public-key", "erlang-runtime-tools", "erlang-ssl"),
    *("erlang-syntax-tools", "erlang-tftp", "erlang-tools", "erlang-xmerl"),
    *("nginx", "nginx-common", "libnginx-mod-http-ndk", "libnginx-mod-http-lua", "lua-resty-core"),
    "lua-resty-lrucache",
    *("mariadb-server", "mariadb-server-core", "mariadb-client", "mariadb-client-core", "mariadb-common"),
)
"""Debian's packages whose programs are in the image."""

_PROGRAMS = Path(__file__).resolve().parents[1] / "real_fate"
_REQUIREMENTS = _PROGRAMS / "requirements.txt"
_RECIPE = 1
_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_BASE = "/data/projects/fate"
_FLOW = f"{_BASE}/fate_flow"
_LIBRARY = f"/usr/lib/{_PYTHON}/site-packages"
_WHEELS = {"fate-flow": f"{_FLOW}/python", "pyfate": f"{_BASE}/fate/python", "fate-client": _LIBRARY}
"""FATE's wheels, and where their files lie in its images."""
_NGINX = f"{_BASE}/proxy/nginx"
_ROUTER = {
    "servers.conf": f"{_NGINX}/conf/vhost/servers.conf",
    "initialize.lua": f"{_NGINX}/lua/initialize.lua",
    "routes.lua": f"{_NGINX}/lua/routes.lua",
    "balancer.lua": f"{_NGINX}/lua/balancer.lua",
}
_ENTRIES = ("entrypoint", "mysql-entrypoint", "rabbitmq-entrypoint", "openresty", "jupyter", "flow", "pipeline")
_BROKER_TOOLS = ("rabbitmqctl", "rabbitmq-diagnostics")
_WRITABLE = ("/run", "/run/mysqld", "/var/lib/mysql", "/var/lib/nginx", "/var/lib/rabbitmq", "/var/log/rabbitmq")
_NOT_NEEDED = ("tests", "include", "pip")
_NOT_IMPORTED = (*_NOT_NEEDED, "test")
"""Folders of packages that are left out; pyfate imports its own `test`."""
_NOT_IN_STDLIB = (*_NOT_IMPORTED, "idlelib", "lib2to3", "__pycache__", "site-packages")
_ACCOUNTS = "rabbitmq:x:999:999:rabbitmq:/var/lib/rabbitmq:/bin/sh\n"
_INHERITED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""What a machine says about its processor to a library that could mistake it."""


def archive() -> Path:
    """Where the image is kept, whether it is there or not."""
    files = sorted(file for file in _PROGRAMS.iterdir() if file.is_file())
    here = (Path(__file__), Path(standin.__file__), Path(images.__file__))
    made_of = b"".join(file.read_bytes() for file in (*files, *here))
    key = hashlib.sha256(made_of + f"{_RECIPE} {VERSION} {sys.version}".encode()).hexdigest()[:12]
    return places.cache() / "fate" / f"fate-{VERSION}-{key}.tar"


def is_ready() -> bool:
    """Whether the image is kept from before."""
    return archive().exists()


def build() -> Path:
    """Have the image: kept from before, or made now (minutes)."""
    made = archive()
    if not made.exists():
        with alone(places.cache() / "fate.lock"):
            if not made.exists():
                _build(made)
    return made


def give(cluster: Cluster) -> None:
    """Give a node the image."""
    if not is_ready():
        message = "there is no image of FATE: run python -m tests.cluster.harness build --fate"
        raise HarnessError(message)
    node.import_image(cluster, archive())


def _build(made: Path) -> None:
    """Install Debian's packages on the machine, and Python's into a folder; then make the image of both."""
    steps = Steps(places.cache() / "logs")
    steps.begin(f"install packages: {', '.join(debian.missing(PACKAGES)) or 'all there'}")
    debian.install(PACKAGES, steps)
    work = made.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    for old in made.parent.glob("*.tar"):
        old.unlink()
    steps.begin(f"install FATE {VERSION} from PyPI (minutes)")
    _install(steps, work / "library", "--requirement", str(_REQUIREMENTS))
    for wheel in _WHEELS:
        _install(steps, work / wheel, "--no-deps", f"{wheel}=={VERSION}")
    steps.begin("write the image of FATE")
    tree = standin.system()
    _add_python(tree, work, steps)
    _add_debian(tree)
    _add_programs(tree)
    paths = f"{_WHEELS['pyfate']}:{_WHEELS['fate-flow']}"
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    write_image(IMAGE, tree, made, [], ["/usr/local/bin/entrypoint"], {"PYTHONPATH": paths, **inherited})
    shutil.rmtree(work)
    steps.say(f"built {made}")


def _install(steps: Steps, folder: Path, *what: str) -> None:
    """Let pip install something into a folder, for the Python that runs this."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    steps.run([*command, "--target", str(folder), *what], seconds=1800)


def _add_python(tree: Tree, work: Path, steps: Steps) -> None:
    """Python's packages, compiled beforehand: every task of a job is a new process that imports them."""
    flow = work / "fate-flow" / "fate_flow"
    shutil.copytree(flow / "conf", work / "conf")
    folders = {work / "library": _LIBRARY, **{work / name: place for name, place in _WHEELS.items()}}
    stdlib = work / "stdlib"
    shutil.copytree(sysconfig.get_path("stdlib"), stdlib, ignore=shutil.ignore_patterns(*_NOT_IN_STDLIB))
    folders[stdlib] = f"/usr/lib/{_PYTHON}"
    compiler = [sys.executable, "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
    extensions = []
    for folder, place in folders.items():
        # Some packages bring templates of programs, which are no Python: whatever cannot be compiled is left as it is.
        moved = ["-s", str(folder), "-p", place, str(folder)]
        subprocess.run(["nice", *compiler, *moved], capture_output=True, check=False)
        for file in files_below(folder, _NOT_IMPORTED if folder.name == "library" else _NOT_NEEDED):
            tree.add(f"{place}/{file.relative_to(folder)}", file)
            if ".so" in file.suffixes:
                extensions.append(file)
    for file in files_below(work / "conf", ()):
        tree.add(f"{_FLOW}/conf/{file.name}", file)
    tree.add(f"{_FLOW}/fateflow.env", flow / "fateflow.env")
    _add_libraries(tree, extensions)
    steps.say("packages of Python are in")


def _add_debian(tree: Tree) -> None:
    """The files of Debian's packages, and the libraries that their programs load."""
    programs = []
    for file in _files_of(PACKAGES):
        if file.is_symlink():
            tree.link(str(file), str(file.readlink()))
        else:
            tree.add(str(file), file)
            with file.open("rb") as reader:
                if reader.read(4) == b"\x7fELF":
                    programs.append(file)
    _add_libraries(tree, programs)


def _add_programs(tree: Tree) -> None:
    """What FATE's images have around it."""
    for name in _ENTRIES:
        tree.add(f"/usr/local/bin/{name}", _PROGRAMS / name)
    for tool in _BROKER_TOOLS:
        tree.add(f"/usr/local/bin/{tool}", _PROGRAMS / "rabbitmq-tool")
    for name, place in _ROUTER.items():
        tree.add(place, _PROGRAMS / name)
    tree.add(f"{_NGINX}/conf/mime.types", Path("/etc/nginx/mime.types"))
    tree.add("/etc/passwd", standin.ACCOUNTS["etc/passwd"].encode() + _ACCOUNTS.encode())
    for place in _WRITABLE:
        tree.add_folder(place, 0o1777)


def _add_libraries(tree: Tree, programs: Sequence[Path]) -> None:
    """The machine's libraries that programs load; what came with them is in the image already."""
    for number in range(0, len(programs), 200):
        for library in standin.libraries(programs[number : number + 200]):
            if library.is_relative_to("/usr") or library.parts[1].startswith("lib"):
                tree.add(str(library), library)


def _files_of(packages: Sequence[str]) -> Iterator[Path]:
    """The files of packages that programs read: what is for people is left out."""
    shown = subprocess.run(["dpkg-query", "--listfiles", *packages], capture_output=True, text=True, check=True).stdout
    for line in sorted(set(shown.splitlines())):
        file = Path(line)
        is_wanted = line.startswith(("/usr/", "/lib/", "/bin/", "/sbin/")) and "/share/man/" not in line
        if is_wanted and "/share/doc/" not in line and (file.is_symlink() or file.is_file()):
            yield file
