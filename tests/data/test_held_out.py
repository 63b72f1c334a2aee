"""What is held out follows from the texts alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waystage.data.held_out import document_digest, held_out_digests

TEXTS = st.lists(st.text(st.sampled_from("abc"), min_size=1, max_size=4), max_size=80)


@given(documents=TEXTS, n=st.integers(0, 12), more=st.integers(0, 6), order=st.randoms(use_true_random=False))
def test_laws(documents: list[str], n: int, more: int, order: object) -> None:
    chosen = held_out_digests(documents, n)
    digests = sorted({document_digest(document) for document in documents})
    assert chosen == set(digests[: min(n, len(documents) // 10)])
    assert chosen <= held_out_digests(documents, n + more)
    shuffled = list(documents)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert held_out_digests(shuffled, n) == chosen
