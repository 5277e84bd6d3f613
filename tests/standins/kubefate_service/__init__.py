"""Stands in for KubeFATE's service: a program that answers as the service's Go code does, quirks included.

    python -m tests.standins.kubefate_service --port 8080 --release v1.11.2 --state /tmp/kubefate

It was written from the service's code (`k8s-deploy/pkg` of the releases) and from service-api.md; where swagger and the
code differ, the code is right. What is read off the code without having been seen to run says "(derived)". It shares
nothing with fedplan.

| module | what it plays |
| --- | --- |
| `generations.py` | what differs between releases of the service |
| `server.py`, `faults.py` | the HTTP engine with its redirects and panics; what can go wrong on the way |
| `routes.py`, `answers.py` | the handlers |
| `tokens.py` | logging in |
| `store.py`, `shapes.py` | the database, and how its rows are marshalled |
| `install.py`, `update.py`, `delete.py` | the jobs, which run in the background |
| `charts.py` | the charts: uploaded, stored, downloaded |
| `platform.py` | what a service needs of Helm and Kubernetes |
| `memory.py` | a Kubernetes with Helm that is none: workloads become ready after some seconds |
| `running.py` | starts it from a test |
| `real.py` | the real ones: a helm binary and an API server |

What outlives a restart of the service is in the folder `--state`: its database and, of `memory.py`, the cluster. Tokens
and running jobs do not, as in the real one.
"""
