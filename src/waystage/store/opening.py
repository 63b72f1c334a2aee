"""Which kind of store a location names."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from waystage.store.canonical import digest_bytes
from waystage.store.mirrored import MirroredStore
from waystage.store.remote import Remote
from waystage.store.store import Store


def is_url(location: str) -> bool:
    """Whether a location is a URL and not a folder.

    >>> is_url("s3://bucket/prefix"), is_url("runs/store"), is_url("C:/store")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", location) is not None


def open_store(location: str | Path, cache_dir: Path) -> Store:
    """The store in a folder (or at a ``file://`` URL), or below the URL of an object store.

    What an object store sends is kept below ``cache_dir``.

    Raises:
        StoreError: a URL with credentials in it.
    """
    text = str(location)
    if not is_url(text):
        return Store(Path(text).absolute())
    if text.startswith("file://"):
        return Store(Path(unquote(urlsplit(text).path)))
    remote = Remote(text.rstrip("/"))
    return MirroredStore(remote, cache_dir / "stores" / cache_name(remote.url))


def cache_name(url: str) -> str:
    """A folder name for a URL; a digest keeps apart those that would become the same.

    >>> cache_name("s3://bucket/my prefix")
    's3-bucket-my-prefix-9b2a37fa'
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "-", url).strip("-")[:80]
    return f"{plain}-{digest_bytes(url.encode())[:8]}"
