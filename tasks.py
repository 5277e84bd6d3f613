"""Plan and prove a multi-party FATE federation from one federation.yaml.

A table of contents: each task parses its options, calls one function, prints, and exits.
Exit codes: 0 good, 1 errors, 2 differences (--check, --against), 3 the world refused, 64 usage, 70 a bug of fedplan.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from invoke import main as invoke_main
from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.program import Program
from invoke.tasks import task

GOOD: Final = 0
ERRORS: Final = 1
DIFFERENT: Final = 2
WORLD: Final = 3
USAGE: Final = 64
BUG: Final = 70
_COMMAND: Final = re.compile(
    r"\binvoke(?= (?:plan|verify|apply|status|remove|bundle|rbac|kubefate|import|graph|explain|init)\b)"
)
"""What the texts call the program; installed, it has a name of its own."""
FORMATS: Final = "text, json, sarif, junit, github, markdown"

_Task = TypeVar("_Task", bound=Callable[..., None])


def _command(function: _Task) -> _Task:
    """A task whose uncaught exception is a bug of ours: a traceback, and an exit code of its own."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)  # invoke forbids it: each run compiled all again
        try:
            function(*args, **kwargs)
        except (Exit, SystemExit):
            raise
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=GOOD) from None
        except KeyboardInterrupt:
            message = "interrupted; run it again: it goes on from there"
            raise Exit(message, code=WORLD) from None
        except Exception:  # noqa: BLE001 - whatever it is, it is a bug of ours
            traceback.print_exc()
            message = "This is a bug of fedplan, not a mistake in your file. Please report it with the lines above."
            raise Exit(message, code=BUG) from None

    return run  # type: ignore[return-value]  # functools.wraps keeps the signature that invoke inspects


def _usage(message: str) -> NoReturn:
    raise Exit(_as_called(message), code=USAGE)


def _as_called(text: str) -> str:
    """A text with the program's name as the user has called it."""
    return _COMMAND.sub("fedplan", text) if Path(sys.argv[0]).stem == "fedplan" else text


def _print(text: str) -> None:
    if sys.stdout is None:  # closed by whoever called us; the exit code still tells
        return
    text = _as_called(text)
    try:
        sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"the report cannot be printed: {error.strerror}"
        raise Exit(message, code=WORLD) from None


def _checked_format(name: str) -> str:
    if name not in FORMATS.split(", "):
        _usage(f"--format takes one of {FORMATS}, not {name!r}")
    return name


@task(
    auto_shortflags=False,
    iterable=["forget"],
    help={
        "file": "The federation to plan (default federation.yaml).",
        "out": "Folder to write to (default out/ beside the file).",
        "check": "Write nothing; exit 2 when out/ or the lock is not what this file plans.",
        "fix": "First mend federation.yaml where a hint leaves nothing to decide, and show the difference.",
        "dry_run": "With --fix: show the difference and write nothing; exit 2 when there is one.",
        "diff": "Show the difference to the baseline, file by file.",
        "against": "Git revision to compare with (default HEAD).",
        "live": "Write nothing; show how what runs differs from what stands in out/.",
        "render": "Folder to write the final objects of charts to, as helm renders them; proves the routes in them.",
        "charts": "With --render: where charts come from, in place of what federation.yaml says.",
        "context": "With --live: context of the kubeconfig (default the cluster's in federation.yaml).",
        "forget": "Free the ports of a removed site, party-ID or exchange-NAME (repeatable).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def plan(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    check: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    fix: bool = False,  # noqa: FBT001, FBT002 - as above
    dry_run: bool = False,  # noqa: FBT001, FBT002 - as above
    diff: bool = False,  # noqa: FBT001, FBT002 - as above
    against: str = "",
    live: bool = False,  # noqa: FBT001, FBT002 - as above
    render: str = "",
    charts: str = "",
    context: str = "",
    forget: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Check the federation, prove its routes, write each site's files, and say what changes."""
    from renderers.commands import run_plan

    name = _checked_format(format)
    if render or charts:
        from renderers.render_command import run_render

        if check or fix or dry_run or diff or against or forget or live or context or not render:
            _usage("--render stands with --charts alone: it renders what is in out/")
        text, code = run_render(file, out or None, name, goal=render, charts=charts)
        _print(text)
        _exit(code)
        return
    if live or context:
        from renderers.live_command import run_live

        if check or fix or dry_run or against or forget or not live:
            _usage("--live stands with --diff and --context alone: it compares what is in out/ with what runs")
        text, code = run_live(file, out or None, name, context=context, with_diff=diff)
        _print(text)
        _exit(code)
        return
    text, code = run_plan(
        file,
        out or None,
        name,
        check_only=check,
        with_diff=diff,
        against=against or None,
        forget=tuple(forget or ()),
        fix=fix,
        dry_run=dry_run,
    )
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    iterable=["pair", "party"],
    help={
        "file": "The federation (default federation.yaml).",
        "out": "Folder that was planned to (default out/ beside the file).",
        "path": "Show the way of one message, hop by hop: FROM:TO, as in 9999:10000.",
        "against": "Git revision: which pairs are lost, gained or re-routed since (exit 2 for the lost and re-routed).",
        "from_": "A site's folder or bundle that was handed over, in place of federation.yaml.",
        "digest": "With --from: the digest that the folder must have.",
        "live": "Ask what runs where your kubeconfig leads: probes, then FATE's toy example, then serving.",
        "only": "With --live: probes, toy or serving alone.",
        "all_pairs": "With --live: a toy example for every ordered pair that must talk.",
        "pair": "With --live: GUEST:HOST and what is on their way alone, as in 9999:10000 (repeatable).",
        "party": "With --live: this party's site and the pairs whose guest it is alone (repeatable).",
        "context": "With --live and --party: the kubeconfig context that leads to this party's cluster.",
        "failed": "With --live: repeat what was not true, failed or was not done in the last run.",
        "inference": "With --live: file of the inference request that a bound model is to answer.",
        "parallel": "With --live: sites or jobs at once (default 4).",
        "timeout": "With --live: seconds for each toy example (default 600).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def verify(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    path: str = "",
    against: str = "",
    from_: str = "",
    digest: str | None = None,
    live: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    only: str = "",
    all_pairs: bool = False,  # noqa: FBT001, FBT002 - as above
    pair: Sequence[str] | None = None,
    party: Sequence[str] | None = None,
    context: str = "",
    failed: bool = False,  # noqa: FBT001, FBT002 - as above
    inference: str = "",
    parallel: int = 4,
    timeout: int = 600,
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Prove the routes in the written out/ again, as a stranger would read it; with --live in the clusters, too."""
    from renderers.commands import run_verify

    defaults = (parallel, timeout) == (4, 600)
    asked = (only, all_pairs, pair, party, context, failed, inference, not defaults)
    if live:
        from renderers.verify_live_command import Request, run_verify_live

        if from_ or digest is not None:
            way_out = "run it beside federation.yaml and out/, or ask what runs there with `invoke status --from`"
            _usage(f"--live stands without --from, since a site's folder does not know the ways of others: {way_out}")
        if path or against:
            _usage("--live stands without --path and --against: it proves out/ and then asks what runs")
        text, code = run_verify_live(
            Request(
                file=file,
                out=out or None,
                only=only,
                pairs=tuple(pair or ()),
                parties=tuple(party or ()),
                all_pairs=all_pairs,
                failed=failed,
                context=context,
                inference=inference,
                parallel=parallel,
                timeout=timeout,
                format_name=_checked_format(format),
            )
        )
        _print(text)
        _exit(code)
        return
    if any(asked):
        options = "--only, --all-pairs, --pair, --party, --context, --failed, --inference, --parallel and --timeout"
        _usage(f"{options} go with --live")
    if from_ or digest is not None:
        from renderers.verify_folder_command import run_verify_folder

        if out or path or against or not from_:
            _usage("--from stands with --digest alone: the folder is proved by itself")
        text, code = run_verify_folder(from_, digest, _checked_format(format))
        _print(text)
        _exit(code)
        return
    text, code = run_verify(file, out or None, _checked_format(format), path=path or None, against=against or None)
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    iterable=["party", "site"],
    help={
        "file": "The federation (default federation.yaml).",
        "out": "Folder that was planned to (default out/ beside the file).",
        "party": "Whose site, by party id (repeatable).",
        "site": "A site by its folder's name, as in exchange-hub (repeatable).",
        "all": "Every site whose cluster your kubeconfig leads to.",
        "from_": "A site's folder or bundle that was handed over, in place of federation.yaml.",
        "digest": "With --from: the digest that the folder must have.",
        "context": "Context of the kubeconfig (default the cluster's in federation.yaml).",
        "only": "training or serving alone.",
        "yes": "Do not ask; needed where there is no terminal.",
        "force": "Apply even if workloads, or most objects, are deleted.",
        "force_conflicts": "Take fields that others have set.",
        "delete_data": "Delete claims and Secrets that the plan has no more.",
        "rollback": "Go back to the plan that came up before the latest one.",
        "charts": "Where charts come from, in place of what the site says (targets helm, kubefate).",
        "timeout": "Seconds to wait for the roll-out of a site (default 900).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def apply(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    party: Sequence[str] | None = None,
    site: Sequence[str] | None = None,
    all: bool = False,  # noqa: A002, FBT001, FBT002 - the option is called --all
    from_: str = "",
    digest: str | None = None,
    context: str = "",
    only: str = "",
    yes: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    force: bool = False,  # noqa: FBT001, FBT002 - as above
    force_conflicts: bool = False,  # noqa: FBT001, FBT002 - as above
    delete_data: bool = False,  # noqa: FBT001, FBT002 - as above
    rollback: bool = False,  # noqa: FBT001, FBT002 - as above
    charts: str = "",
    timeout: int = 900,
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Apply what was planned to a site's cluster, as its target wants it, and wait until it runs."""
    from renderers.apply_command import Request, run_apply

    request = Request(
        file=file,
        out=out or None,
        parties=tuple(party or ()),
        sites=tuple(site or ()),
        everything=all,
        folder=from_,
        context=context,
        only=only,
        is_agreed=yes,
        force=force,
        force_conflicts=force_conflicts,
        delete_data=delete_data,
        rollback=rollback,
        charts=charts,
        digest=digest,
        timeout=timeout,
        format_name=_checked_format(format),
    )
    text, code = run_apply(request)
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    iterable=["party", "site"],
    help={
        "file": "The federation (default federation.yaml).",
        "out": "Folder that was planned to (default out/ beside the file).",
        "party": "Whose site, by party id (repeatable).",
        "site": "A site by its folder's name, as in exchange-hub (repeatable).",
        "all": "Every site whose cluster your kubeconfig leads to.",
        "from_": "A site's folder or bundle that was handed over, in place of federation.yaml.",
        "context": "Context of the kubeconfig (default the cluster's in federation.yaml).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def status(
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    party: Sequence[str] | None = None,
    site: Sequence[str] | None = None,
    all: bool = False,  # noqa: A002, FBT001, FBT002 - the option is called --all
    from_: str = "",
    context: str = "",
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Tell what runs of a site, which plan it is, who applied it, and what has been changed since."""
    from renderers.status_command import Request, run_status

    request = Request(
        file=file,
        out=out or None,
        parties=tuple(party or ()),
        sites=tuple(site or ()),
        everything=all,
        folder=from_,
        context=context,
        format_name=_checked_format(format),
    )
    text, code = run_status(request)
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    iterable=["party", "site"],
    help={
        "file": "The federation (default federation.yaml).",
        "out": "Folder that was planned to (default out/ beside the file).",
        "party": "Whose site, by party id (repeatable).",
        "site": "A site by its folder's name, as in exchange-hub (repeatable).",
        "from_": "A site's folder or bundle that was handed over, in place of federation.yaml.",
        "context": "Context of the kubeconfig (default the cluster's in federation.yaml).",
        "yes": "Do not ask for the site's name; needed where there is no terminal.",
        "delete_data": "Delete its claims, Secrets and history as well.",
        "timeout": "Seconds to wait for the end of its pods (default 300).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def remove(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    party: Sequence[str] | None = None,
    site: Sequence[str] | None = None,
    from_: str = "",
    context: str = "",
    yes: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    delete_data: bool = False,  # noqa: FBT001, FBT002 - as above
    timeout: int = 300,
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Take a site down on its cluster; its data stays unless --delete-data."""
    from renderers.remove_command import Request, run_remove

    request = Request(
        file=file,
        out=out or None,
        parties=tuple(party or ()),
        sites=tuple(site or ()),
        folder=from_,
        context=context,
        is_agreed=yes,
        delete_data=delete_data,
        timeout=timeout,
        format_name=_checked_format(format),
    )
    text, code = run_remove(request)
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    iterable=["party", "site"],
    help={
        "file": "The federation (default federation.yaml).",
        "out": "Folder that was planned to (default out/ beside the file).",
        "party": "Whose site, by party id (repeatable).",
        "site": "A site by its folder's name, as in exchange-hub (repeatable).",
        "from_": "A site's folder or bundle that was handed over, in place of federation.yaml.",
        "user": "Name that the cluster knows the operator by (default: a ServiceAccount of its own).",
        "group": "Group of operators, in place of one.",
    },
)
@_command
def rbac(
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    party: Sequence[str] | None = None,
    site: Sequence[str] | None = None,
    from_: str = "",
    user: str = "",
    group: str = "",
) -> None:
    """Print what an administrator applies so that an operator may work on a site, and on nothing else."""
    from renderers.rbac_command import Request, run_rbac

    request = Request(
        file=file,
        out=out or None,
        parties=tuple(party or ()),
        sites=tuple(site or ()),
        folder=from_,
        user=user,
        group=group,
    )
    text, code = run_rbac(request)
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    iterable=["party", "site"],
    help={
        "file": "The federation (default federation.yaml).",
        "out": "Folder that was planned to (default out/ beside the file).",
        "party": "Whose site, by party id (repeatable).",
        "site": "A site by its folder's name, as in exchange-hub (repeatable).",
        "all": "Every site, each in a bundle of its own.",
        "to": "Folder to write to (default bundles/ beside the file).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def bundle(
    _context: Context,
    file: str = "federation.yaml",
    out: str = "",
    party: Sequence[str] | None = None,
    site: Sequence[str] | None = None,
    all: bool = False,  # noqa: A002, FBT001, FBT002 - the option is called --all
    to: str = "",
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Pack what one organisation needs of the plan, and nothing else, for its operator to apply."""
    from renderers.bundle_command import Request, run_bundle

    request = Request(
        file=file,
        out=out or None,
        parties=tuple(party or ()),
        sites=tuple(site or ()),
        everything=all,
        to=to,
        format_name=_checked_format(format),
    )
    text, code = run_bundle(request)
    _print(text)
    _exit(code)


@task(auto_shortflags=False, help={"file": "The federation to draw (default federation.yaml)."})
@_command
def graph(_context: Context, file: str = "federation.yaml") -> None:
    """Draw the federation as a Mermaid flowchart: sites on their clusters, and who dials whom."""
    from renderers.commands import run_graph

    text, code = run_graph(file)
    _print(text)
    _exit(code)


@task(
    auto_shortflags=False,
    positional=["code"],
    help={"code": "A code such as FED301, a name such as port_taken, or `all` for a list."},
)
@_command
def explain(_context: Context, code: str) -> None:
    """Print the manual page of a finding, or list them all."""
    from renderers.commands import explained

    text = explained(code)
    if text is None:
        _usage(f"there is no finding {code!r}; `invoke explain all` lists them")
    _print(text)


@task(auto_shortflags=False, help={"file": "File to write (default federation.yaml)."})
@_command
def init(_context: Context, file: str = "federation.yaml") -> None:
    """Write a first federation.yaml by asking a few questions."""
    from renderers.initial import run_init

    message, code = run_init(file, sys.stdin, sys.stdout)
    _print(message)
    _exit(code)


@task(
    name="import",
    auto_shortflags=False,
    iterable=["path"],
    help={
        "path": "File or folder of KubeFATE's files (repeatable; a folder is read whole).",
        "output": "File to write (default federation.yaml).",
        "name": "Name of the federation (default imported).",
        "force": "Replace the file to write if there is one.",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def import_(
    _context: Context,
    path: Sequence[str] | None = None,
    output: str = "federation.yaml",
    name: str = "imported",
    force: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Make one federation.yaml of the files of what already runs, and tell everything that does not agree."""
    from renderers.import_command import run_import

    text, code = run_import(tuple(path or ()), output, _checked_format(format), name=name, force=force)
    _print(text)
    _exit(code)


# ---------------------------------------------------------------------------------------------------------------------
# KubeFATE's service: kubefate.*

_SERVICE_HELP: Final = {
    "file": "The federation (default federation.yaml).",
    "cluster": "The cluster of federation.yaml whose service is meant.",
    "url": "The service's URL, in place of --cluster; without both, KubeFATE's own config.yaml.",
    "user": "With --url: the user.",
    "password_env": "With --url: the variable that holds the password.",
    "ca": "With --url: file with the authority of its certificate.",
    "format": f"One of {FORMATS}.",
}


def _service_way(file: str, cluster: str, url: str, user: str, password_env: str, ca: str) -> Any:
    from renderers.kubefate_commands.session import Way

    return Way(file, cluster, url, user, password_env, ca)


@task(
    name="deploy",
    auto_shortflags=False,
    help={
        "file": "The federation (default federation.yaml).",
        "cluster": "The cluster of federation.yaml to deploy to.",
        "context": "Context of the kubeconfig (default the cluster's in federation.yaml).",
        "namespace": "Namespace of the service (default kube-fate).",
        "host": "Name under which it is reached (default that of the cluster's kubefate.url).",
        "ingress_class": "Class of its ingress (default the cluster's default one).",
        "tls_secret": "Secret with the certificate of its ingress.",
        "release": "Release of KubeFATE whose service is deployed (default the latest).",
        "image": "Image of the service, in place of --release and --registry.",
        "registry": "Registry to take images from (default federatedai).",
        "pull_secret": "Secret that images are pulled with.",
        "user": "Name of the service's user (default admin).",
        "password": "Reference to its password, env:NAME for one (default: generated).",
        "database": "Database of your own, mysql://USER@HOST:PORT/NAME (default a MariaDB beside it).",
        "database_password": "With --database: reference to its password.",
        "database_image": "Image of the MariaDB beside it.",
        "ephemeral": "Give that MariaDB no claim: the service forgets everything with the pod.",
        "storage": "Size of the claim (default 5Gi).",
        "storage_class": "Class of the claim (default the cluster's).",
        "repo": "Repository that charts come from (default KubeFATE's public one).",
        "namespaces": "The namespaces it may work in, comma-separated (default all).",
        "cluster_role": "Let it list all namespaces and nodes; can be left out with --namespaces.",
        "network_policy": "Let nobody but the service talk to the MariaDB beside it.",
        "log_level": "debug, info, warn or error (default warn; from info on passwords are logged).",
        "write": "Write manifests without secrets to this folder, and apply nothing.",
        "dry_run": "Show what would be written; exit 2 when anything would be.",
        "status": "Tell what runs of it.",
        "remove": "Take it down; its state stays unless --delete-data.",
        "delete_data": "Delete a claim that is not needed any more; with --remove its Secret and history as well.",
        "yes": "Do not ask; needed where there is no terminal.",
        "force": "Deploy even if workloads are deleted.",
        "force_conflicts": "Take fields that others have set.",
        "timeout": "Seconds to wait until it runs (default 600).",
        "format": f"One of {FORMATS}.",
    },
)
@_command
def kubefate_deploy(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    context: str = "",
    namespace: str = "kube-fate",
    host: str = "",
    ingress_class: str = "",
    tls_secret: str = "",
    release: str = "",
    image: str = "",
    registry: str = "",
    pull_secret: str = "",
    user: str = "",
    password: str = "",
    database: str = "",
    database_password: str = "",
    database_image: str = "",
    ephemeral: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    storage: str = "5Gi",
    storage_class: str = "",
    repo: str = "https://federatedai.github.io/KubeFATE",
    namespaces: str = "",
    cluster_role: bool = True,  # noqa: FBT001, FBT002 - as above
    network_policy: bool = True,  # noqa: FBT001, FBT002 - as above
    log_level: str = "warn",
    write: str = "",
    dry_run: bool = False,  # noqa: FBT001, FBT002 - as above
    status: bool = False,  # noqa: FBT001, FBT002 - as above
    remove: bool = False,  # noqa: FBT001, FBT002 - as above
    delete_data: bool = False,  # noqa: FBT001, FBT002 - as above
    yes: bool = False,  # noqa: FBT001, FBT002 - as above
    force: bool = False,  # noqa: FBT001, FBT002 - as above
    force_conflicts: bool = False,  # noqa: FBT001, FBT002 - as above
    timeout: int = 600,
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Deploy KubeFATE's service itself: with a database, an ingress, the rights it needs and passwords of its own."""
    from renderers.kubefate_commands.deploy_command import Request, run_deploy

    request = Request(
        file=file,
        cluster=cluster,
        context=context,
        namespace=namespace,
        host=host,
        ingress_class=ingress_class,
        tls_secret=tls_secret,
        release=release,
        image=image,
        registry=registry,
        pull_secret=pull_secret,
        user=user,
        password=password,
        database=database,
        database_password=database_password,
        database_image=database_image,
        ephemeral=ephemeral,
        storage=storage,
        storage_class=storage_class,
        repo=repo,
        namespaces=namespaces,
        cluster_role=cluster_role,
        network_policy=network_policy,
        log_level=log_level,
        write=write,
        dry_run=dry_run,
        status=status,
        remove=remove,
        delete_data=delete_data,
        is_agreed=yes,
        force=force,
        force_conflicts=force_conflicts,
        timeout=timeout,
        format_name=_checked_format(format),
    )
    text, code = run_deploy(request)
    _print(text)
    _exit(code)


@task(
    name="jobs",
    auto_shortflags=False,
    help={
        **_SERVICE_HELP,
        "describe": "Tell all of one job, by its uuid or the beginning of it.",
        "stop": "Stop a job that installs; what it has installed is removed.",
        "delete": "Forget a job; what it does goes on.",
        "yes": "Do not ask; needed where there is no terminal.",
    },
)
@_command
def kubefate_jobs(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    describe: str = "",
    stop: str = "",
    delete: str = "",
    yes: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """List the jobs of KubeFATE's service; describe, stop or forget one."""
    from renderers.kubefate_commands.jobs_command import Request, run_jobs

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_jobs(Request(way, describe, stop, delete, yes, _checked_format(format)))
    _print(text)
    _exit(code)


@task(
    name="charts",
    auto_shortflags=False,
    help={
        **_SERVICE_HELP,
        "upload": "Hand this package (.tgz) over.",
        "delete": "Forget a chart, by its uuid or as 'NAME VERSION'.",
        "yes": "Do not ask; needed where there is no terminal.",
    },
)
@_command
def kubefate_charts(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    upload: str = "",
    delete: str = "",
    yes: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """List the charts that KubeFATE's service keeps; hand one over, or have it forget one."""
    from renderers.kubefate_commands.charts_command import Request, run_charts

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_charts(Request(way, upload, delete, yes, _checked_format(format)))
    _print(text)
    _exit(code)


@task(
    name="clusters",
    auto_shortflags=False,
    help={
        **_SERVICE_HELP,
        "describe": "Tell all of one cluster, by its name or uuid.",
        "all": "Deleted ones, too.",
    },
)
@_command
def kubefate_clusters(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    describe: str = "",
    all: bool = False,  # noqa: A002, FBT001, FBT002 - the option is called --all
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """List the clusters of FATE that KubeFATE's service keeps, or describe one with its pages and hosts lines."""
    from renderers.kubefate_commands.looking_commands import ClustersRequest, run_clusters

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_clusters(ClustersRequest(way, describe, all, _checked_format(format)))
    _print(text)
    _exit(code)


@task(name="namespaces", auto_shortflags=False, help=_SERVICE_HELP)
@_command
def kubefate_namespaces(
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """List the namespaces that KubeFATE's service sees."""
    from renderers.kubefate_commands.looking_commands import Request, run_namespaces

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_namespaces(Request(way, _checked_format(format)))
    _print(text)
    _exit(code)


@task(name="users", auto_shortflags=False, help=_SERVICE_HELP)
@_command
def kubefate_users(
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """List the users of KubeFATE's service."""
    from renderers.kubefate_commands.looking_commands import Request, run_users

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_users(Request(way, _checked_format(format)))
    _print(text)
    _exit(code)


@task(name="version", auto_shortflags=False, help=_SERVICE_HELP)
@_command
def kubefate_version(
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Tell the version of KubeFATE's service and the releases that brought it: the quickest way to see it answer."""
    from renderers.kubefate_commands.looking_commands import Request, run_version

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_version(Request(way, _checked_format(format)))
    _print(text)
    _exit(code)


@task(
    name="logs",
    auto_shortflags=False,
    positional=["of"],
    help={
        **_SERVICE_HELP,
        "of": "The cluster of FATE, by its name or uuid.",
        "container": "One container alone (default all).",
        "tail": "The last lines of each (default 200).",
        "since": "Not older than so many seconds.",
        "previous": "Of the runs before the present ones.",
    },
)
@_command
def kubefate_logs(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    of: str,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    container: str = "",
    tail: int = 200,
    since: int = 0,
    previous: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Print what the containers of a cluster of FATE have logged, through KubeFATE's service."""
    from renderers.kubefate_commands.looking_commands import LogsRequest, run_logs

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_logs(LogsRequest(way, of, container, tail, since, previous, _checked_format(format)))
    _print(text)
    _exit(code)


@task(
    name="config",
    auto_shortflags=False,
    help={
        **_SERVICE_HELP,
        "output": "File to write (default: print it).",
        "read": "Tell what this config.yaml says, and write nothing.",
        "with_password": "Write the password into the file, too.",
        "force": "Replace the file if there is one.",
    },
)
@_command
def kubefate_config(  # noqa: PLR0913, PLR0917 - one argument per option
    _context: Context,
    file: str = "federation.yaml",
    cluster: str = "",
    url: str = "",
    user: str = "",
    password_env: str = "",
    ca: str = "",
    output: str = "",
    read: str = "",
    with_password: bool = False,  # noqa: FBT001, FBT002 - invoke makes a flag of it
    force: bool = False,  # noqa: FBT001, FBT002 - as above
    format: str = "text",  # noqa: A002 - the option is called --format
) -> None:
    """Write the config.yaml of KubeFATE's own program for a cluster, or tell what one says."""
    from renderers.kubefate_commands.config_command import Request, run_config

    way = _service_way(file, cluster, url, user, password_env, ca)
    text, code = run_config(Request(way, output, read, with_password, force, _checked_format(format)))
    _print(text)
    _exit(code)


@task(auto_shortflags=False, help={"check": "Write nothing; exit 2 when a page is stale."})
@_command
def docs(_context: Context, check: bool = False) -> None:  # noqa: FBT001, FBT002 - invoke makes a flag of it
    """Write the generated reference pages under docs/reference/ (for fedplan's developers)."""
    from renderers.documentation import run_docs

    text, code = run_docs(check_only=check)
    _print(text)
    _exit(code)


@task(auto_shortflags=False, help={"only": "Sizes to measure, comma-separated (default all)."})
@_command
def bench(_context: Context, only: str = "") -> None:
    """Measure plan against a floor taken in the same run: parse the file, write the bytes."""
    from renderers.bench import run_bench

    text, code = run_bench(only, sys.stderr)
    _print(text)
    _exit(code)


def _exit(code: int) -> None:
    if code != GOOD:
        raise Exit(code=code)


class FedplanProgram(Program):
    """Invoke's program with an exit code of its own for usage errors."""

    def parse_tasks(self) -> None:
        """Parse the task names and options; what cannot be parsed ends with 64 instead of 1."""
        try:
            super().parse_tasks()
        except ParseError as error:
            more = "; `explain all` lists every code" if "'explain' did not receive" in str(error) else ""
            message = f"{error}{more}"
            raise Exit(message, code=USAGE) from None
        except ValueError as error:  # of an option that takes a number
            message = f"an option takes a number: {error}"
            raise Exit(message, code=USAGE) from None


_kubefate = Collection(
    "kubefate",
    kubefate_deploy,
    kubefate_jobs,
    kubefate_charts,
    kubefate_clusters,
    kubefate_namespaces,
    kubefate_users,
    kubefate_version,
    kubefate_logs,
    kubefate_config,
)
namespace = Collection(plan, verify, apply, status, remove, bundle, rbac, graph, explain, init, import_, docs, bench)
namespace.add_collection(_kubefate)
# `invoke` itself ends usage errors with 1, as it ends failures. While this file is the one it runs, they end with 64.
invoke_main.program.__class__ = FedplanProgram
program = FedplanProgram(
    namespace=namespace, name="fedplan", binary="fedplan", binary_names=["fedplan"], version="0.1.0"
)


def main() -> None:
    """The console command `fedplan`."""
    try:
        program.run()
    except OSError as error:  # invoke reads configuration files of its own, which may not be readable
        sys.stderr.write(f"fedplan: {error}\n")
        sys.exit(WORLD)
