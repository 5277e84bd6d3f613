"""The images that pods of the real node run: a small system of the machine's own programs, an empty one, and pause.

The stand-in has a shell, busybox and the Python that runs the tests, without its packages. It can stand for any image:
`node.tag_image` gives it other names. The empty image has nothing at all; pods that use it see the machine's folders.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.cluster.harness import places
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.images import MERGED, Tree, files_below, write_image

STANDIN = "localhost/standin:1"
HOST = "localhost/host:1"
PAUSE = "localhost/pause:1"

_RECIPE = 2
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_NOT_NEEDED = (
    *("__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages"),
    *("dist-packages", "pydoc_data", f"config-{sys.version_info[0]}.{sys.version_info[1]}-x86_64-linux-gnu"),
)
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def archives() -> list[Path]:
    """The archives of all images; those that are not kept from before are made now (seconds)."""
    version = f"{_RECIPE} {sys.version} {Path('/etc/os-release').read_text(encoding='utf-8')}"
    key = hashlib.sha256(version.encode()).hexdigest()[:12]
    folder = places.cache() / "images"
    found = {name: folder / f"{name}-{key}.tar" for name in ("pause", "host", "standin")}
    if not found["pause"].exists():
        write_image(PAUSE, _pause(), found["pause"], ["/bin/busybox", "sleep", "2147483647"])
    if not found["host"].exists():
        write_image(HOST, _empty(), found["host"], ["/bin/sh"])
    if not found["standin"].exists():
        write_image(STANDIN, system(), found["standin"], ["/bin/sh"])
    for old in folder.glob("*.tar"):
        if old not in found.values():
            old.unlink()
    return list(found.values())


def host_programs(*folders: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The volumes and volumeMounts that let programs of the machine run in the empty image.

    That is /usr, the Python that runs the tests with its packages, and further folders.
    """
    python = {Path(sys.prefix), Path(sys.base_prefix)}
    shown = sorted({path for path in (*python, *folders) if not path.is_relative_to("/usr")})
    volumes = [{"name": "usr", "hostPath": {"path": "/usr"}}]
    mounts: list[dict[str, Any]] = [{"name": "usr", "mountPath": "/usr", "readOnly": True}]
    linked = [name for name in MERGED if Path("/usr", name).is_dir() and Path("/", name).is_symlink()]
    mounts += [{"name": "usr", "mountPath": f"/{name}", "subPath": name, "readOnly": True} for name in linked]
    for number, folder in enumerate(shown):
        volumes.append({"name": f"host-{number}", "hostPath": {"path": str(folder)}})
        mounts.append({"name": f"host-{number}", "mountPath": str(folder), "readOnly": True})
    return volumes, mounts


def _empty() -> Tree:
    """A system without programs."""
    tree = Tree()
    for place in ("/dev", "/etc", "/proc", "/root", "/sys", "/var"):
        tree.add_folder(place)
    tree.add_folder("/tmp", 0o1777)
    for place, text in ACCOUNTS.items():
        tree.add(place, text.encode())
    return tree


def _pause() -> Tree:
    """What holds the namespaces of a pod: a program that does nothing."""
    tree, busybox = Tree(), _program("busybox")
    tree.add("/bin/busybox", busybox)
    for needed in libraries([busybox]):
        tree.add(str(needed), needed)
    return tree


def system() -> Tree:
    """A system with shells, busybox and Python."""
    tree = _empty()
    programs = {"bash": _program("bash"), "sh": _program("dash"), "busybox": _program("busybox")}
    for name, program in programs.items():
        tree.add(f"/bin/{name}", program)
    listed = subprocess.run([programs["busybox"], "--list"], capture_output=True, text=True, check=True).stdout
    for applet in listed.split():
        tree.link(f"/bin/{applet}", "busybox")
    python = Path(sys.executable).resolve()
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    tree.add(f"/usr/bin/{version}", python)
    tree.link("/usr/bin/python3", version)
    tree.link("/usr/bin/python", version)
    library = Path(sysconfig.get_path("stdlib"))
    extensions = []
    for file in files_below(library, _NOT_NEEDED):
        tree.add(f"/usr/lib/{version}/{file.relative_to(library)}", file)
        if ".so" in file.suffixes:
            extensions.append(file)
    for needed in libraries([*programs.values(), python, *extensions]):
        tree.add(str(needed), needed)
    return tree


def _program(name: str) -> Path:
    """A program of the machine."""
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed, and the stand-in image is to have it"
        raise HarnessError(message)
    return Path(found).resolve()


def libraries(programs: Iterable[Path]) -> list[Path]:
    """Every library that programs load, under the names they load it by."""
    shown = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    return sorted({Path(found) for found in _LIBRARY.findall(shown)})
