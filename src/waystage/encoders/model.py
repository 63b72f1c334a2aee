"""An encoder in memory: loading, truncation to the first layers, and its forward pass. Torch."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from waystage.encoders.attention import Layout, use_attention
from waystage.encoders.known_head import KnownHead, read_known_head
from waystage.encoders.packed import PackedLayers
from waystage.encoders.stored_rows import StoredTable
from waystage.errors import DataError, StageError, first_line


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Sequences of one forward pass, padded to the longest of them.

    Shapes:
        input_ids: ``[n_sequences, n_positions]``, int64.
        attention_mask: ``[n_sequences, n_positions]``, bool, True where there is a token.
        type_ids: ``[n_sequences, n_positions]``, int64.
        lengths: ``[n_sequences]``, int64.
        positions: ``[n_sequences, n_positions]``, int64, from 0; None where they run from the first token to the last.
    """

    input_ids: Tensor
    attention_mask: Tensor
    type_ids: Tensor
    lengths: Tensor
    positions: Tensor | None = None

    def to(self, device: torch.device) -> TokenBatch:
        """The batch on a device."""
        return TokenBatch(
            self.input_ids.to(device),
            self.attention_mask.to(device),
            self.type_ids.to(device),
            self.lengths.to(device),
            None if self.positions is None else self.positions.to(device),
        )

    @property
    def n_text_tokens(self) -> int:
        """Tokens that carry text, padding not counted."""
        return int(self.lengths.sum())


class Encoder(nn.Module):
    """A transformers encoder behind the one interface that training and prediction use.

    ``known_head`` is the masked-LM head that it came with or that a stage has trained, if any; ``stored_table`` is its
    token embeddings in the file that they were loaded from, if they stand there as they are.
    """

    def __init__(self, model: nn.Module, known_head: KnownHead | None = None) -> None:
        super().__init__()
        self.model = model
        self.stored_table: StoredTable | None = None
        self.known_head = known_head
        self._multiplies_in_bfloat16 = False
        self._packed: PackedLayers | None = None
        parameters = inspect.signature(model.forward).parameters
        self._takes_type_ids = "token_type_ids" in parameters
        self._n_types = int(getattr(self.config, "type_vocab_size", 0) or 0)
        self._n_positions = _positions_of(model)
        self._first_position = _first_position_of(model)
        self._takes_positions = "position_ids" in parameters
        self._lays_out = use_attention(model)

    @property
    def config(self) -> Any:
        """The transformers configuration."""
        return self.model.config

    @property
    def hidden_size(self) -> int:
        """Size of a hidden state."""
        return int(self.config.hidden_size)

    @property
    def norm_eps(self) -> float:
        """What its layer norms add to a variance."""
        return float(getattr(self.config, "layer_norm_eps", getattr(self.config, "norm_eps", 1e-5)))

    @property
    def n_layers(self) -> int:
        """Layers that a forward pass runs."""
        return int(self.config.num_hidden_layers)

    @property
    def computes_padding(self) -> bool:
        """Whether padding costs as much as text."""
        return not self._lays_out or next(self.model.parameters()).device.type != "cpu"

    @property
    def reads_types(self) -> bool:
        """Whether it tells segments apart: with one type, or none, all are alike."""
        return self._takes_type_ids and self._n_types > 1

    @property
    def sets_positions(self) -> bool:
        """Whether a token can be given a position: it has a table of absolute positions, and looks up what is given."""
        return self._n_positions is not None and self._takes_positions

    @property
    def token_embeddings(self) -> nn.Embedding:
        """The table of token embeddings, ``[vocabulary_size, hidden_size]``."""
        embeddings: nn.Embedding = self.model.get_input_embeddings()  # type: ignore[operator]
        return embeddings

    def replace_token_embeddings(self, embeddings: nn.Module) -> None:
        """Use another table, such as one trimmed to the rows that occur."""
        self.model.set_input_embeddings(embeddings)  # type: ignore[operator]

    def multiply_in_bfloat16(self) -> None:
        """Compute products of matrices in bfloat16 from now on, for weights that no longer change; states stay float32.

        Where gradients are asked for, it is autocast that rounds.
        """
        self._multiplies_in_bfloat16 = True
        self._packed = None if self.computes_padding else PackedLayers.of(self.model)

    def forward(self, batch: TokenBatch, layer: int | None = None) -> Tensor:
        """Hidden states ``[n_sequences, n_positions, hidden_size]`` of ``layer`` (0: embeddings; None: the last).

        Raises:
            StageError: a sequence is longer than the encoder's table of positions.
        """
        if not self._multiplies_in_bfloat16 or self._layers_for_predictions:
            return self._forward(batch, layer)
        with torch.autocast(batch.input_ids.device.type, torch.bfloat16):
            return self._forward(batch, layer).float()

    def _forward(self, batch: TokenBatch, layer: int | None) -> Tensor:
        n_positions = batch.input_ids.shape[1]
        if self._n_positions is not None and n_positions > self._n_positions:
            raise StageError(
                f"a sequence of {n_positions} tokens, and the encoder has {self._n_positions} positions; "
                f"max_tokens: {self._n_positions} or less cuts or splits what is longer"
            )
        inputs: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": None}
        if self._takes_type_ids and self._n_types > 0:
            inputs["token_type_ids"] = batch.type_ids.clamp(max=self._n_types - 1)
        if bool(batch.attention_mask.all()) and not self._layers_for_predictions:
            return self._states(inputs | self._given_positions(batch), layer)
        if not self.computes_padding:
            return self._states_laid_out(inputs, batch, layer)
        given = self._given_positions(batch)
        return self._states(inputs | given | {"attention_mask": batch.attention_mask.long()}, layer)

    @property
    def _layers_for_predictions(self) -> PackedLayers | None:
        """The layers that stand for those of the model in a pass as this one, if any do."""
        return None if torch.is_grad_enabled() or self.computes_padding else self._packed

    def _given_positions(self, batch: TokenBatch) -> dict[str, Tensor]:
        """The positions of a batch as rows of the table; nothing where they run on."""
        if batch.positions is None or not self.sets_positions:
            return {}
        return {"position_ids": batch.positions + self._first_position}

    def _states(self, inputs: dict[str, Any], layer: int | None) -> Tensor:
        if layer is None or layer == self.n_layers:
            return self.model(**inputs).last_hidden_state  # type: ignore[no-any-return]
        output = self.model(**inputs, output_hidden_states=True)
        return output.hidden_states[layer]  # type: ignore[no-any-return]

    def _embedded(self, rows: dict[str, Tensor]) -> Tensor:
        """What the first layer reads, ``[n_tokens, hidden_size]``."""
        return self.model.embeddings(**rows)[0]  # type: ignore[operator, no-any-return]

    def _states_laid_out(self, inputs: dict[str, Any], batch: TokenBatch, layer: int | None) -> Tensor:
        """The same states without computing any for padding, where they are zero."""
        n_sequences, n_positions = batch.input_ids.shape
        layout = Layout.of(batch.lengths, n_positions)
        rows = {name: ids.flatten()[layout.places].unsqueeze(0) for name, ids in inputs.items() if ids is not None}
        given = self._given_positions(batch).get("position_ids")
        running = layout.positions + self._first_position
        positions = (running if given is None else given.flatten()[layout.places]).unsqueeze(0)
        rows["position_ids"] = positions
        layers = self._layers_for_predictions
        if layers is not None:
            states = layers(self._embedded(rows), layout.stretches, layer)
        else:
            states = self._states({**rows, "stretches": layout.stretches}, layer)[0]
        padded = states.new_zeros(n_sequences * n_positions, states.shape[1]).index_copy(0, layout.places, states)
        return padded.view(n_sequences, n_positions, -1)


def _positions_of(model: nn.Module) -> int | None:
    """The longest sequence that a table of absolute positions has room for; None where there is no such table.

    RoBERTa and XLM-R count from the row after the one for padding.
    """
    table = _position_embeddings(model)
    return None if table is None else table.num_embeddings - _first_position_of(model)


def _first_position_of(model: nn.Module) -> int:
    """The row of the first token of a sequence in the table of absolute positions."""
    table = _position_embeddings(model)
    return 0 if table is None or table.padding_idx is None else table.padding_idx + 1


def _position_embeddings(model: nn.Module) -> nn.Embedding | None:
    for name, part in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding):
            return part
    return None


def load_encoder(folder: Path, n_layers: int | None = None, trust_remote_code: bool = False) -> Encoder:
    """The encoder of a transformers folder, in float32, in evaluation mode, with its first ``n_layers`` layers.

    Raises:
        DataError: the folder cannot be loaded as an encoder, or has fewer layers.
    """
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    _refuse_remote_code(folder, trust_remote_code)
    with _loading_errors(folder):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)
    if config.is_encoder_decoder:
        raise DataError(f"{folder}: this model has a decoder; Waystage needs an encoder alone")
    if n_layers is not None:
        if not 1 <= n_layers <= config.num_hidden_layers:
            raise DataError(f"{folder}: {n_layers} layers were asked for, the encoder has {config.num_hidden_layers}")
        config.num_hidden_layers = n_layers
    with _loading_errors(folder):
        model, report = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            local_files_only=not trust_remote_code,
            use_safetensors=True,
            trust_remote_code=trust_remote_code,
            output_loading_info=True,
            **_options_without_pooler(config),
        )
    _refuse_missing_weights(folder, report["missing_keys"])
    encoder = Encoder(model)
    encoder.known_head = read_known_head(folder, config, encoder.token_embeddings.num_embeddings)
    encoder.stored_table = StoredTable.find(folder, encoder.token_embeddings.weight)
    return encoder.eval()


def random_encoder(folder: Path, seed: int, trust_remote_code: bool = False) -> Encoder:
    """An encoder of the architecture that the configuration in ``folder`` describes, with random weights.

    Raises:
        DataError: the folder's configuration is not that of an encoder.
    """
    from transformers import AutoConfig, AutoModel

    _refuse_remote_code(folder, trust_remote_code)
    with _loading_errors(folder), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)
        options = {"trust_remote_code": trust_remote_code, **_options_without_pooler(config)}
        return Encoder(AutoModel.from_config(config, **options)).eval()


def computing_device() -> torch.device:
    """Where this process computes: on its GPU, if it sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_threads(n_threads: int) -> None:
    """Compute with so many threads from now on, in the same way each time."""
    torch.set_num_threads(n_threads)
    torch.use_deterministic_algorithms(True)
    # Filling every new tensor with NaN only helps to find reads of memory that was never written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


@contextmanager
def _loading_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # transformers, safetensors and the hub client raise whatever they meet
        raise DataError(f"{folder}: cannot be loaded as an encoder: {first_line(error)}") from None


def _refuse_missing_weights(folder: Path, missing: Iterable[str]) -> None:
    """Transformers gives random values to what a file lacks; only a pooler, which nothing here uses, may have them."""
    names = sorted(name for name in missing if "pooler" not in name)
    if names:
        raise DataError(f"{folder}: its weights lack {len(names)} tensors of the encoder: {', '.join(names[:5])}")


def _refuse_remote_code(folder: Path, trust_remote_code: bool) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "auto_map" in config and not trust_remote_code:
        raise DataError(
            f"{folder}: this encoder runs Python code of its own; set encoder.trust_remote_code: true only if you have "
            "read that code"
        )


def _options_without_pooler(config: Any) -> dict[str, bool]:
    """``add_pooling_layer=False`` for the architectures that have a pooler, which nothing here uses."""
    from transformers import MODEL_MAPPING

    model_class = MODEL_MAPPING.get(type(config), None)
    if model_class is not None and "add_pooling_layer" in inspect.signature(model_class.__init__).parameters:
        return {"add_pooling_layer": False}
    return {}
