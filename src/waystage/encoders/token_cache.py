"""A corpus in token form on disk, tokenised once and read document by document. No torch.

Two files hold it: the token ids of all documents one after the other (``.i32``), and where each starts (``.i64``). What
is read is copied, so that the memory of a process does not grow with the corpus.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from waystage.data.held_out import document_digest, held_out_digests
from waystage.encoders.tokenizer import SubwordTokenizer

TRAIN, HELD_OUT = "train", "held-out"
_IDS, _STARTS = np.dtype("<i4"), np.dtype("<i8")
# Characters that are tokenised at a time.
_BLOCK_CHARACTERS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class TokenCache:
    """Tokenised documents of one language, none of them empty.

    Attributes:
        starts: where each document starts, and where the last ends, ``[n_documents + 1]``, mapped from disk.
    """

    starts: NDArray[np.int64]
    _stream: BinaryIO = field(repr=False)

    @classmethod
    def open(cls, folder: Path, part: str) -> TokenCache:
        """The documents of ``part`` that :func:`write_token_cache` wrote."""
        starts = np.memmap(folder / f"{part}.i64", _STARTS, mode="r")
        return cls(starts, (folder / f"{part}.i32").open("rb", buffering=0))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def n_tokens(self) -> int:
        """Tokens of all documents, special tokens not counted."""
        return int(self.starts[-1])

    def lengths(self, documents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens of some documents, ``[n]``."""
        return np.asarray(self.starts[documents + 1] - self.starts[documents])

    def documents(self) -> list[NDArray[np.int32]]:
        """All documents in memory, for a part that is small."""
        return [self.read(number, 0, int(length)) for number, length in enumerate(np.diff(self.starts))]

    def read(self, document: int, start: int, stop: int) -> NDArray[np.int32]:
        """Tokens ``start`` to ``stop`` of a document (at most to its end), without special tokens."""
        first, end = (int(value) for value in self.starts[document : document + 2])
        stop = min(stop, end - first)
        n_bytes = (stop - start) * _IDS.itemsize
        content = os.pread(self._stream.fileno(), n_bytes, (first + start) * _IDS.itemsize)
        return np.frombuffer(content, _IDS)


def write_token_cache(
    tokenizer: SubwordTokenizer, documents: Callable[[], Iterable[str]], n_held_out: int, folder: Path
) -> None:
    """Tokenise a corpus of one language into ``folder``, a few documents at a time.

    Args:
        tokenizer: whose special tokens are left out.
        documents: gives the documents; called twice.
        n_held_out: at most so many documents go to the part that is held out, see
            :func:`waystage.data.held_out.held_out_digests`; each text once.
        folder: exists.
    """
    _write_cache(tokenizer, lambda: ((document,) for document in documents()), n_held_out, folder)


def write_pair_cache(
    tokenizer: SubwordTokenizer, pairs: Callable[[], Iterable[tuple[str, str]]], n_held_out: int, folder: Path
) -> None:
    """Tokenise sentence pairs into ``folder``: pair i becomes the documents 2i and 2i + 1.

    A pair one side of which has no token is left out; a pair is held out as a whole. For the arguments see
    :func:`write_token_cache`.
    """
    _write_cache(tokenizer, pairs, n_held_out, folder)


def _write_cache(
    tokenizer: SubwordTokenizer, texts: Callable[[], Iterable[tuple[str, ...]]], n_held_out: int, folder: Path
) -> None:
    held_out = held_out_digests(map(_key, texts()), n_held_out)
    seen: set[bytes] = set()

    def is_held_out(texts: tuple[str, ...]) -> bool:
        return bool(held_out) and document_digest(_key(texts)) in held_out

    def first_of_each() -> Iterator[tuple[str, ...]]:
        for together in texts():
            if is_held_out(together) and document_digest(_key(together)) not in seen:
                seen.add(document_digest(_key(together)))
                yield together

    _write_part(tokenizer, (together for together in texts() if not is_held_out(together)), folder, TRAIN)
    _write_part(tokenizer, first_of_each() if held_out else (), folder, HELD_OUT)


def _key(texts: tuple[str, ...]) -> str:
    """What texts that belong together are told by; documents have no line breaks."""
    return "\n".join(texts)


def _write_part(tokenizer: SubwordTokenizer, texts: Iterable[tuple[str, ...]], folder: Path, part: str) -> None:
    end = 0
    with (folder / f"{part}.i32").open("wb") as tokens, (folder / f"{part}.i64").open("wb") as starts:
        starts.write(np.array([0], _STARTS).tobytes())
        for block in _blocks(texts):
            encoded = iter(tokenizer.ids_of([text for together in block for text in together]))
            grouped = [[next(encoded) for _ in together] for together in block]
            ids = [document for together in grouped if all(together) for document in together]
            if not ids:
                continue
            ends = end + np.cumsum([len(document) for document in ids])
            end = int(ends[-1])
            tokens.write(np.concatenate([np.array(document, _IDS) for document in ids]).tobytes())
            starts.write(ends.astype(_STARTS).tobytes())


def _blocks(texts: Iterable[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    block: list[tuple[str, ...]] = []
    n_characters = 0
    for together in texts:
        block.append(together)
        n_characters += sum(map(len, together))
        if n_characters >= _BLOCK_CHARACTERS:
            yield block
            block, n_characters = [], 0
    if block:
        yield block
