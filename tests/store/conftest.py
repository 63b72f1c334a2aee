from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from waystage.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def put(store: Store) -> Callable[..., str]:
    """Writes a small artefact and gives its id."""

    def put(number: int, *parents: str, files: dict[str, bytes] | None = None) -> str:
        spec: dict[str, Any] = {"kind": "scores", "number": number, "parents": list(parents)}
        with store.write(spec) as draft:
            for name, content in (files or {"scores.json": b'{"n": %d}' % number}).items():
                path = draft.dir / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return store.artefact_id(spec)

    return put
