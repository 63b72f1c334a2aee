"""What is wrong with scores that cannot be compared."""

from __future__ import annotations

from waystage.errors import WaystageError


class ComparisonError(WaystageError):
    """Scores that cannot be compared: other examples or metrics, missing languages or seeds. Status 6."""

    exit_status = 6
