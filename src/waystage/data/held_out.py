"""Documents of a corpus that are never trained on, so that what a stage forgets can be seen on them."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

# At most one document in so many is held out, however small a corpus is.
_SHARE = 10


def document_digest(document: str) -> bytes:
    """SHA-256 of a document: what decides whether it is held out. Documents with the same text share it."""
    return hashlib.sha256(document.encode("utf-8")).digest()


def held_out_digests(documents: Iterable[str], n_held_out: int) -> frozenset[bytes]:
    """Digests of the documents that are held out: the smallest ones, at most a tenth of the documents.

    They follow from the texts alone: not from their order, nor from the seed of a study. A smaller number holds out a
    part of what a larger one does, and a text that occurs twice is held out wherever it occurs.

    >>> few, more = (held_out_digests(map(str, range(100)), n) for n in (2, 5))
    >>> len(few), len(more), few < more
    (2, 5, True)
    >>> len(held_out_digests(map(str, range(30)), 5))
    3
    """
    # The heap has the largest digest on top: as a negated number, since heapq keeps the smallest there.
    heap: list[int] = []
    chosen: set[int] = set()
    n_documents = 0
    for document in documents:
        n_documents += 1
        value = -int.from_bytes(document_digest(document), "big")
        if n_held_out == 0 or value in chosen or (len(heap) == n_held_out and value < heap[0]):
            continue
        chosen.add(value)
        if len(heap) < n_held_out:
            heapq.heappush(heap, value)
        else:
            chosen.discard(heapq.heappushpop(heap, value))
    kept = heapq.nlargest(min(n_held_out, n_documents // _SHARE), heap)
    return frozenset((-value).to_bytes(32, "big") for value in kept)
