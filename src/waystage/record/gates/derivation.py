"""What follows from the gates: the status and level of each claim, quality, and the tier of the record.

Nothing here looks at a record; the rules stand in docs/record.md, and a test goes through all combinations of statuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from waystage.record.form.verdicts import (
    Assessment,
    ClaimVerdict,
    Finding,
    Gate,
    GateVerdict,
    QualityDimension,
    Status,
    Tier,
    VerdictsFile,
)

N_LEVELS = 8
RESCORED = "answers against gold"
CORROBORATED = "another source"
REPLICATED = "cells of the claim"
ROLE = "role: "
DECIDABLE = "interval"
_HIGHEST_WHEN_FALSIFIED = 3.9


@dataclass(frozen=True, slots=True)
class Said:
    """All that the gates said, by gate and claim (None: the record as a whole)."""

    verdicts: Mapping[tuple[Gate, str | None], GateVerdict]

    def status(self, gate: Gate, claim: str | None) -> Status | None:
        """None: the gate has not looked."""
        own = self.verdicts.get((gate, claim))
        return None if own is None else own.status

    def finding(self, gate: Gate, claim: str | None, name: str) -> Finding | None:
        """A finding by its name."""
        own = self.verdicts.get((gate, claim))
        return next((f for f in own.findings if f.name == name), None) if own is not None else None

    def of_record(self) -> list[GateVerdict]:
        """What was said of the record as a whole."""
        return [own for (_, claim), own in self.verdicts.items() if claim is None]

    def of_claim(self, claim: str) -> list[GateVerdict]:
        """What was said of one claim."""
        return [own for (_, name), own in self.verdicts.items() if name == claim]


def derive(gates: Sequence[GateVerdict], sentences: Mapping[str, str]) -> VerdictsFile:
    """Everything that follows from the latest verdict of each gate.

    Args:
        gates: in the order in which they were given; a later one takes the place of an earlier one.
        sentences: claim to what it says, in the order of the record.
    """
    said = Said({(own.gate, own.claim): own for own in gates if own.claim is None or own.claim in sentences})
    if not said.verdicts:
        return VerdictsFile()
    claims = tuple(_claim(name, sentence, said) for name, sentence in sentences.items())
    tier, reason = _tier(claims, said)
    levels = Counter(level for claim in claims for level in range(claim.level + 1))
    return VerdictsFile(
        gates=tuple(said.verdicts.values()),
        claims=claims,
        level_counts={str(level): levels[level] for level in range(N_LEVELS)},
        dimensions=tuple(_dimensions(claims, said, is_falsified=tier == "FALSIFIED")),
        tier=tier,
        tier_reason=reason,
    )


def _claim(name: str, sentence: str, said: Said) -> ClaimVerdict:
    status, reason = _status(name, said)
    return ClaimVerdict(name, status, _level(name, said), f"{status}: {sentence}", reason)


def _status(name: str, said: Said) -> tuple[Status, str]:
    """FALSIFIED if any gate says so of the claim; VERIFIED if verification does and nothing is against it."""
    broken = [own for own in said.of_claim(name) if own.status == "FALSIFIED"]
    if broken:
        return "FALSIFIED", f"{broken[0].gate}: {broken[0].reason}"
    damaged = [own for own in said.of_record() if own.status == "FALSIFIED"]
    if damaged:
        return "UNVERIFIED", f"{damaged[0].gate} of the record is falsified: {damaged[0].reason}"
    verdict = said.verdicts.get(("verification", name))
    if verdict is None:
        return "UNVERIFIED", "verification has not looked at it"
    if verdict.status != "VERIFIED":
        return "UNVERIFIED", f"verification: {verdict.reason}"
    record = said.status("verification", None)
    if record != "VERIFIED":
        return "UNVERIFIED", "the numbers of the record were not verified"
    return "VERIFIED", f"verification: {verdict.reason}"


def _level(name: str, said: Said) -> int:
    """The highest level that is reached together with all below it. What was done, not what came of it."""
    replicated = said.finding("replication", name, REPLICATED)
    numbers = replicated.numbers or {} if replicated is not None else {}
    is_all = bool(numbers) and numbers.get("n_replicated") == numbers.get("n_cells")
    reached = (
        said.status("provenance", None) == "VERIFIED",
        said.status("verification", None) == "VERIFIED" and said.status("verification", name) is not None,
        _has("verification", name, RESCORED, said) or _has("verification", name, CORROBORATED, said),
        replicated is not None and replicated.status == "VERIFIED",
        is_all and numbers.get("same_environment") == "no",
    )
    level = 0
    for is_reached in reached:
        if not is_reached:
            break
        level += 1
    return level


def _has(gate: Gate, claim: str, name: str, said: Said) -> bool:
    found = said.finding(gate, claim, name)
    return found is not None and found.status == "VERIFIED"


def _tier(claims: Sequence[ClaimVerdict], said: Said) -> tuple[Tier, str]:
    falsified = [claim.claim for claim in claims if claim.status == "FALSIFIED"]
    if falsified:
        return "FALSIFIED", f"{len(falsified)} of {len(claims)} claims are falsified: {', '.join(falsified[:5])}"
    damaged = [own for own in said.of_record() if own.status == "FALSIFIED"]
    if damaged:
        return "FALSIFIED", f"{damaged[0].gate} is falsified: {damaged[0].reason}"
    if not claims:
        return "UNVERIFIED", "nothing is claimed"
    for gate in ("provenance", "verification"):
        if said.status(gate, None) != "VERIFIED":
            return "UNVERIFIED", f"{gate} of the record is not verified"
    open_claims = [claim.claim for claim in claims if claim.status != "VERIFIED"]
    if open_claims:
        return (
            "UNVERIFIED",
            f"{len(open_claims)} of {len(claims)} claims are not verified: {', '.join(open_claims[:5])}",
        )
    weak = [claim.claim for claim in claims if said.status("red team", claim.claim) != "VERIFIED"]
    if weak:
        return "UNVERIFIED", f"the red team has not looked at, or has weakened: {', '.join(weak[:5])}"
    if said.status("replication", None) == "VERIFIED" and all(claim.level >= 4 for claim in claims):
        return "REPRODUCED", "every claim is verified and attacked in vain, and cells of each were trained again"
    return "CHECKED", "every claim is verified, and attacked in vain"


def _dimensions(claims: Sequence[ClaimVerdict], said: Said, is_falsified: bool) -> Iterator[QualityDimension]:
    levels = [claim.level for claim in claims]
    strength = 10 * sum(levels) / (len(levels) * (N_LEVELS - 1)) if levels else None
    told = "mean verification level of the claims, 7 being 10"
    yield _dimension("evidence strength", strength, told, is_falsified)
    for name, role in _ROLES.items():
        scores = [_role_score(claim.claim, role, said) for claim in claims]
        known = [score for score in scores if score is not None]
        told = f"mean score of the {role} over {len(known)} of {len(claims)} claims"
        yield _dimension(name, sum(known) / len(known) if known else None, told, is_falsified)
    decidable = [said.finding("verification", claim.claim, DECIDABLE) for claim in claims]
    given = [own for own in decidable if own is not None]
    shares = sum(own.status == "VERIFIED" for own in given) / len(given) if given else None
    told = "share of claims about differences whose interval covers everything that can vary"
    yield _dimension("uncertainty disclosure", None if shares is None else 10 * shares, told, is_falsified)
    yield _reproducibility(said, is_falsified)


_ROLES = {
    "robustness": "counterexample hunter",
    "citation grounding": "citation auditor",
    "falsifiability": "replication attacker",
}


def _role_score(claim: str, role: str, said: Said) -> float | None:
    found = said.finding("red team", claim, f"{ROLE}{role}")
    value = (found.numbers or {}).get("score") if found is not None else None
    return float(value) if isinstance(value, int | float) else None


def _reproducibility(said: Said, is_falsified: bool) -> QualityDimension:
    found = said.finding("replication", None, REPLICATED)
    numbers = found.numbers or {} if found is not None else {}
    n_cells, n_replicated = numbers.get("n_cells"), numbers.get("n_replicated")
    score = None
    if isinstance(n_cells, int) and isinstance(n_replicated, int) and n_cells:
        # Half for the first cell that came out as it should, the rest by the share of cells.
        score = 5.0 + 5.0 * n_replicated / n_cells if n_replicated else 0.0
    told = "5 for a cell that was trained again within the tolerance, up to 10 by their share"
    return _dimension("reproducibility", score, told, is_falsified)


def _dimension(name: str, score: float | None, reason: str, is_falsified: bool) -> QualityDimension:
    """With a falsified claim or gate, no dimension is above LOW."""
    if score is None:
        return QualityDimension(name, None, "UNASSESSED", f"not assessed: {reason}")
    if is_falsified and score > _HIGHEST_WHEN_FALSIFIED:
        score, reason = _HIGHEST_WHEN_FALSIFIED, f"{reason}; limited, since something is falsified"
    assessment: Assessment = "LOW" if score < 4 else "MEDIUM" if score < 7 else "HIGH"
    return QualityDimension(name, round(score, 1), assessment, reason)
