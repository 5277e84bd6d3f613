"""Volumes that stay when a release is uninstalled, though their claims are among its objects.

Charts of FATE up to v1.8.1 and those of FATE-Serving have claims among their objects (helm-direct.md section 4), and
whoever uninstalls them, helm or KubeFATE's service, deletes these. Helm takes what to delete from its own record of the
release: a claim that is not in there stays.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Final

from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.helm_releases import NOT_READABLE, HelmRelease, content_of
from renderers.cluster.references import Reference
from renderers.sound_yaml import UnsoundYamlError, documents

_SEPARATOR: Final = "\n---\n"


def keep_claims(api: Api, release: HelmRelease, deadline: Deadline) -> tuple[str, ...]:
    """Take the claims out of a release's record; the names of those that it had.

    Raises RefusedError where the operator may not change the record, and ApiError when the cluster goes away.
    """
    names = claims_in(release.manifest)
    reference = Reference("v1", "Secret", release.namespace, f"sh.helm.release.v1.{release.name}.v{release.revision}")
    live = api.get(reference, deadline) if names else None
    if live is None:
        return ()
    try:
        content = content_of(live, is_secret=True)
        manifest = without_claims(content["manifest"])
    except NOT_READABLE:
        return ()
    text = base64.b64encode(gzip.compress(json.dumps({**content, "manifest": manifest}).encode(), mtime=0))
    api.merge({"data": {"release": base64.b64encode(text).decode()}}, reference, deadline)
    return names


def claims_in(manifest: str) -> tuple[str, ...]:
    """The names of the claims among the objects of a manifest."""
    try:
        found = documents(manifest.encode())
    except UnsoundYamlError:
        return ()
    claims = [each for each in found if isinstance(each, dict) and each.get("kind") == "PersistentVolumeClaim"]
    return tuple(str((each.get("metadata") or {}).get("name", "")) for each in claims)


def without_claims(manifest: str) -> str:
    """A manifest without its claims; Helm begins each object with a line `---`."""
    parts = f"\n{manifest}".split(_SEPARATOR)
    return _SEPARATOR.join(part for part in parts if not claims_in(part)).lstrip("\n")
