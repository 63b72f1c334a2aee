"""The tasks that Waystage knows by name."""

from __future__ import annotations

from collections.abc import Iterator

from waystage.data.plugins import Catalogue
from waystage.tasks import (
    anli,
    anli_plus,
    bucc2018,
    ccg,
    commonsenseqa,
    copa,
    cosmosqa,
    django_retrieval,
    hellaswag,
    home_intents,
    home_slots,
    lareqa,
    mewslix,
    mlqa,
    mnli,
    multichecklist,
    panx,
    pawsx,
    qqp,
    snli,
    socialiqa,
    squad,
    squad_v2,
    tatoeba,
    tydiqa,
    udpos,
    vader_sentiment,
    xcopa,
    xnli,
    xquad,
)
from waystage.tasks.kinds import KINDS
from waystage.tasks.task import Task

TASK_GROUP = "waystage.tasks"
"""The entry points by which a package brings tasks of its own."""

_DEMO = (home_intents.TASK, home_slots.TASK, django_retrieval.TASK, vader_sentiment.TASK)
_TARGETS = (
    xnli.TASK, xcopa.TASK, udpos.TASK, panx.TASK, xquad.TASK, mlqa.TASK, tydiqa.TASK, tatoeba.TASK, pawsx.TASK,
    bucc2018.TASK, lareqa.TASK, mewslix.TASK,
)  # fmt: skip
_INTERMEDIATE = (
    anli_plus.TASK, anli.TASK, mnli.TASK, snli.TASK, qqp.TASK, qqp.GLUE_TASK, squad.TASK, squad_v2.TASK,
    hellaswag.TASK, ccg.TASK, cosmosqa.TASK, commonsenseqa.TASK, socialiqa.TASK, copa.TASK,
)  # fmt: skip
# The published splits that are at hand take the place of those that are not.
_DEPARTURES = (
    anli_plus.DEV_TASK, anli.DEV_TASK, snli.DEV_TASK, panx.DEV_TASK, qqp.DEV_TASK, squad.DEV_TASK,
    squad.DEV_WITHOUT_XQUAD_TASK, squad_v2.DEV_TASK, hellaswag.DEV_TASK, cosmosqa.DEV_TASK, socialiqa.DEV_TASK,
    mlqa.DEV_TASK, tydiqa.TRAIN_FILES_TASK, bucc2018.DEV_TASK, lareqa.SQUAD_DEV_TASK,
)  # fmt: skip

# Those whose data is published as files, or on the hub.
PUBLISHED: tuple[Task, ...] = (*_TARGETS, *_INTERMEDIATE, *_DEPARTURES)
TASKS: dict[str, Task] = {task.name: task for task in (*_DEMO, *PUBLISHED, *multichecklist.TASKS)}


def installed_tasks() -> Catalogue[Task]:
    """The tasks by name, those of other installed packages included, which are loaded when they are asked for."""
    return Catalogue.of(TASK_GROUP, Task, TASKS, faults_of=_faults)


def _faults(task: Task) -> Iterator[str]:
    """What keeps a declaration from working, in words."""
    if task.kind not in KINDS.values():
        yield f"its kind is none of {', '.join(KINDS)}"
        return
    if task.other_metric_names is None and task.metric_name not in task.kind.metric_names:
        yield f"its metric {task.metric_name!r} is none of {', '.join(task.kind.metric_names)}"
    if bool(task.labels) != task.kind.has_labels:
        yield f"a task of {task.kind.name} has {'labels' if task.kind.has_labels else 'no labels'}"
    for what, values in (("languages", task.languages), ("labels", task.labels)):
        if len(set(values)) < len(values):
            yield f"one of its {what} stands twice"
