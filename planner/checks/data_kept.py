"""Data of a removed site or component stays in the cluster.

Claims hold what cannot be made again: models, tables, uploaded data. Secrets that were generated once open those
tables. Neither is deleted together with what used them, and a later apply finds them again. `--delete-data` deletes
them for good.

Example:

    $ invoke remove --party 9999
    federation.yaml:8:5: info[FED925]: party 9999 leaves PersistentVolumeClaim fate-9999/mysql-data on cluster bank
      hint: delete it for good with `invoke remove --party 9999 --delete-data`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import label, option, spoken

FAULT = Fault("FED925", "data_kept", Severity.INFO)


def data_kept(place: Place, site: str, kept: str, cluster: str, command: str = "remove") -> Diagnostic:
    """Say what `site` (its key) leaves behind (kind and name, or several); `command` deletes it: remove or apply."""
    message = f"{label(site)} leaves {spoken(kept)} on cluster {cluster}"
    return Diagnostic(FAULT, message, place, f"delete it for good with `invoke {command} {option(site)} --delete-data`")
