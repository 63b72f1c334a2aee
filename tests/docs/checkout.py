"""Where the documents of this checkout are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OWN_TASK_DIR = CHECKOUT / "examples" / "own-task"


def documents() -> list[Path]:
    """Every page for readers: those in docs/ and those at the root."""
    return sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])


def blocks(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """Fenced blocks of a language, each with the number of the line above its first one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = None
    for number, line in enumerate(lines, start=1):
        if start is None and line.strip() == f"```{language}":
            start = number
        elif start is not None and line.strip() == "```":
            yield start, "\n".join(lines[start : number - 1]) + "\n"
            start = None
