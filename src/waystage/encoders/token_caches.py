"""Token caches in the store: a corpus is tokenised once for each tokeniser, whatever stages read it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from waystage.data.prepare import PreparedText, read_documents, read_pairs
from waystage.encoders.token_cache import HELD_OUT, TRAIN, TokenCache, write_pair_cache, write_token_cache
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.store.artefact import Artefact, DamagedArtefactError
from waystage.store.canonical import digest_file
from waystage.store.store import Store

_VERSION = 1


def open_token_caches(
    store: Store, tokenizer: SubwordTokenizer, text: PreparedText, n_held_out: int
) -> tuple[TokenCache, TokenCache]:
    """What is trained on and what is held out of one language of a corpus, tokenised where that is not done yet.

    Raises:
        StoreError: the text is missing or damaged, or the tokens cannot be written.
    """

    def write(folder: Path) -> None:
        write_token_cache(tokenizer, lambda: read_documents(store, text.artefact_id), n_held_out, folder)

    return _open(store, tokenizer, text, n_held_out, write)


def open_pair_caches(
    store: Store, tokenizer: SubwordTokenizer, text: PreparedText, n_held_out: int
) -> tuple[TokenCache, TokenCache]:
    """The same of two languages of a parallel corpus, whose sentences stand in turn.

    Raises:
        StoreError: see :func:`open_token_caches`.
    """

    def write(folder: Path) -> None:
        write_pair_cache(tokenizer, lambda: read_pairs(store, text.artefact_id), n_held_out, folder)

    return _open(store, tokenizer, text, n_held_out, write)


def _open(
    store: Store, tokenizer: SubwordTokenizer, text: PreparedText, n_held_out: int, write: Callable[[Path], None]
) -> tuple[TokenCache, TokenCache]:
    spec = {
        "kind": "tokens",
        "is_cache": True,
        "version": _VERSION,
        "parents": [text.artefact_id],
        "tokenizer": digest_file(tokenizer.folder / "tokenizer.json"),
        "held_out": n_held_out,
        "packages": {"tokenizers": metadata.version("tokenizers")},
    }
    artefact_id = store.artefact_id(spec)
    with store.lock(artefact_id):
        artefact = _intact(store, artefact_id)
        if artefact is None:
            with store.write(spec) as draft:
                write(draft.dir)
            artefact = store.open(artefact_id, verify=False)
    folder = artefact.path(f"{TRAIN}.i32").parent
    return TokenCache.open(folder, TRAIN), TokenCache.open(folder, HELD_OUT)


def _intact(store: Store, artefact_id: str) -> Artefact | None:
    """The artefact, if it is there; one that is damaged makes room for another."""
    if not store.has(artefact_id):
        return None
    try:
        return store.open(artefact_id)
    except DamagedArtefactError:
        store.quarantine(artefact_id)
        return None
