"""Which file of a record is what: the layout of the folder stands here and nowhere else."""

from __future__ import annotations

from waystage.comparison.results import Comparison
from waystage.record.form.claims import ClaimsFile
from waystage.record.form.environment import Environment
from waystage.record.form.evidence import CellEvidence, ExamplesEvidence
from waystage.record.form.index import Index
from waystage.record.form.measured import ContextFile, CostsFile, DeparturesFile, ScoresFile
from waystage.record.form.provenance import Lineage, PlanFile, StudyFile
from waystage.record.form.verdicts import VerdictsFile
from waystage.report.record import RunRecord

INDEX = "record.json"
CLAIMS = "claims.json"
STUDY_YAML = "study.yaml"
STUDY = "study.json"
PLAN = "plan.json"
LINEAGE = "lineage.json"
ENVIRONMENT = "environment.json"
COSTS = "costs.json"
CONTEXT = "context.json"
COMPARISON = "comparison.json"
SCORES = "scores.json"
SCORES_CSV = "scores.csv"
DEPARTURES = "departures.json"
RUN = "run.json.gz"
VERDICTS = "verdicts.json"
CORRECTIONS = "corrections.jsonl"
REPORT = "report.html"
CRATE = "ro-crate-metadata.json"
EXAMPLES_DIR = "evidence/examples"
CELLS_DIR = "evidence/cells"
SCHEMAS_DIR = "schemas"
HISTORY_DIR = "history"

FORMS: dict[str, type] = {
    INDEX: Index,
    CLAIMS: ClaimsFile,
    STUDY: StudyFile,
    PLAN: PlanFile,
    LINEAGE: Lineage,
    ENVIRONMENT: Environment,
    COSTS: CostsFile,
    CONTEXT: ContextFile,
    COMPARISON: Comparison,
    SCORES: ScoresFile,
    DEPARTURES: DeparturesFile,
    RUN: RunRecord,
    VERDICTS: VerdictsFile,
}
"""The form of each JSON file at the top of a record."""


def examples_name(task: str) -> str:
    """The file of a task's test examples: their ids, and gold where that may be given away."""
    return f"{EXAMPLES_DIR}/{task}.json.gz"


def cell_name(task: str, sequence: str, seed: int | None) -> str:
    """The file of what one sequence answered on one task with one seed.

    >>> cell_name("xnli", "base", 1), cell_name("tatoeba", "base", None)
    ('evidence/cells/xnli/base.1.json.gz', 'evidence/cells/tatoeba/base.all.json.gz')
    """
    return f"{CELLS_DIR}/{task}/{sequence}.{'all' if seed is None else seed}.json.gz"


def form_of(name: str) -> type | None:
    """The form of a file by its name in the record; None for those that are not JSON objects of ours."""
    if name.startswith(f"{EXAMPLES_DIR}/"):
        return ExamplesEvidence
    if name.startswith(f"{CELLS_DIR}/"):
        return CellEvidence
    return FORMS.get(name)
