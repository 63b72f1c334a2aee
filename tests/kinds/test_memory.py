"""A corpus is streamed: eight times the text needs no more memory."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.encoders import SENTENCES

_SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from waystage.data.corpus import Corpus
from waystage.data.prepare import prepare_corpus
from waystage.data.source import Place
from waystage.data.sources.text_files import TextFilesCorpus
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.token_caches import open_token_caches
from waystage.kinds.packing import Frame, draw_for_budget
from waystage.store.store import Store
from waystage.study.pretraining import MaskedLm
from waystage.study.study import Training

folder, name, encoder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
source = TextFilesCorpus((("en", (name,)),))
corpus = Corpus("text", source, ("en",), "", "", "")
store, tokenizer = Store(folder / f"store-{name}"), SubwordTokenizer(encoder)
text = prepare_corpus(store, Place(folder, folder), corpus, "en")
train, held_out = open_token_caches(store, tokenizer, text, 16)
training = Training(epochs=1, max_tokens=128)
sequences, _ = draw_for_budget({"en": train}, Frame.of(tokenizer), MaskedLm(), training, 1)
sequences.occurring(tokenizer.vocabulary_size)
n_read = sum(len(sequences[index]) for index in np.random.default_rng(1).integers(len(sequences), size=2000))
# The peak that getrusage tells is never below that of the process that started this one.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(text.n_items, len(train), len(held_out), n_read, int(status["VmHWM"].split()[0]) * 1024)
"""


def peak_bytes(folder: Path, name: str, encoder: Path) -> tuple[int, int]:
    """Peak memory of preparing, tokenising, drawing and reading a corpus, and its documents."""
    # Threads of the tokeniser have pools of memory of their own, which come and go by chance.
    env = os.environ | {"TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, "-c", _SCRIPT, str(folder), name, str(encoder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=env)
    n_documents, n_trained, n_held_out, _, peak = (int(value) for value in done.stdout.split())
    assert (n_held_out, n_trained) == (16, n_documents - 16)
    return peak, n_documents


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system does not tell a process's peak memory")
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    words = [word for sentence in SENTENCES for word in sentence.split()]
    rng = random.Random(1)
    lines = [" ".join(rng.choices(words, k=60)) + "\n" for _ in range(4000)]
    sizes = {}
    for name, copies in (("small.txt", 1), ("large.txt", 8)):
        with (tmp_path / name).open("w", encoding="utf-8") as file:
            for copy in range(copies):
                file.writelines(f"{copy} {line}" for line in lines)
        sizes[name] = (tmp_path / name).stat().st_size
    small, n_small = peak_bytes(tmp_path, "small.txt", tiny_encoder_dir)
    large, n_large = peak_bytes(tmp_path, "large.txt", tiny_encoder_dir)
    assert n_large == 8 * n_small
    growth = sizes["large.txt"] - sizes["small.txt"]
    # Lists of documents and tokens would take more than the text itself.
    assert large - small < 0.5 * growth
