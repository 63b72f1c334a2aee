"""The study file as a whole."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from waystage.study.forms.base import MAX_SEED, Form, Name, Text
from waystage.study.forms.claims import ClaimForm
from waystage.study.forms.encoder import Encoder
from waystage.study.forms.own_corpora import OwnCorpusForm
from waystage.study.forms.own_parallel import OwnParallelForm
from waystage.study.forms.own_tasks import OwnTaskForm
from waystage.study.forms.stages import StageForm
from waystage.study.forms.targets import TargetForm


class StudyForm(Form):
    """A study: which training sequence carries an encoder best into other languages."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        max_length=100,
        description=("Short name: small letters, digits, '.', '_', '-'."),
    )
    description: str = Field("", description="What the study asks, for the report.")
    encoder: Encoder = Field(description="The pretrained encoder that every sequence starts from.")
    seeds: list[Annotated[int, Field(ge=0, le=MAX_SEED)]] = Field(
        min_length=1, max_length=1000, description="Every sequence is trained once a seed."
    )
    stages: dict[Name, StageForm] | None = Field(None, description=("The stages that sequences are made of, by name."))
    sequences: dict[Name, list[Text]] = Field(
        min_length=1,
        description=("Sequences to compare: the stages of each, in order; [] is the encoder as it came."),
    )
    baseline: Text | None = Field(
        None, description="The sequence to compare with: by default the one without stages, else the first."
    )
    targets: list[TargetForm] = Field(min_length=1, description="Tasks that every sequence is scored on.")
    tasks: dict[Name, OwnTaskForm] | None = Field(None, description="Tasks of your own, by name.")
    corpora: dict[Name, OwnCorpusForm] | None = Field(None, description="Corpora of your own, by name.")
    parallel_corpora: dict[Name, OwnParallelForm] | None = Field(
        None, description="Parallel corpora of your own, by name."
    )
    claims: dict[Name, ClaimForm] | None = Field(
        None, description="What is claimed before the run, by name; the record decides it. See docs/record.md."
    )
    protocol: Text | None = Field(
        None, description="A published protocol that gives what targets and stages leave out; see 'waystage protocol'."
    )
    allow_overlap: bool = Field(
        False, description="Let stages learn from examples that a target is tested on; the record says where."
    )
    output: Text | None = Field(
        None, description="Folder for the results, relative to where the command runs; runs/NAME by default."
    )
