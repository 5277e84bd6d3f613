"""The fate-serving chart that a site's FATE-Serving is installed from, and its modules."""

from __future__ import annotations

from planner.model import Site
from planner.releases import Release, ServingRelease, load_serving


def serving_release(site: Site, release: Release) -> ServingRelease | None:
    """The release of a site's serving chart; None without FATE-Serving, or for a version that was never published."""
    if site.serving is None:
        return None
    name = site.serving.release or release.serving
    return None if name is None else load_serving(name)


def serving_modules(site: Site, release: Release) -> tuple[str, ...]:
    """The modules of a site's serving cluster: as written, or all that make sense; empty where it has none."""
    chart = serving_release(site, release)
    if chart is None or site.serving is None:
        return ()
    if site.serving.modules is not None:
        return site.serving.modules
    if site.kind == "exchange":
        return chart.exchange_modules
    external = site.serving.redis is not None
    return tuple(module for module in chart.modules if not (external and module == "servingRedis"))
