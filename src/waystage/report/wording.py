"""Numbers and sentences as people read them. Here, and only here, fractions become percent and points."""

from __future__ import annotations

import re

from waystage.comparison.best import is_shown
from waystage.comparison.results import Best, Comparison, Difference

MINUS = "\u2212"
_NEGATIVE = re.compile(r"(?<![\w-])-(?=\d)")


def percent(fraction: float) -> str:
    """A score in percent.

    >>> percent(0.5432)
    '54.3'
    """
    return f"{100 * fraction:.1f}"


def points(fraction: float) -> str:
    """A signed difference in points.

    >>> points(0.0214), points(-0.0004), points(-0.02)
    ('+2.1', '0.0', '−2.0')
    """
    text = f"{100 * fraction:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", MINUS)


def interval(difference: Difference) -> str:
    """The ends of an interval, in points."""
    return f"[{points(difference.low)}, {points(difference.high)}]"


def duration(seconds: float | None) -> str:
    """A time with the unit that suits it.

    >>> duration(4.21), duration(63), duration(7325), duration(None)
    ('4.2 s', '1 min 3 s', '2 h 2 min', 'not known')
    """
    if seconds is None:
        return "not known"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def unit_of_time(seconds: float) -> tuple[str, float]:
    """A unit in which a time is a number of one to three digits, and its length in seconds.

    >>> unit_of_time(90), unit_of_time(2000), unit_of_time(9000)
    (('s', 1.0), ('min', 60.0), ('h', 3600.0))
    """
    return ("s", 1.0) if seconds < 120 else ("min", 60.0) if seconds < 7200 else ("h", 3600.0)


def typeset(sentence: str) -> str:
    """A sentence with minus signs, in which no percent sign stands at the beginning of a line.

    >>> typeset("continued-1: -0.5 points, 95 % interval -1.9 to +2.8")
    'continued-1: −0.5 points, 95\xa0% interval −1.9 to +2.8'
    """
    return _NEGATIVE.sub(MINUS, sentence).replace(" %", "\u00a0%")


def count(number: int | None) -> str:
    """A whole number with thin groups of three.

    >>> count(1234567).replace(chr(0x202F), "_")
    '1_234_567'
    """
    return "not known" if number is None else f"{number:,}".replace(",", "\u202f")


def signed_count(number: int) -> str:
    """A whole number with its sign.

    >>> signed_count(3), signed_count(-12), signed_count(0)
    ('+3', '−12', '0')
    """
    return f"{number:+d}".replace("-", MINUS) if number else "0"


def perplexity(value: float) -> str:
    """A perplexity, to three figures.

    >>> perplexity(1.234), perplexity(45.0), perplexity(12345.6).replace(chr(0x202F), "_")
    ('1.23', '45.0', '12_346')
    """
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else count(round(value))


def probability(value: float | None) -> str:
    """A probability, never rounded to certainty.

    >>> probability(0.5), probability(0.9999), probability(0.0001), probability(None)
    ('0.50', '> 0.99', '< 0.01', 'not known')
    """
    if value is None:
        return "not known"
    return "> 0.99" if value > 0.99 else "< 0.01" if value < 0.01 else f"{value:.2f}"


def operations(flops: float | None) -> str:
    """Floating-point operations.

    >>> operations(3.21e15), operations(None)
    ('3.2 PFLOP', 'not known')
    """
    if flops is None:
        return "not known"
    return f"{flops / 1e15:.1f} PFLOP" if flops >= 1e14 else f"{flops / 1e12:.1f} TFLOP"


def energy(joules: float | None) -> str:
    """Energy in watt hours.

    >>> energy(5400.0), energy(90.0), energy(None)
    ('1.50 Wh', '0.03 Wh', 'not known')
    """
    return "not known" if joules is None else f"{joules / 3600:.2f} Wh"


def p_value(p: float | None) -> str:
    """A p value, short.

    >>> p_value(0.0321), p_value(1e-9), p_value(None)
    ('0.032', '< 0.001', 'not known')
    """
    if p is None:
        return "not known"
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def listed(names: list[str]) -> str:
    """Names in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def gain(difference: Difference, other: str) -> str:
    """A difference with its uncertainty, for a sentence."""
    distance = f"{abs(100 * difference.value):.1f}"
    side = "above" if difference.value >= 0 else "below"
    ends = f"{points(difference.low)} to {points(difference.high)}"
    return f"{distance} points {side} {other} (95\u00a0% interval {ends})"


def verdict(comparison: Comparison, best: Best) -> str:
    """The answer with its uncertainty: which sequence is best, or that none is shown to be."""
    if not best.pairs:
        return "There is only one sequence, so nothing is compared."
    score = f"{percent(comparison.mean_score(best.highest, best.task).score)}\u00a0%"
    by_name = {pair.other: pair for pair in best.pairs}
    if best.sequence is not None:
        rival = best.pairs[0].other if best.sequence == comparison.baseline else comparison.baseline
        what = gain(by_name[rival].difference, rival)
        return f"{best.sequence} is the best sequence: {score} on average, {what}."
    doubt = _doubt(comparison, best)
    return f"No sequence is shown to be the best. {best.highest} has the highest mean, {score}; {doubt}."


def _doubt(comparison: Comparison, best: Best) -> str:
    """Why the highest sequence is not named the best."""
    open_pairs = [pair for pair in best.pairs if not pair.difference.conclusive]
    if open_pairs:
        return f"{open_pairs[0].difference.note}"
    unshown = [pair for pair in best.pairs if not is_shown(pair.difference)]
    baseline = next((pair for pair in best.pairs if pair.other == comparison.baseline), None)
    doubt = f"no difference is shown between it and {listed([pair.other for pair in unshown])}"
    if baseline is None:
        nearest = unshown[0]
        return f"{doubt}: it is {gain(nearest.difference, nearest.other)}"
    joined = "and" if baseline in unshown else "but"
    return f"it is {gain(baseline.difference, baseline.other)}, {joined} {doubt}"


def protocol_name(profile: str | None) -> str:
    """The protocol that gave what a study left out, for people.

    >>> protocol_name("xtreme-r-2021"), protocol_name(None)
    ('xtreme-r-2021', 'task defaults')
    """
    return profile or "task defaults"


def broken(name: str, longest: int = 11) -> str:
    """A name for a narrow column: a long one is broken after ``+`` and ``-``, so that no word is cut.

    >>> broken("continued+intermediate").split("\\n"), broken("base")
    (['continued+', 'intermediate'], 'base')
    """
    return name if len(name) <= longest else re.sub(r"(?<=[+-])(?=.)", "\n", name)


def counted(n: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "departure"), counted(0, "departure")
    ('1 departure', '0 departures')
    """
    return f"{n:,} {what}" + ("" if n == 1 else "s")
