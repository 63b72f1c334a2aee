"""A tiny random encoder that knows the characters of several scripts, and questions in these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors, trainers

from tests.fixtures.encoders import score_pieces
from waystage.encoders.tokenizer import SubwordTokenizer

CONTEXTS = {
    "ar": "تأسست مدينة القاهرة في عام 969 ميلادي على يد جوهر الصقلي، وهي عاصمة جمهورية مصر العربية.",
    "th": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย ตั้งอยู่บนสามเหลี่ยมปากแม่น้ำเจ้าพระยา",
    "zh": "长城是中国古代的军事防御工程，东起山海关，西至嘉峪关，全长约两万公里。",
    "hi": "ताजमहल भारत के आगरा शहर में यमुना नदी के किनारे स्थित है, जिसे शाहजहाँ ने बनवाया था।",
    "en": "The old lighthouse stands on the northern cape;  it was built in 1871 by two brothers\tfrom Oslo.",
    "de": "Die Brücke über die Elbe wurde 1893 eröffnet – sie heißt „Blaues Wunder“.",
}
ANSWERS = {
    "ar": ("جوهر الصقلي", "969"),
    "th": ("กรุงเทพมหานคร", "ประเทศไทย"),
    "zh": ("山海关", "两万公里"),
    "hi": ("यमुना नदी", "शाहजहाँ"),
    "en": ("two brothers\tfrom Oslo", "1871"),
    "de": ("Blaues Wunder", "1893"),
}
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
_ROLES = {
    "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>",
    "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
}  # fmt: skip


def _unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=330, special_tokens=_SPECIAL, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator([*CONTEXTS.values()] * 3, trainer)
    score_pieces(tokenizer, CONTEXTS.values())
    return tokenizer


def _byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=_SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([*CONTEXTS.values()], trainer)
    return tokenizer


def _characters() -> Tokenizer:
    characters = sorted({character for context in CONTEXTS.values() for character in context} | set("a?"))
    vocabulary = {token: place for place, token in enumerate([*_SPECIAL, *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.add_special_tokens(_SPECIAL)
    return tokenizer


TOKENIZERS = {"unigram": _unigram, "byte-level": _byte_level, "characters": _characters}


def write_tokenizer(folder: Path, name: str) -> int:
    folder.mkdir(parents=True)
    tokenizer = TOKENIZERS[name]()
    special = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s>:0 $A:0 </s>:0 $B:1 </s>:1", special_tokens=special
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(_ROLES), encoding="utf-8")
    return tokenizer.get_vocab_size(with_added_tokens=True)


@pytest.fixture(scope="session")
def script_encoder_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with two layers that reads all scripts of ``CONTEXTS``."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("script-encoder") / "bert"
    config = BertConfig(
        vocab_size=write_tokenizer(folder, "unigram"),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        pad_token_id=1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def script_tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SubwordTokenizer]:
    """Tokenisers of three families that read all scripts of ``CONTEXTS``."""
    folder = tmp_path_factory.mktemp("script-tokenizers")
    for name in TOKENIZERS:
        write_tokenizer(folder / name, name)
        (folder / name / "config.json").write_text("{}", encoding="utf-8")
    return {name: SubwordTokenizer(folder / name) for name in TOKENIZERS}
