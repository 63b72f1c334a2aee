"""Which files of a dataset repository a pattern names: asked of the hub once a commit, and remembered."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from waystage.data.source import Place, RemoteFile
from waystage.data.sources.hub_fetch import Hub, client_errors, public_reason
from waystage.data.sources.hub_folder import HubFolder
from waystage.errors import DataError, Problem

_N_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Matches:
    """The files of one commit that a pattern names, sorted."""

    commit: str
    names: tuple[str, ...]


def is_pattern(path: str) -> bool:
    """Whether a path in a repository stands for any number of files."""
    return "*" in path


def matches(place: Place, wanted: RemoteFile, *, asks_again: bool = False) -> Matches:
    """The files of a repository that the pattern ``wanted.path`` names, in sorted order; at least one.

    ``*`` stands for any characters but ``/``, and ``**/`` for any folders, also none. What was listed before, in the
    data folder or the cache, is not asked for again, so a tag or branch keeps the commit that it was found to be;
    unless ``asks_again``, which finds out anew what it is now.

    Raises:
        DataError: nothing matches, or the hub does not say.
    """
    roots = [root for root in (place.data_dir, place.cache_dir) if root is not None]
    start, is_deep = _searched(wanted.path)
    for root in roots if not asks_again else ():
        folder = HubFolder(root)
        commit = folder.commit_of(wanted)
        names = folder.listed(wanted, commit, start, is_deep) if commit is not None else None
        if commit is not None and names is not None:
            return _matching(wanted, commit, names, ())
    hub = Hub(HubFolder(place.cache_dir))
    try:
        commit = hub.commit_of(wanted)
        names = hub.folder.listed(wanted, commit, start, is_deep)
        if names is None:
            names = hub.names(wanted, commit, start, is_deep)
            if names:
                hub.folder.record_listing(wanted, commit, (start, is_deep), names)
        near = () if names else _names_near(hub, wanted, commit, start)
    except client_errors() as error:
        raise DataError(f"cannot list the dataset {_address(wanted)}: {public_reason(error)}") from None
    return _matching(wanted, commit, names, near)


def regular_expression(pattern: str) -> re.Pattern[str]:
    """What a pattern matches.

    >>> [bool(regular_expression("data/**/de-*.txt").fullmatch(name)) for name in (
    ...     "data/de-0.txt", "data/a/b/de-1.txt", "data/de-0/x.txt", "data/de-0.txt.gz")]
    [True, True, False, False]
    """
    parts = re.split(r"(\*\*/|\*+)", pattern)
    form = {"**/": "(?:[^/]+/)*"}
    return re.compile("".join(form.get(p, "[^/]*") if p.startswith("*") else re.escape(p) for p in parts))


def _searched(pattern: str) -> tuple[str, bool]:
    """The folder that every match lies in, and whether some may lie deeper in it."""
    before, _, _ = pattern.partition("*")
    start = before.rpartition("/")[0]
    return start, "/" in pattern[len(start) + 1 if start else 0 :]


def _matching(wanted: RemoteFile, commit: str, names: Sequence[str], near: Sequence[str]) -> Matches:
    expression = regular_expression(wanted.path)
    found = tuple(sorted(name for name in names if expression.fullmatch(name)))
    if not found:
        others = sorted({*names, *near})
        close = difflib.get_close_matches(wanted.path, others, n=_N_NEAREST, cutoff=0.3) or others[:_N_NEAREST]
        missing = f"no file matches '{wanted.path}' at {commit[:8]}"
        raise DataError(Problem(_address(wanted), None, None, missing, nearest="', '".join(close) or None))
    return Matches(commit, found)


def _names_near(hub: Hub, wanted: RemoteFile, commit: str, start: str) -> Sequence[str]:
    """What lies in the nearest folder around ``start`` that has anything in it, for a message."""
    folder = PurePosixPath(start)
    while folder != folder.parent:
        folder = folder.parent
        names = hub.names(wanted, commit, "" if str(folder) == "." else str(folder), False, with_folders=True)
        if names:
            return names
    return ()


def _address(wanted: RemoteFile) -> str:
    return f"{wanted.dataset}@{wanted.revision}" if wanted.revision else wanted.dataset
