"""Charts: read from a package, stored as a row, downloaded from a repository (`pkg/modules/helm_chart*.go`)."""

from __future__ import annotations

import base64
import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import yaml

from tests.standins.kubefate_service.store import Row

REPOSITORY: Final = "https://federatedai.github.io/KubeFATE"


class ChartError(Exception):
    """Why a chart cannot be had, in the service's words."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What the service keeps of a package: all other files and the charts within it are dropped."""

    name: str
    version: str
    app_version: str
    chart_yaml: str
    values: str
    template: str
    example: str = ""
    templates: dict[str, bytes] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        """As it is stored."""
        return {
            "name": self.name,
            "chart": self.chart_yaml,
            "values": self.values,
            "values_template": self.template,
            "values_template_example": self.example,
            "templates": [
                {"name": name, "data": base64.b64encode(data).decode()} for name, data in self.templates.items()
            ],
            "version": self.version,
            "app_version": self.app_version,
        }


def stored(row: Row) -> Chart:
    """A chart out of the database."""
    templates = {file["name"]: base64.b64decode(file["data"]) for file in row["templates"]}
    return Chart(
        row["name"],
        row["version"],
        row["app_version"],
        chart_yaml=row["chart"],
        values=row["values"],
        template=row["values_template"],
        example=row["values_template_example"],
        templates=templates,
    )


def read(package: bytes) -> Chart:
    """The chart of a .tgz; raises ChartError."""
    try:
        with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
            files = {member.name.partition("/")[2]: _read(archive, member) for member in archive if member.isfile()}
        about = yaml.safe_load(files["Chart.yaml"])
        name, version = str(about["name"]), str(about["version"])
    except (tarfile.TarError, EOFError, OSError, KeyError, TypeError, yaml.YAMLError):
        text = "chartRequested not exist"
        raise ChartError(text) from None
    return Chart(
        name,
        version,
        str(about.get("appVersion", "")),
        chart_yaml=files["Chart.yaml"].decode(),
        values=files.get("values.yaml", b"").decode(),
        template=files.get("values-template.yaml", b"").decode(),
        example=files.get("values-template-example.yaml", b"").decode(),
        templates={path: data for path, data in files.items() if path.startswith("templates/")},
    )


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file is not None else b""


class Repository(Protocol):
    """Where the service looks for a chart that it has not."""

    def download(self, name: str, version: str) -> Chart:
        """The chart; raises ChartError."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A repository of packages in a folder."""

    folder: Path

    def download(self, name: str, version: str) -> Chart:
        """The package of that name and version."""
        for file in sorted(self.folder.glob("*.tgz")):
            chart = read(file.read_bytes())
            if (chart.name, chart.version) == (name, version):
                return chart
        raise _absent(name, version)


class Offline:
    """No way out of the cluster."""

    def download(self, name: str, version: str) -> Chart:  # noqa: ARG002 - it does not matter which
        """Nothing."""
        text = (
            f'looks like "{REPOSITORY}" is not a valid chart repository or cannot be reached: Get "{REPOSITORY}/'
            'index.yaml": dial tcp: lookup federatedai.github.io: no such host'
        )
        raise ChartError(text)


class Published:
    """The public repository: every chart that was published, empty, because `memory.py` needs no templates."""

    def download(self, name: str, version: str) -> Chart:
        """A chart that says no more than who it is."""
        if name not in _CHARTS or (name, version) in _UNPUBLISHED:
            raise _absent(name, version)
        return empty(name, version)


def empty(name: str, version: str) -> Chart:
    """A chart without templates."""
    about = yaml.safe_dump({"apiVersion": "v1", "name": name, "version": version, "appVersion": version})
    return Chart(name, version, version, about, "{}\n", "# nothing\n", f"name: {name}\n")


def package(chart: Chart, extra: dict[str, bytes] | None = None) -> bytes:
    """The .tgz of a chart."""
    files: dict[str, bytes] = {
        "Chart.yaml": chart.chart_yaml.encode(),
        "values.yaml": chart.values.encode(),
        "values-template.yaml": chart.template.encode(),
        "values-template-example.yaml": chart.example.encode(),
        **chart.templates,
        **(extra or {}),
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            about = tarfile.TarInfo(f"{chart.name}/{name}")
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return out.getvalue()


def _absent(name: str, version: str) -> ChartError:
    return ChartError(f'failed to download "kubefate/{name}" at version "{version}"')


_CHARTS: Final = frozenset({"fate", "fate-exchange", "fate-serving", "fate-upgrade-manager"})
_UNPUBLISHED: Final = frozenset({("fate", "v2.0.0"), ("fate-exchange", "v2.0.0")})
"""What is in the source tree, but never came into the repository (helm-direct.md)."""
