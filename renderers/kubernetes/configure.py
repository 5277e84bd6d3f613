"""Configuration files that hold a password or the pod's own address: written when the pod starts, never before.

A ConfigMap holds the file with places such as `@@MYSQL_PASSWORD@@`. An init container puts the values of its
environment into them and writes the result to a volume in memory, which the main container mounts. So no secret stands
in a ConfigMap, in `out/` or in a command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import LITTLE, container

TEMPLATES: Final = "/etc/fedplan/templates"
FILES: Final = "/etc/fedplan/files"
TEMPLATE_VOLUME: Final = "templates"
FILE_VOLUME: Final = "files"

_SCRIPT: Final = r"""set -eu
umask 077
escape() {
  from=$1 value=
  while :; do
    case $from in
      *[\\\"]*) head=${from%%[\\\"]*} from=${from#"$head"}
        value=$value$head\\${from%"${from#?}"} from=${from#?} ;;
      *) break ;;
    esac
  done
  value=$value$from
}
fill() {
  while IFS= read -r rest || [ -n "$rest" ]; do
    line=
    while :; do
      case $rest in
        *@@*@@*) line=$line${rest%%@@*} rest=${rest#*@@} name=${rest%%@@*} ;;
        *) break ;;
      esac
      case " $NAMES " in
        *" $name "*) eval "escape \"\${$name}\""; line=$line$value rest=${rest#*@@} ;;
        *) line=$line@@ ;;
      esac
    done
    printf '%s\n' "$line$rest"
  done
}
for file in "$FROM"/*; do
  fill <"$file" >"$TO/${file##*/}"
done
"""
"""Puts the values in as between double quotes: a quote or a backslash gets a backslash before it.

Java's properties, YAML, JSON, Python and redis.conf all read that back as the value (in YAML and the latter three the
place must stand between double quotes).
"""


def configure(installation: Installation, image: str, environment: Mapping[str, Manifest | str]) -> Manifest:
    """The init container that fills in the places of all files in the pod's templates volume.

    `environment` maps the names of places to a text, or to a `valueFrom`.
    """
    names = " ".join(environment)
    env: list[Manifest] = [
        {"name": "FROM", "value": TEMPLATES},
        {"name": "TO", "value": FILES},
        {"name": "NAMES", "value": names},
    ]
    for name, value in environment.items():
        env.append({"name": name, "value": value} if isinstance(value, str) else {"name": name, "valueFrom": value})
    return container(
        installation,
        "configure",
        image,
        {},
        command=["sh", "-c", _SCRIPT],
        env=env,
        resources=LITTLE,
        volumeMounts=[
            {"name": TEMPLATE_VOLUME, "mountPath": TEMPLATES, "readOnly": True},
            {"name": FILE_VOLUME, "mountPath": FILES},
        ],
    )


def volumes(config_map: str, keys: tuple[str, ...]) -> tuple[Manifest, ...]:
    """The two volumes of `configure`: these keys of a ConfigMap as templates, and the files made of them."""
    items = [{"key": key, "path": key} for key in keys]
    return (
        {"name": TEMPLATE_VOLUME, "configMap": {"name": config_map, "items": items}},
        {"name": FILE_VOLUME, "emptyDir": {"medium": "Memory"}},
    )


def mount(file: str, path: str) -> Manifest:
    """The mount of one such file at its place in the main container."""
    return {"name": FILE_VOLUME, "mountPath": path, "subPath": file, "readOnly": True}


def secret_value(secret: str, key: str) -> Manifest:
    """A `valueFrom` of one key of a Secret."""
    return {"secretKeyRef": {"name": secret, "key": key}}


POD_IP: Final[Manifest] = {"fieldRef": {"fieldPath": "status.podIP"}}
"""A `valueFrom` of the pod's own address."""
