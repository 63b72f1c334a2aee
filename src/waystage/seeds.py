"""Randomness as a parameter: a tree of seeds, study seed -> purpose -> step."""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A seed in [0, 2^63) for one purpose, independent of those for other purposes.

    The stage is not part of the path: two sequences that train the same task with the same seed see the same order
    of examples and start from the same head, so that their difference is paired.

    >>> derive_seed(1, "order", 0) == derive_seed(1, "order", 0)
    True
    >>> derive_seed(1, "order", 0) == derive_seed(1, "order", 1)
    False
    """
    text = "/".join([str(seed), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big") >> 1
