"""The record's JSON form: lossless, strict, and readable where parts were never filled."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from waystage.errors import DataError
from waystage.report.record import (
    ExampleText,
    Fact,
    FlipCount,
    FlippedExample,
    PseudoPerplexity,
    ResultDigest,
    RunRecord,
    SelectionScore,
)

from .records import make_record

FLIP = FlippedExample(
    "intents", "de", "7", "base", "continued", 1, 0, 2, 2, 2,
    (ExampleText("text", "Mach das Licht an", "de"),), "HassTurnOn", "HassTurnOff", "HassTurnOn", None,
)  # fmt: skip


def filled() -> RunRecord:
    record = make_record()
    return replace(
        record,
        encoder=replace(record.encoder, facts=(Fact("parameters", "21,000,000"),)),
        protocol=tuple(
            replace(row, profile="xtreme-r", reference="a paper", licence="CC BY") for row in record.protocol
        ),
        selection=(SelectionScore("base", "intents", 1, "en", "accuracy", "best", 120, 4, 0.9),),
        pseudo_perplexities=(
            PseudoPerplexity("continued", "mlm", 1, "sw", 900, None, 31.5),
            PseudoPerplexity("continued", "mlm", 1, "de", 900, 12.25, 11.0),
        ),
        flip_counts=(FlipCount("intents", "de", "base", "continued", 150, 9, 4),),
        flips=(FLIP,),
        digests=(ResultDigest("base", "retrieval", None, "a" * 64, "b" * 64),),
    )


def through_json(record: RunRecord) -> dict[str, object]:
    value: dict[str, object] = json.loads(json.dumps(record.to_json(), allow_nan=False))
    return value


def test_every_part_survives_json() -> None:
    assert RunRecord.from_json(through_json(filled())) == filled()


def test_a_record_without_the_later_parts_is_read() -> None:
    value = through_json(replace(make_record(), flips=(), flip_counts=(), digests=()))
    for name in ("selection", "pseudo_perplexities", "flip_counts", "flips", "digests"):
        del value[name]
    assert RunRecord.from_json(value).flips == ()


@pytest.mark.parametrize(
    ("part", "field", "wrong"),
    [
        ("selection", "rule", "luck"),
        ("selection", "score", None),
        ("pseudo_perplexities", "after", "low"),
        ("flip_counts", "n_lost", 1.5),
        ("flips", "texts", [{"label": "text"}]),
        ("digests", "artefact_id", None),
    ],
)
def test_wrong_parts_are_named(part: str, field: str, wrong: object) -> None:
    value = filled().to_json()
    value[part][0][field] = wrong
    with pytest.raises(DataError, match=rf"record.json: {part}\[0\].{field}"):
        RunRecord.from_json(value, "record.json")


def test_gained_is_said_of_the_second_sequence() -> None:
    assert FLIP.is_gained
    assert not replace(FLIP, n_right_first=2, n_right_second=0).is_gained
    assert replace(FLIP, seed=None, n_right_first=0, n_seeds_first=1, n_right_second=2, n_seeds_second=3).is_gained
