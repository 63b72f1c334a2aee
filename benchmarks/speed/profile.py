"""Where the time of a step goes, by torch's profiler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GROUPS: Mapping[str, tuple[str, ...]] = {
    "products of matrices": ("aten::mm", "aten::addmm", "mkldnn::_linear_pointwise"),
    "attention": ("aten::bmm", "aten::baddbmm", "aten::_scaled_dot_product_flash_attention_for_cpu", "aten::_softmax",
                  "aten::_softmax_backward_data"),
    "GELU": ("aten::gelu", "aten::gelu_backward"),
    "norms": ("aten::native_layer_norm", "aten::native_layer_norm_backward"),
    "dropout and sums": ("aten::mul", "aten::mul_", "aten::add", "aten::add_", "aten::div", "aten::div_", "aten::ge",
                         "aten::sum", "aten::bernoulli_", "aten::native_dropout", "aten::where"),
    "copies": ("aten::copy_", "aten::cat", "aten::empty_strided", "aten::empty", "aten::index_select",
               "aten::index_copy"),
    "optimiser": ("aten::_fused_adamw_", "aten::linalg_vector_norm", "aten::_foreach_norm", "aten::addcdiv_",
                  "aten::addcmul_", "aten::lerp_", "aten::sqrt", "aten::_foreach_addcdiv_", "aten::_foreach_addcmul_",
                  "aten::_foreach_lerp_", "aten::_foreach_sqrt", "aten::_foreach_mul_", "aten::_foreach_add_"),
}  # fmt: skip
OTHERS = "all else"


@dataclass
class Profile:
    """Milliseconds of each group of operations between ``start`` and ``stop``; operations inside others count once."""

    milliseconds: dict[str, float] = field(default_factory=dict)
    _profiler: Any = None

    def start(self) -> None:
        """From now on."""
        from torch.profiler import ProfilerActivity, profile

        self._profiler = profile(activities=[ProfilerActivity.CPU])
        self._profiler.__enter__()

    def stop(self) -> None:
        """Until now."""
        self._profiler.__exit__(None, None, None)
        group_of = {name: group for group, names in GROUPS.items() for name in names}
        self.milliseconds = dict.fromkeys([*GROUPS, OTHERS], 0.0)
        for event in self._profiler.key_averages():
            self.milliseconds[group_of.get(event.key, OTHERS)] += event.self_cpu_time_total / 1000
