"""An inference request gets no federated answer.

The request of `--inference` was posted to the serving-proxy of the model's guest, as a client does it. A good answer
has `retcode` 0, `flag` 0 and data. Codes of FATE-Serving of four digits say whose fault it is: 1 stands before the
guest's, 2 before the host's. What the request holds is not shown.

| code | what it says | look at |
| --- | --- | --- |
| 100, 120 | the request is not as the model wants it | the file of `--inference` |
| 102, 103, 112, 113, 116 | features are missing, or not found by the adapter | the adapters (`serving.adapters`) |
| 104, 107, 123 | no such model, or it is not loaded | `flow model load`, `flow model bind`; INV-SRV-2, INV-SRV-3 |
| 105, 106, 108, 128 | the host's part is missing, or nobody answers | the serving proxies' routes (INV-SRV-1) |
| 109, 122, HTTP 404 | the service is not bound, or forgotten since a restart | `flow model bind` (INV-SRV-6) |

Example:

    $ invoke verify --live --only serving --party 9999 --inference request.json
    federation.yaml:8:5: error[FED509]: service credit gives no federated answer: 2104 from the host: model is null
      hint: load and bind the model again at each of its parties (`flow model load`, `flow model bind`)
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED509", "inference_failed")


def inference_failed(place: Place, service: str, reason: str, hint: str) -> Diagnostic:
    """Say that a bound service gives no good answer, and why, in a clause."""
    return Diagnostic(FAULT, f"service {spoken(service)} gives no federated answer: {spoken(reason)}", place, hint)
