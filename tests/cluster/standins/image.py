"""The image of the stand-ins, and its names on the node."""

from __future__ import annotations

import hashlib
import py_compile
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.harness import node, places, standin
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.images import write_image

FATE = "localhost/fate:1"
_PROGRAM = Path(__file__).with_name("fate.py")
_PLACE = "/usr/lib/fate.py"
_SERVING = Path(__file__).with_name("serving.py")
_MYSQL_LIBRARY = Path(__file__).with_name("mysql_library.py")
_NAMES = (
    *("entrypoint", "flow", "java", "jupyter", "mysql", "openresty", "pipeline", "pulsar", "pulsar-admin"),
    *("rabbitmqctl", "rabbitmq-diagnostics"),
)
_PING = "#!/bin/sh\nexec wget -q -O /dev/null http://127.0.0.1:3306/\n"
"""mysqladmin, which the kubelet starts every few seconds."""
_NC = '#!/bin/sh\ntest "$1" = -z || exec busybox nc "$@"\nexec bash -c \'exec 3<>/dev/tcp/$0/$1\' "$4" "$5"\n'
"""nc, which knows `-z -w SECONDS HOST PORT` in images on Alpine, and does not on Debian."""
_SERVERS = ("fateflow", "fate_flow")
_FOLDERS = ("eggroll/conf", "osx/conf", "proxy/nginx/conf")


def give(cluster: Cluster) -> None:
    """Give the node the image; it is made when the program has changed (seconds)."""
    here = (_PROGRAM, _SERVING, _MYSQL_LIBRARY, Path(__file__), Path(standin.__file__))
    made_of = b"".join((*(file.read_bytes() for file in here), sys.version.encode()))
    key = hashlib.sha256(made_of).hexdigest()[:12]
    archive = places.cache() / "stand-ins" / f"fate-{key}.tar"
    if not archive.exists():
        for old in archive.parent.glob("*.tar"):
            old.unlink()
        with tempfile.TemporaryDirectory() as folder:
            _write(archive, Path(folder))
    node.import_image(cluster, archive)


def name_after(cluster: Cluster, images: Iterable[str]) -> None:
    """Give the image the names under which pods ask for it."""
    for image in sorted(set(images)):
        node.tag_image(cluster, FATE, image)


def images_of(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """The images that the pods of planned objects are made from."""
    pods = [each["spec"]["template"]["spec"] for each in documents if "template" in each.get("spec", {})]
    return {container["image"] for pod in pods for container in (*pod.get("initContainers", ()), *pod["containers"])}


def _write(archive: Path, folder: Path) -> None:
    """Write the image; whoever is asked for `bin/pulsar` is in the folder above it, as in Pulsar's image."""
    tree = standin.system()
    tree.add(_PLACE, _runnable(folder / "fate.py", "#!/usr/bin/python3 -IS\n" + _PROGRAM.read_text(encoding="utf-8")))
    serving = _runnable(folder / "serving.py", "#!/usr/bin/python3 -IS\n" + _SERVING.read_text(encoding="utf-8"))
    tree.add("/usr/lib/fate_serving.py", serving)
    tree.add("/usr/bin/nc", _runnable(folder / "nc", _NC))
    tree.add("/usr/bin/mysqladmin", _runnable(folder / "mysqladmin", _PING))
    library = f"/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    tree.add(f"{library}/pymysql.py", _MYSQL_LIBRARY)
    for file in Path(yaml.__file__).parent.glob("*.py"):
        tree.add(f"{library}/yaml/{file.name}", file)
    for name in _NAMES:
        tree.link(f"/usr/bin/{name}", _PLACE)
    tree.link("/tini", _PLACE)
    for name in _SERVERS:
        tree.link(f"/data/projects/fate/{name}/python/fate_flow/fate_flow_server.py", _PLACE)
    for name in _FOLDERS:
        tree.add_folder(f"/data/projects/fate/{name}")
    tree.add("/pulsar/conf/standalone.conf", b"webServicePort=8080\nclusterName=nobody\n")
    for source in _imported():
        made = folder / "module.pyc"
        py_compile.compile(str(source), str(made), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        tree.add(_compiled(source), made.read_bytes())
    write_image(FATE, tree, archive, [], ["/usr/bin/entrypoint"])


def _runnable(file: Path, text: str) -> Path:
    """A program."""
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return file


def _imported() -> list[Path]:
    """The modules that the program imports: compiled beforehand, because dozens of pods start at once."""
    command = [sys.executable, "-IS", str(_PROGRAM), "--modules"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [Path(line) for line in listed.splitlines() if line.endswith(".py")]
    return [file for file in found if file.is_relative_to(sysconfig.get_path("stdlib"))]


def _compiled(source: Path) -> str:
    """Where Python of the image looks for a compiled module."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    place = Path("/usr/lib", version) / source.relative_to(sysconfig.get_path("stdlib"))
    return str(place.parent / "__pycache__" / f"{place.stem}.{sys.implementation.cache_tag}.pyc")
