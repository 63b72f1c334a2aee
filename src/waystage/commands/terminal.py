"""The terminal: standard output, standard error, JSON."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console

OUT = Console(highlight=False, soft_wrap=False)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """``value`` as JSON for people to read; NaN is refused."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
