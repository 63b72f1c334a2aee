"""Tables as LaTeX (booktabs) and CSV."""

from __future__ import annotations

import csv
import io

from waystage.report.tables import Table
from waystage.report.text import visible

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "\u2212": "$-$", "\u2013": "--", "\u2192": r"$\rightarrow$", "\u27e8": r"$\langle$", "\u27e9": r"$\rangle$",
    "\u00a0": "~", "\u202f": r"\,", "\n": " ", "\t": " ",
}  # fmt: skip
_FORMULAS = ("+", "-", "=", "@", "\t")
_NO_VALUE = "--"


def latex(table: Table) -> str:
    """A ``tabular`` in a ``table``; the document needs ``\\usepackage{booktabs}`` and UTF-8."""
    shape = "".join("r" if column.is_number else "l" for column in table.columns)
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        f"\\caption{{{latex_text(table.caption)}}}",
        f"\\label{{tab:{table.name}}}",
        f"\\begin{{tabular}}{{{shape}}}",
        r"\toprule",
        _latex_row([_latex_heading(column.heading) for column in table.columns]),
        r"\midrule",
        *(
            _latex_row(
                [
                    _NO_VALUE if value is None else latex_text(column.shown(value))
                    for column, value in zip(table.columns, row, strict=True)
                ]
            )
            for row in table.rows
        ),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Text with everything escaped that LaTeX reads as a command.

    >>> latex_text("50 % of a_b")
    '50 \\\\% of a\\\\_b'
    """
    return "".join(_LATEX.get(character, character) for character in str(visible(text)))


def csv_text(table: Table) -> str:
    """Headings and rows; numbers in full, scores and differences as fractions, no value as nothing.

    Text that a spreadsheet would run as a formula gets an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_csv_value(name) for column in table.columns for name in column.names])
    for row in table.rows:
        values: list[object] = []
        for column, value in zip(table.columns, row, strict=True):
            values += [None] * len(column.names) if value is None else column.parts(value)
        writer.writerow([_csv_value(value) for value in values])
    return text.getvalue()


def _latex_row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_heading(heading: str) -> str:
    """A heading, in which ``$p$`` is meant as it stands."""
    return latex_text(heading).replace(r"\$p\$", "$p$")


def _csv_value(value: object) -> object:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return f"'{visible(value)}" if value.startswith(_FORMULAS) else visible(value)
    return value
