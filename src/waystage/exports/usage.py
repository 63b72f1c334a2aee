"""How an exported model is loaded: the lines of Python in its README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LOAD = """\
import torch
from transformers import AutoTokenizer, {auto_class}

folder = "."  # this folder
tokenizer = AutoTokenizer.from_pretrained(folder)
model = {auto_class}.from_pretrained(folder{options}).eval()
"""

_SENTENCE = """\
inputs = tokenizer({texts}, truncation=True, padding=True, return_tensors="pt")
with torch.inference_mode():
    best = model(**inputs).logits.argmax(dim=-1)
print([model.config.id2label[index] for index in best.tolist()])
"""
_TAGS = """\
words = [["a", "sentence", "in", "words"]]
inputs = tokenizer(words, is_split_into_words=True, truncation=True, return_tensors="pt")
with torch.inference_mode():
    best = model(**inputs).logits.argmax(dim=-1)[0].tolist()
of_word = inputs.word_ids(0)  # a word's tag is that of its first token
first = [place for place, word in enumerate(of_word) if word is not None and word != of_word[place - 1]]
print([model.config.id2label[best[place]] for place in first])
"""
_CHOICES = """\
text, choices = "a text", ["one choice", "another choice"]
inputs = tokenizer([text] * len(choices), choices, truncation=True, padding=True, return_tensors="pt")
with torch.inference_mode():
    print(model(**{name: values.unsqueeze(0) for name, values in inputs.items()}).logits.argmax(dim=-1).item())
"""
_SPANS = """\
question, context = "a question", "a context that answers it"
inputs = tokenizer(question, context, truncation="only_second", return_tensors="pt")
with torch.inference_mode():
    output = model(**inputs)
first, last = output.start_logits.argmax().item(), output.end_logits.argmax().item()
print(tokenizer.decode(inputs["input_ids"][0, first : last + 1]))
"""
_USES = {
    "sentence-classification": _SENTENCE.replace("{texts}", '["a sentence"]'),
    "pair-classification": _SENTENCE.replace("{texts}", '["a sentence"], ["another sentence"]'),
    "tagging": _TAGS,
    "multiple-choice": _CHOICES,
    "extractive-qa": _SPANS,
    "extractive-qa-or-none": _SPANS,
}
_STATES = """\
inputs = tokenizer(["{prefix}a sentence"], truncation=True, padding=True, return_tensors="pt")
with torch.inference_mode():
    states = model(**inputs, output_hidden_states=True).hidden_states[{layer}]
"""
_POOLS = {
    "mean": """\
weights = inputs["attention_mask"].unsqueeze(-1)
vectors = (states * weights).sum(dim=1) / weights.sum(dim=1)
""",
    "cls": "vectors = states[:, 0]\n",
}
_NORMALISE = "vectors = torch.nn.functional.normalize(vectors)\n"
_DENSE_HEAD = """\
from safetensors.torch import load_file
head = load_file("head.safetensors")
hidden = torch.tanh(vectors @ head["dense.weight"].T + head["dense.bias"])
print(hidden @ head["output.weight"].T + head["output.bias"])  # {what}
"""
_LINEAR_HEAD = """\
from safetensors.torch import load_file
head = load_file("head.safetensors")
print(states @ head["output.weight"].T + head["output.bias"])  # {what}
"""


def model_usage(spec: Mapping[str, Any], auto_class: str) -> str:
    """Loading a model with its head."""
    code = _LOAD.format(auto_class=auto_class, options="") + _USES[spec["task_kind"]]
    return _section(code)


def encoder_usage(spec: Mapping[str, Any], has_head: bool) -> str:
    """Loading an encoder, to its sentence vectors or to the outputs of the head beside it.

    ``spec`` is that of the predictions: for retrieval it says layer, pooling and prefix.
    """
    retrieval = spec["retrieval"] or {}
    layer = -1 if retrieval.get("layer") is None else retrieval["layer"]
    prefix = str(retrieval.get("text_prefix", "")).replace("\\", "\\\\").replace('"', '\\"')
    load = _LOAD.format(auto_class="AutoModel", options="")
    states = _STATES.format(prefix=prefix, layer=layer)
    pool = _POOLS[retrieval.get("pooling") or spec.get("pooling") or "mean"]
    if not has_head or spec["task_kind"] not in _USES:
        return _section(load + states + pool + (_NORMALISE if retrieval else ""))
    is_pooled = "pooling" in spec
    labels = spec["labels"]
    what = f"a column a label: {', '.join(labels)}" if labels else "one score a choice, or first and last of an answer"
    head = (_DENSE_HEAD if is_pooled else _LINEAR_HEAD).replace("{what}", what)
    return _section(load + states + (pool if is_pooled else "") + head)


def _section(code: str) -> str:
    return f"## Use\n\n```python\n{code}```"
