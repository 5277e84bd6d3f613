"""A real Kubernetes for tests, on a Debian machine with nothing but apt: built, started, made to fail, and taken down.

`lifecycle` starts and ends clusters, `fake_node` is a node without containers, `faults` takes components away, `node`
and `standin` have the images of the real node, and `fate` one of real FATE for it. `python -m tests.cluster.harness`
does the same from the command line.
"""
