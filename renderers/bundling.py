"""A bundle: what one organisation needs of a federation, and nothing else. Pure: a site's folder in, bytes out.

It is one folder, packed: the site's own folder untouched, so that its digest stays, the charts of its installations
where they lie beside federation.yaml, and beside them what a person and a firewall must be told. Nothing in it depends
on who made it, when, or where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from renderers import archive
from renderers.bundle_texts import firewall_md, readme
from renderers.checksums import SUMS, sums
from renderers.cluster.folder import SiteFolder
from renderers.firewall import firewall_json, rules

README: Final = "README.md"
FIREWALL: Final = "FIREWALL.md"
FIREWALL_DATA: Final = "firewall.json"
ENDING: Final = ".tar.gz"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle: the name of its folder, and its files by their path in that."""

    name: str
    files: Mapping[str, bytes]

    @property
    def file_name(self) -> str:
        """What its archive is called."""
        return f"{self.name}{ENDING}"

    def packed(self) -> bytes:
        """The archive. ValueError where tar has no room for a path, or the archive would be too large to be read."""
        if not archive.fits(self.name, self.files):
            msg = f"{self.name} is larger than a bundle may be, or has a path that none may have"
            raise ValueError(msg)
        return archive.pack(self.name, self.files)


def bundle(folder: SiteFolder, charts: Mapping[str, bytes], shown: tuple[str, ...] = ()) -> Bundle:
    """The bundle of a site with the files of its charts by path; `shown` are the paths of its packages and charts."""
    found = rules(folder)
    files = {f"{folder.key}/{name}": text.encode() for name, text in folder.files.items()} | dict(charts)
    files[README] = readme(folder, shown).encode()
    files[FIREWALL] = firewall_md(folder, found).encode()
    files[FIREWALL_DATA] = firewall_json(folder, found).encode()
    files[SUMS] = sums(files).encode()
    return Bundle(f"{folder.federation}-{folder.key}", files)


def reserved(folder_name: str) -> frozenset[str]:
    """The names in a bundle's folder that no chart may have."""
    return frozenset({README, FIREWALL, FIREWALL_DATA, SUMS, folder_name})
