"""A claim as one plain sentence, for reports and terminals."""

from __future__ import annotations

from waystage.claims.claim import Claim, DifferenceClaim, PublishedClaim

_VERBS = {"higher": "scores higher than", "lower": "scores lower than", "equivalent": "scores the same as"}


def sentence(claim: Claim) -> str:
    """What is claimed.

    >>> sentence(DifferenceClaim("c", "both", ("base",), ("xnli",), ("de", "sw"), smallest_effect=0.01))
    'both scores higher than base by more than 1 point: mean over xnli in de, sw; for these languages.'
    """
    return _difference(claim) if isinstance(claim, DifferenceClaim) else _published(claim)


def _difference(claim: DifferenceClaim) -> str:
    others = " and ".join(claim.than)
    each = "each of " if len(claim.than) > 1 else ""
    points = f"{claim.smallest_effect * 100:g} point" + ("" if claim.smallest_effect == 0.01 else "s")
    amount = ""
    if claim.direction == "equivalent":
        amount = f" within {points}"
    elif claim.smallest_effect:
        amount = f" by more than {points}"
    metric = f" ({claim.metric})" if claim.metric else ""
    where = f"mean over {', '.join(claim.tasks)}{metric} in {', '.join(claim.languages)}"
    return f"{claim.sequence} {_VERBS[claim.direction]} {each}{others}{amount}: {where}; for {claim.scope}."


def _published(claim: PublishedClaim) -> str:
    figure = claim.figure
    place = ", ".join(part for part in (figure.table, figure.row) if part)
    where = f"{figure.paper} {figure.version}" + (f" ({place})" if place else "")
    what = claim.statement.rstrip(".") or "the published figure"
    how = f"is {claim.calculation} of the figures cited" if claim.calculation else "has no public derivation"
    return f"{what}: {figure.value} in {where} {how}."
