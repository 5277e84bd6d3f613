"""A number means different things to different readers.

010 is eight to readers of YAML 1.1 and ten to those of YAML 1.2; 0x1F, 0o17, 0b1 and 1_000 are numbers to some and
text to others; 1e10 (a commit, perhaps) is one to YAML 1.2 only; 1.10 loses its last zero as soon as a program
reads it as a number; numbers of more than 18 digits do not fit 64 bits. The values of this file go through several
readers on their way into a cluster (Python, Go, Helm's templates), so a number must be written in the one way that
all of them read alike. 30:09 needs no finding: it is text here, and never the 1809 of YAML 1.1's base 60.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 010000, cluster: shop}          # error: FED107
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

FAULT = Fault(
    "FED107",
    "ambiguous_number",
    mended="quotes come where only text is allowed, digits where only a number is and all read the same one",
)
