"""The formats by the names that study files use."""

from __future__ import annotations

from waystage.data.readers.rows import Delimited, Format, JsonLines, Parquet
from waystage.data.readers.squad import SquadJson
from waystage.data.readers.supertags import CcgAuto
from waystage.data.readers.words import Conll, ConllU

FORMATS: dict[str, Format] = {
    "jsonl": JsonLines(),
    "csv": Delimited(",", is_quoted=True),
    "tsv": Delimited("\t", is_quoted=False),
    "conll": Conll(),
    "conllu": ConllU(),
    "parquet": Parquet(),
    "squad-json": SquadJson(),
    "ccg-auto": CcgAuto(),
}
