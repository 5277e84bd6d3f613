"""A name could escape its folder or mislead its reader.

Names become folders under `out/`, Kubernetes objects and lines in reports. A path (../x) could lead out of `out/`;
con and nul are devices on Windows, where a checkout with such a folder fails; control characters and right-to-left
marks make a terminal or a review show something else than what stands there; letters of other scripts look like
Latin ones; and Kubernetes ends names at 63 characters.

Bad:

    version: 1
    name: ../demo                          # error: FED117
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from planner.diagnostics import Fault

FAULT = Fault("FED117", "unsafe_name")
