"""A trained model as a plain transformers folder, compared with our own forward pass before it counts. Torch.

What transformers calls ``...ForSequenceClassification`` differs between architectures in what stands between the
encoder and the labels. A model is written in such a class only where that is the very function that was trained:
:data:`_HEADS` says where each tensor of our head goes, and an architecture that is not in it is refused.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from waystage.data.examples import Example
from waystage.encoders.model import Encoder, load_encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import StageError, StudyError
from waystage.kinds.registry import rebuild_head
from waystage.tasks.kinds import (
    EXTRACTIVE_QA,
    EXTRACTIVE_QA_OR_NONE,
    MULTIPLE_CHOICE,
    PAIR_CLASSIFICATION,
    SENTENCE_CLASSIFICATION,
    TAGGING,
    Kind,
)
from waystage.training.checkpoint import apply_weights, copy_encoder
from waystage.training.export_check import OurModel, logit_difference, make_probe, state_difference, text_probe

HEAD_NAME = "head.safetensors"
_INSTEAD = "; with --encoder-only, encoder and head are written side by side"
_LAYER_LISTS = ("layer_types", "mlp_layer_types")
"""What a configuration says of each layer: as many entries as there are layers."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model in the store.

    Attributes:
        encoder_dir: the pretrained encoder, a transformers folder.
        weights: file of the last stage; None: the encoder as it came.
        n_layers: the first so many layers are used; None: all.
        max_tokens: longest input, special tokens included.
    """

    encoder_dir: Path
    weights: Path | None
    n_layers: int | None
    max_tokens: int


@dataclass(frozen=True, slots=True)
class TrainedHead:
    """What the head of a :class:`Trained` model does. ``labels`` is empty for kinds without a closed label set."""

    kind: Kind
    labels: tuple[str, ...]
    pooling: Pooling


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the class that loads it, and how it compares with our model.

    Attributes:
        auto_class: such as ``AutoModelForTokenClassification``.
        largest_difference: of any logit (or state, without a head), over ``n_compared`` inputs.
        n_other_tokens: inputs to which AutoTokenizer gives other ids than our tokeniser.
    """

    auto_class: str
    largest_difference: float
    n_compared: int
    n_other_tokens: int = 0


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind's head is written: the class, and by architecture the places of the head's parts.

    ``base`` in a place is the name that the architecture gives its encoder.
    """

    auto_class: str
    places: Mapping[str, Mapping[str, str]]


_POOLED = {"dense": "base.pooler.dense", "output": "classifier"}
_IN_CLASSIFIER = {"dense": "classifier.dense", "output": "classifier.out_proj"}
_TOKEN_ARCHITECTURES = ("bert", "roberta", "xlm-roberta", "deberta-v2")

_SENTENCES = _Form(
    "AutoModelForSequenceClassification",
    {"bert": _POOLED, "roberta": _IN_CLASSIFIER, "xlm-roberta": _IN_CLASSIFIER},
)
_TAGS = _Form("AutoModelForTokenClassification", {name: {"output": "classifier"} for name in _TOKEN_ARCHITECTURES})
_CHOICES = _Form("AutoModelForMultipleChoice", {name: _POOLED for name in ("bert", "roberta", "xlm-roberta")})
_SPANS = _Form("AutoModelForQuestionAnswering", {name: {"output": "qa_outputs"} for name in _TOKEN_ARCHITECTURES})

_HEADS: dict[Kind, _Form] = {
    SENTENCE_CLASSIFICATION: _SENTENCES,
    PAIR_CLASSIFICATION: _SENTENCES,
    TAGGING: _TAGS,
    MULTIPLE_CHOICE: _CHOICES,
    EXTRACTIVE_QA: _SPANS,
    EXTRACTIVE_QA_OR_NONE: _SPANS,
}


# What transformers fills with random numbers, before they are replaced, must not move the generator of others.
@torch.random.fork_rng(devices=[])
def export_model(trained: Trained, head: TrainedHead, examples: Sequence[Example], folder: Path) -> Exported:
    """Write encoder and head as the model class that transformers has for the kind.

    Args:
        trained: the model.
        head: what its head does.
        examples: inputs on which the written folder is loaded and compared with our model; at least one.
        folder: exists and is empty.

    Raises:
        StudyError: no class of transformers computes what was trained.
        StageError: the written model gives other logits (a defect, of Waystage or of transformers).
    """
    encoder, tensors = _load(trained)
    form = _form(head.kind)
    places = _places(form, encoder, head)
    model = _empty_model(form, encoder, head)
    prefix = model.base_model_prefix
    state = {f"{prefix}.{name}": tensor for name, tensor in encoder.model.state_dict().items()}
    for name, tensor in tensors.items():
        part, _, kind = name.rpartition(".")
        state[f"{places[part].replace('base.', f'{prefix}.')}.{kind}"] = tensor
    _fill(model, state)
    model.save_pretrained(folder)
    write_tokenizer(trained, encoder, folder)
    ours = OurModel(encoder, rebuild_head(head.kind, encoder, len(head.labels), tensors), head.kind, head.pooling)
    probe = make_probe(head.kind, SubwordTokenizer(trained.encoder_dir), examples, trained.max_tokens)
    difference = logit_difference(ours, form.auto_class, folder, probe)
    return Exported(form.auto_class, difference, len(probe.sequences), probe.n_other_tokens(folder))


@torch.random.fork_rng(devices=[])
def export_encoder(trained: Trained, folder: Path, texts: Sequence[str], *, with_head: bool) -> Exported:
    """Write the encoder alone, for ``AutoModel``, and, if ``with_head``, the head's tensors beside it.

    ``texts`` are inputs on which states are compared.
    """
    encoder, tensors = _load(trained)
    model: Any = encoder.model
    model.save_pretrained(folder)
    write_tokenizer(trained, encoder, folder)
    if with_head:
        contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(contiguous, folder / HEAD_NAME, metadata={"format": "pt"})
    probe = text_probe(SubwordTokenizer(trained.encoder_dir), texts, trained.max_tokens)
    difference = state_difference(encoder, folder, probe)
    return Exported("AutoModel", difference, len(texts), probe.n_other_tokens(folder))


def write_tokenizer(trained: Trained, encoder: Encoder, folder: Path) -> None:
    """Copy the tokeniser, to be loaded exactly as ``tokenizer.json`` has it, with the model's inputs and length."""
    config: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = trained.encoder_dir / name
        if path.is_file():
            config |= json.loads(path.read_text(encoding="utf-8"))
    config.pop("auto_map", None)
    # The class of an architecture may build another tokeniser from the same vocabulary.
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config["model_max_length"] = trained.max_tokens
    config["model_input_names"] = ["input_ids", *(["token_type_ids"] if encoder.reads_types else []), "attention_mask"]
    text = json.dumps(config, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")
    shutil.copyfile(trained.encoder_dir / "tokenizer.json", folder / "tokenizer.json")


def _load(trained: Trained) -> tuple[Encoder, dict[str, Tensor]]:
    encoder = copy_encoder(load_encoder(trained.encoder_dir), trained.n_layers)
    tensors = {} if trained.weights is None else apply_weights(encoder, trained.weights)
    for name in _LAYER_LISTS:
        types = getattr(encoder.config, name, None)
        if types is not None:
            setattr(encoder.config, name, types[: encoder.n_layers])
    return encoder.eval(), tensors


def _form(kind: Kind) -> _Form:
    if kind not in _HEADS:
        raise StudyError(f"transformers has no class for a head of {kind.name}{_INSTEAD}")
    return _HEADS[kind]


def _places(form: _Form, encoder: Encoder, head: TrainedHead) -> Mapping[str, str]:
    architecture = str(encoder.config.model_type)
    if head.kind.pools_states and head.pooling is not Pooling.CLS:
        found = f"the head reads the {head.pooling.value} of all tokens, which no {form.auto_class} does"
        raise StudyError(f"{found}: train the target with `pooling: cls` to export it{_INSTEAD}")
    if architecture not in form.places:
        known = ", ".join(form.places)
        found = f"the {form.auto_class} of {architecture} computes something else than the head that was trained"
        raise StudyError(f"{found} (it does not for {known}){_INSTEAD}")
    return form.places[architecture]


def _empty_model(form: _Form, encoder: Encoder, head: TrainedHead) -> Any:
    import transformers

    config = encoder.config.__class__.from_dict(encoder.config.to_dict())
    if head.labels:
        config.id2label = dict(enumerate(head.labels))
        config.label2id = {label: index for index, label in enumerate(head.labels)}
    if head.kind in (SENTENCE_CLASSIFICATION, PAIR_CLASSIFICATION):
        config.problem_type = "single_label_classification"
    return getattr(transformers, form.auto_class).from_config(config, dtype=torch.float32).eval()


def _fill(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise StageError(f"{type(model).__name__} has other tensors than the trained model: {error}") from None
