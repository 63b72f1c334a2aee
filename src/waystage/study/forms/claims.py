"""What is claimed. No form has a key for a result: gates decide claims."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from waystage.study.forms.base import Form, Fraction, Languages, Name, Text

FIGURE_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$"
CITED_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"

CitedName: TypeAlias = Annotated[str, Field(pattern=CITED_PATTERN, max_length=60)]
_Kind: TypeAlias = Literal["difference", "published"]


def _names_form(value: Any) -> str | None:
    return "all" if value == "all" else "list" if isinstance(value, list) else "one" if isinstance(value, str) else None


_Several: TypeAlias = Annotated[list[Text], Field(min_length=1)]
_OneOrMore: TypeAlias = Annotated[
    Annotated[Text, Tag("one")] | Annotated[_Several, Tag("list")],
    Discriminator(
        lambda value: _names_form(value).replace("all", "one") if _names_form(value) else None,
        custom_error_type="form",
        custom_error_message="Input should be the name of a sequence or a list of them",
    ),
]
_Tasks: TypeAlias = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[_Several, Tag("list")],
    Discriminator(
        _names_form, custom_error_type="form", custom_error_message="Input should be 'all' or a list of target tasks"
    ),
]


class DifferenceForm(Form):
    """One sequence against one or more others."""

    kind: _Kind = Field("difference", description="'difference' when left out.")
    sequence: Text = Field(description="The sequence that is said to be better, worse or the same.")
    than: _OneOrMore = Field(description="The other one, or several: then it holds against each of them.")
    tasks: _Tasks = Field("all", description="Target tasks; the mean over them, unweighted.")
    languages: Languages = Field("all", description="Target languages; a task counts those that it is tested in.")
    metric: Text | None = Field(None, description="A metric of every task; each task's own when left out.")
    direction: Literal["higher", "lower", "equivalent"] = Field("higher", description="What is said of the difference.")
    smallest_effect: Fraction = Field(0.0, description="A fraction (0.01 is one point) that has to be exceeded.")
    scope: Literal["these languages", "languages like these"] = Field(
        "these languages", description="Of the languages that are scored, or of those that they are a sample of."
    )
    family: Name = Field("claims", description="Claims of one family are corrected together.")


class FigureForm(Form):
    """A number as it is printed, and where it stands."""

    value: str = Field(
        pattern=FIGURE_PATTERN,
        description="As printed, in quotes: its digits say how precise it is.",
    )
    paper: Text = Field(description="What cites it, such as an arXiv number or a DOI.")
    version: Text = Field(description="Version of the paper, such as v3.")
    table: Text | None = Field(None, description="Table, figure or section.")
    row: Text | None = Field(None, description="Row and column, or the words around it.")
    via: Text | None = Field(None, description="Where it was read, if not in the paper itself.")


class PublishedForm(Form):
    """A published figure, and how it follows from others."""

    kind: _Kind = Field("published", description="'published'.")
    statement: str = Field("", description="What the figure means, for people.")
    figure: FigureForm = Field(description="The figure that is claimed.")
    cited: dict[CitedName, FigureForm] = Field(
        default_factory=dict, description="Numbers that the calculation may use, by name."
    )
    calculation: Text | None = Field(
        None, description="Arithmetic over the names of 'cited'; left out where nothing public derives the figure."
    )
    distinct_from: list[FigureForm] = Field(
        default_factory=list, description="Figures that say something else, which a check has to tell apart."
    )
    family: Name = Field("published", description="For grouping.")


def _kind_of(value: Any) -> str:
    """By ``kind``; one that is neither is judged by the keys beside it, so that the mistake is the kind alone."""
    kind = value.get("kind") if isinstance(value, dict) else None
    is_published = kind == "published" or (kind not in (None, "difference") and "figure" in value)
    return "published" if is_published else "difference"


ClaimForm: TypeAlias = Annotated[
    Annotated[DifferenceForm, Tag("difference")] | Annotated[PublishedForm, Tag("published")],
    Discriminator(_kind_of),
]


class ClaimsForm(Form):
    """A file of claims that are added later."""

    claims: dict[Name, ClaimForm] = Field(min_length=1, description="What is claimed, by name.")
