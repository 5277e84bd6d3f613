"""`invoke verify --from`: prove of one site what can be proved without federation.yaml."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

from planner.diagnostics import Diagnostic
from renderers.cluster.folder import SiteFolder
from renderers.cluster.handed_over import handed_over, wrong_digest
from renderers.folder_proof import FolderProof, prove_folder
from renderers.report import Report, State, Step, locate, render, wants_colour
from renderers.report.located import LinesDocument

GOOD: Final = 0
ERRORS: Final = 1
USAGE: Final = 64


def run_verify_folder(source: str, digest: str | None, format_name: str) -> tuple[str, int]:
    """The report on a folder or a bundle that was handed over, and its exit code."""
    folder = handed_over(Path(source))
    if isinstance(folder, tuple):
        return _report(format_name, None, FolderProof(0, 0, folder)), ERRORS
    mistake = wrong_digest(folder, digest, source) if digest is not None else ""
    if mistake:
        return mistake, USAGE
    proof = prove_folder(folder)
    return _report(format_name, folder, proof), ERRORS if proof.diagnostics else GOOD


def _report(format_name: str, folder: SiteFolder | None, proof: FolderProof) -> str:
    files = {} if folder is None else folder.files
    key = "" if folder is None else folder.key
    documents = {f"{key}/{name}": LinesDocument.from_text(text) for name, text in files.items()}
    names = {each.place.document: each.place.document for each in proof.diagnostics}
    report = Report(
        command="verify",
        findings=locate(proof.diagnostics, documents, names),
        summary=() if folder is None or proof.diagnostics else _summary(folder, proof),
        steps=_steps(proof.diagnostics, folder, proof),
        extra={"verify": _data(folder, proof)},
        colour=format_name == "text" and wants_colour(sys.stdout, os.environ),
    )
    return render(format_name, report)


def _summary(folder: SiteFolder, proof: FolderProof) -> tuple[str, ...]:
    dials = f"{proof.dials:,} of {proof.dials:,} {'endpoint' if proof.dials == 1 else 'endpoints'} dialled"
    doors = f"{proof.doors:,} of {proof.doors:,} {'door' if proof.doors == 1 else 'doors'} open"
    return (
        f"{folder.label} of {folder.federation}: the folder is whole, {dials} and {doors} as site.json says",
        f"digest {folder.digest}",
    )


def _steps(diagnostics: tuple[Diagnostic, ...], folder: SiteFolder | None, proof: FolderProof) -> tuple[Step, ...]:
    """What was proved, for formats that list what was done."""
    if folder is None:
        return (Step("the folder is whole", State.FAILED, "the findings say why", "folder"),)
    state, why = (State.FAILED, "the findings say why") if diagnostics else (State.PASSED, "")
    what = f"{proof.dials} endpoints dialled and {proof.doors} doors open as site.json says"
    return (Step("the folder is whole", group="folder"), Step(what, state, why, "routes"))


def _data(folder: SiteFolder | None, proof: FolderProof) -> dict[str, Any]:
    if folder is None:
        return {"site": None}
    return {
        "site": folder.key,
        "federation": folder.federation,
        "digest": folder.digest,
        "dials": proof.dials,
        "doors": proof.doors,
    }
