"""A sealed record of the tiny study, built once a session."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.fixtures.studies import tiny_study, write_data
from waystage import api
from waystage.claims.claim import Claim, DifferenceClaim, Figure, PublishedClaim
from waystage.record.folder.reader import SealedRecord
from waystage.record.form.claims import DeclaredClaim
from waystage.record.seal import seal_run, write_run_claims
from waystage.store.store import Store

DIFFERENCE = DifferenceClaim(
    "both-helps", "continued+intermediate", ("base",), ("topics", "things"), ("de", "fr"), smallest_effect=0.0
)
PUBLISHED = PublishedClaim(
    "gain",
    Figure("5.4", "a paper", "v3", None, "abstract"),
    {
        "with_tasks": Figure("73.5", "a paper", "v3", "table 2", "average"),
        "without": Figure("68.1", "a paper", "v3", "table 2", "no intermediate task"),
    },
    "difference(with_tasks, without)",
    (Figure("6.1", "a paper", "v1", None, "abstract"),),
)


def build_sealed(folder: Path, encoder_dir: Path, claims: tuple[Claim, ...] = (DIFFERENCE, PUBLISHED)) -> SealedRecord:
    """Run the tiny study with two sequences and three seeds, and seal it with claims made after the run."""
    content = tiny_study(encoder_dir, folder / "out")
    content["seeds"] = [1, 2, 3]
    del content["sequences"]["intermediate"]
    for own in content["tasks"].values():
        own["licence"] = "CC BY 4.0"
    write_data(folder / "study" / "data")
    path = folder / "study" / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    store = Store(folder / "store")
    study = api.load_checked_study(path)
    run = api.run_study(study, store, study_yaml=path.read_text(encoding="utf-8"), n_threads=1)
    added = [DeclaredClaim(claim, "after the run", "2026-01-01T00:00:00+00:00") for claim in claims]
    write_run_claims(run.output_dir, added)
    return seal_run(run.output_dir, store, folder / "record")
