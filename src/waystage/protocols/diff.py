"""What two profiles say differently, field by field."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.protocols.profile import Profile, TaskProfile


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a task; None where a profile does not have the task, or does not set the field."""

    task: str
    field: str
    first: str | None
    second: str | None


def differences(first: Profile, second: Profile) -> tuple[Difference, ...]:
    """Every difference, by task in the order of ``first`` and then of ``second``; empty for equal settings.

    A task that only one of them has is one difference, of the field ``task``. History is not compared.
    """
    found: list[Difference] = []
    for task in dict.fromkeys((*first.tasks, *second.tasks)):
        one, other = first.tasks.get(task), second.tasks.get(task)
        if one is None or other is None:
            found.append(Difference(task, "task", _presence(one), _presence(other)))
            continue
        found += _languages(task, one, other)
        ours, theirs = one.facts(), other.facts()
        found += [
            Difference(task, field, ours.get(field), theirs.get(field))
            for field in dict.fromkeys((*ours, *theirs))
            if field != "languages" and ours.get(field) != theirs.get(field)
        ]
    return tuple(found)


def _languages(task: str, one: TaskProfile, other: TaskProfile) -> list[Difference]:
    ours = [language for language in one.languages if language not in other.languages]
    theirs = [language for language in other.languages if language not in one.languages]
    if not ours and not theirs:
        return []
    return [Difference(task, "languages only here", " ".join(ours) or None, " ".join(theirs) or None)]


def _presence(entry: object | None) -> str | None:
    return None if entry is None else "part of it"
