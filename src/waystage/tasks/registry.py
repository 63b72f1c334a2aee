"""The tasks that Waystage knows by name."""

from __future__ import annotations

from waystage.tasks.django_retrieval import TASK as DJANGO_RETRIEVAL
from waystage.tasks.home_intents import TASK as HOME_INTENTS
from waystage.tasks.home_slots import TASK as HOME_SLOTS
from waystage.tasks.panx import TASK as PANX
from waystage.tasks.snli import TASK as SNLI
from waystage.tasks.task import Task
from waystage.tasks.tatoeba import TASK as TATOEBA
from waystage.tasks.udpos import TASK as UDPOS
from waystage.tasks.vader_sentiment import TASK as VADER_SENTIMENT
from waystage.tasks.xnli import TASK as XNLI

_DEMO = (HOME_INTENTS, HOME_SLOTS, DJANGO_RETRIEVAL, VADER_SENTIMENT)
_PUBLISHED = (XNLI, SNLI, UDPOS, PANX, TATOEBA)

TASKS: dict[str, Task] = {task.name: task for task in (*_DEMO, *_PUBLISHED)}
