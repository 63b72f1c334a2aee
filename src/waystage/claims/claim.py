"""Claims: what is said, before anybody has looked whether it is so.

A claim has no field for a result, an interval or a verdict: these come from gates, which decide it from evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

Scope: TypeAlias = Literal["these languages", "languages like these"]
"""What a claim speaks of: the languages that were scored, or those that they are a sample of."""

Direction: TypeAlias = Literal["higher", "lower", "equivalent"]


@dataclass(frozen=True, slots=True)
class DifferenceClaim:
    """One sequence against one or more others.

    The quantity is, for each of ``than``, the score of ``sequence`` minus that of the other: the unweighted mean over
    the claim's languages of a task, then over the claim's tasks. With ``d`` the true difference, ``higher`` says
    ``d > smallest_effect``, ``lower`` says ``d < -smallest_effect``, ``equivalent`` says
    ``-smallest_effect < d < smallest_effect``; and all of that for every one of ``than`` (intersection-union).

    Attributes:
        name: unique among the claims of a record.
        tasks: at least one.
        languages: target languages, at least one; a task counts those of them that it is tested in.
        metric: a metric that every one of ``tasks`` is scored by; None takes each task's own.
        smallest_effect: a fraction in [0, 1], so 0.01 is one point; above 0 for ``equivalent``.
        family: claims of one family are corrected together (Holm).
    """

    name: str
    sequence: str
    than: tuple[str, ...]
    tasks: tuple[str, ...]
    languages: tuple[str, ...]
    metric: str | None = None
    direction: Direction = "higher"
    smallest_effect: float = 0.0
    scope: Scope = "these languages"
    family: str = "claims"
    kind: Literal["difference"] = "difference"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is printed, and where it stands.

    Attributes:
        value: the digits as printed, such as ``5.40``: how many there are says how precise it is.
        paper: what cites it, such as ``arXiv:2005.13013``.
        version: of the paper, such as ``v3``; papers change their figures between versions.
        table: table, figure or section; None where it stands in the running text.
        row: row (and column) of the table, or the words around it.
        via: where it was read, if not in the paper itself.
    """

    value: str
    paper: str
    version: str
    table: str | None = None
    row: str | None = None
    via: str | None = None

    @property
    def number(self) -> float:
        """The value."""
        return float(self.value)

    @property
    def rounding(self) -> float:
        """Half a unit of the last digit: how far what was rounded to this figure can lie from it.

        >>> Figure("5.40", "p", "v1").rounding, Figure("62", "p", "v1").rounding
        (0.005, 0.5)
        """
        return 0.5 * 10.0 ** -len(self.value.partition(".")[2])


@dataclass(frozen=True, slots=True)
class PublishedClaim:
    """A published figure, and how it follows from other figures that are cited.

    Attributes:
        figure: the figure that is claimed.
        cited: the numbers that the calculation may use, by name.
        calculation: an expression over the names of ``cited`` (see ``waystage.claims.arithmetic``); None where nothing
            public derives the figure.
        distinct_from: figures that say something else (another version's), which a check has to tell apart.
        statement: what the figure means, for people; nothing is decided by it.
        family: as in :class:`DifferenceClaim`; for grouping alone, since nothing is tested.
    """

    name: str
    figure: Figure
    cited: dict[str, Figure]
    calculation: str | None = None
    distinct_from: tuple[Figure, ...] = ()
    statement: str = ""
    family: str = "published"
    kind: Literal["published"] = "published"


Claim: TypeAlias = Annotated[DifferenceClaim | PublishedClaim, Field(discriminator="kind")]
