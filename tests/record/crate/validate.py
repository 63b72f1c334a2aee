"""Validates an RO-Crate, offline, with the community's validator and reader; runs in an environment of its own.

Usage: python validate.py FOLDER. Prints a line a profile and what is wrong; ends with 1 where a MUST is not kept.

The validator fetches the JSON-LD context; here it is given the one that comes with the package ``rocrate``. That is the
context of RO-Crate 1.3, which differs from 1.2 in the addresses of four terms of Bioschemas. The profiles of version
0.5 were written for crates of version 1.1, so the one check that asks for that version is left out: the profile of 1.2
has its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import rocrate
from rocrate.rocrate import ROCrate
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

PROFILES = ("ro-crate-1.2", "process-run-crate-0.5", "workflow-ro-crate-1.0", "workflow-run-crate-0.5")
LEFT_OUT = ["ro-crate-1.1_5.3"]
BIOSCHEMAS = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


def context() -> dict[str, Any]:
    """The terms of RO-Crate 1.2."""
    path = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found["@context"] |= BIOSCHEMAS
    return found


def serve(known: dict[str, Any]) -> None:
    """Answer the validator's one question from memory."""
    text = json.dumps(known)

    def get(self: object, url: str, *_: object, **__: object) -> SimpleNamespace:
        if url != "https://w3id.org/ro/crate/1.2/context":
            raise RuntimeError(f"the network was asked for {url}")
        headers = {"Content-Type": "application/ld+json"}
        return SimpleNamespace(
            status_code=200, headers=headers, json=lambda: known, text=text, content=text.encode(), url=url, ok=True
        )

    HttpRequester.get = get


def say(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(line + "\n")


def main(folder: str) -> int:
    """1 where something is wrong."""
    crate = ROCrate(folder)
    say(f"read {len(crate.get_entities())} entities; main entity {crate.mainEntity.id}")
    serve(context())
    n_wrong = 0
    for profile in PROFILES:
        settings = services.ValidationSettings(
            rocrate_uri=folder,
            profile_identifier=profile,
            requirement_severity=models.Severity.REQUIRED,
            offline=True,
            skip_checks=LEFT_OUT,
        )
        result = services.validate(settings)
        issues = result.get_issues()
        say(f"{profile}: {len(result.executed_checks)} checks, {len(issues)} not kept")
        for issue in issues:
            say(f"  {issue.check.identifier}: {issue.message} ({issue.violatingEntity})")
        n_wrong += len(issues) + (not result.passed())
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
