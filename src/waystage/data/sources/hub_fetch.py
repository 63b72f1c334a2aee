"""Fetches files of dataset repositories from the hub: resumed, verified, recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from filelock import FileLock

from waystage.data.source import RemoteFile
from waystage.data.sources.hub_folder import HubFolder, Known, is_commit, sha256_of
from waystage.errors import DataError, WaystageError, first_line

_SHA256 = re.compile(r"[0-9a-f]{64}")
# What must not reach a terminal or a file, if an error of the client should quote it.
_SECRET = re.compile(r"hf_[A-Za-z0-9]{4,}|(?i:bearer)\s+\S+|(?<=://)[^/@\s]+@")


class FetchState(Enum):
    """What became of a file."""

    FETCHED = "fetched"
    THERE = "already there"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a file.

    Attributes:
        commit: the commit that it was taken from; None where it could not be told.
        known: size and digest; None where it failed.
        reason: why it failed, in one line.
    """

    remote: RemoteFile
    state: FetchState
    commit: str | None
    known: Known | None
    reason: str = ""


class Hub:
    """The hub, as its own client reaches it: the address is $HF_ENDPOINT, the token that of the user's own set-up."""

    def __init__(self, folder: HubFolder) -> None:
        self.folder = folder

    def sizes(self, remotes: Sequence[RemoteFile]) -> dict[RemoteFile, int]:
        """Bytes of the files that are not there yet, as far as the hub tells them: a request a dataset."""
        from huggingface_hub import HfApi
        from huggingface_hub.hf_api import RepoFile

        by_commit: dict[tuple[str, str], list[RemoteFile]] = {}
        for remote in remotes:
            commit = self.folder.commit_of(remote)
            if commit is not None and self.folder.known(remote, commit) is None:
                by_commit.setdefault((remote.dataset, commit), []).append(remote)
        found: dict[RemoteFile, int] = {}
        for (dataset, commit), files in by_commit.items():
            names = [file.path for file in files]
            try:
                infos = HfApi().get_paths_info(dataset, names, revision=commit, repo_type="dataset")
            except client_errors():
                continue  # fetching the files says what is wrong
            sizes = {info.path: info.size for info in infos if isinstance(info, RepoFile)}
            found |= {file: sizes[file.path] for file in files if file.path in sizes}
        return found

    def fetch(self, remote: RemoteFile, advance: Callable[[int], None]) -> Fetched:
        """Bring one file, or say why not. What was fetched before and has its digest is not asked for again.

        A download that was cut off is gone on with where it was. ``advance`` is called with numbers of bytes.
        """
        commit = None
        expected: tuple[type[Exception], ...] = (*client_errors(), WaystageError)
        try:
            commit = self.commit_of(remote)
            if self._is_there(remote, commit):
                return Fetched(remote, FetchState.THERE, commit, self.folder.known(remote, commit or ""))
            return Fetched(remote, FetchState.FETCHED, commit, self._download(remote, commit or "", advance))
        except expected as error:
            return Fetched(remote, FetchState.FAILED, commit, None, public_reason(error))

    def names(
        self, remote: RemoteFile, commit: str, start: str, is_deep: bool, *, with_folders: bool = False
    ) -> list[str]:
        """Paths of the files in the folder ``start`` of a repository (and below, if ``is_deep``), sorted.

        Empty where there is no such folder. The hub gives them in pages, which its client follows.

        Raises:
            OSError, ValueError, or an error of the client's HTTP library: the hub does not say.
        """
        from huggingface_hub import HfApi
        from huggingface_hub.errors import EntryNotFoundError
        from huggingface_hub.hf_api import RepoFile

        tree = HfApi().list_repo_tree(
            remote.dataset, start or None, recursive=is_deep, revision=commit, repo_type="dataset"
        )
        try:
            return sorted(entry.path for entry in tree if with_folders or isinstance(entry, RepoFile))
        except EntryNotFoundError:
            return []

    def commit_of(self, remote: RemoteFile) -> str:
        """The commit of a file: the one that it is pinned to, or the one that its tag or branch is now, recorded.

        Raises:
            DataError: the hub does not say which it is.
            OSError, ValueError, or an error of the client's HTTP library: no answer, and none recorded before.
        """
        pinned = self.folder.commit_of(remote) if is_commit(remote.revision) else None
        return pinned or self._resolve(remote)

    def _is_there(self, remote: RemoteFile, commit: str | None) -> bool:
        known = self.folder.known(remote, commit) if commit is not None else None
        return known is not None and sha256_of(self.folder.path(remote, commit or "")) == known.sha256

    def _resolve(self, remote: RemoteFile) -> str:
        """The commit of what is not pinned, asked for and recorded; the one recorded before where none answers."""
        from huggingface_hub import HfApi

        try:
            commit = HfApi().dataset_info(remote.dataset, revision=remote.revision).sha
        except client_errors():
            known = self.folder.commit_of(remote)
            if known is None:
                raise
            return known
        if not is_commit(commit):
            raise DataError(f"the hub does not say which commit '{remote.revision or 'main'}' of {remote.dataset} is")
        self.folder.resolved(remote, str(commit))
        return str(commit)

    def _download(self, remote: RemoteFile, commit: str, advance: Callable[[int], None]) -> Known:
        """Fetch a file beside where it belongs, going on with what came before, and put it there when it is whole.

        The client's own ``hf_hub_download`` would do, but begins again when a process was ended.
        """
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        path = self.folder.path(remote, commit)
        about = get_hf_file_metadata(hf_hub_url(remote.dataset, remote.path, repo_type="dataset", revision=commit))
        etag = re.sub(r"\W", "", about.etag or "")
        partial = self.folder.commit_dir(remote, commit) / ".partial" / f"{path.name}.{etag[:16]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        headers = build_hf_headers()
        if urlsplit(about.location).netloc != urlsplit(hf_hub_url(remote.dataset, remote.path)).netloc:
            headers.pop("authorization", None)  # the token is for the hub, not for where it keeps its files
        with FileLock(partial.with_suffix(".lock")), partial.open("ab") as file:
            advance(n_there := file.tell())
            http_get(
                about.location,
                file,
                resume_size=n_there,
                headers=headers,
                expected_size=about.size,
                tqdm_class=_meter(advance),
            )
        digest = sha256_of(partial)
        if _SHA256.fullmatch(etag) and digest != etag:
            partial.unlink()
            raise DataError(f"the bytes that came have the digest {digest[:16]}, not {etag[:16]} as the hub says")
        partial.replace(path)
        return self.folder.record(remote, commit)


def client_errors() -> tuple[type[Exception], ...]:
    """What the hub's client raises: OSErrors and ValueErrors; and, where no answer came, those of its HTTP library."""
    from huggingface_hub.errors import HfHubHTTPError

    kinds: list[type[Exception]] = [OSError, ValueError]
    for kind in HfHubHTTPError.__mro__:
        if issubclass(kind, Exception) and kind is not Exception:
            kinds.append(kind)
    return tuple(kinds)


def public_reason(error: Exception) -> str:
    """What an error says, in one line without secrets."""
    return _SECRET.sub("(hidden)", first_line(error))


def _meter(advance: Callable[[int], None]) -> Any:
    """A progress bar as the hub's client wants one, which only counts bytes."""

    class Meter:
        def __init__(self, *arguments: object, **options: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            pass

        def update(self, n: int = 1) -> None:
            advance(n)

        def close(self) -> None:
            pass

        refresh = close

    return Meter
