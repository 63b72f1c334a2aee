"""Where a run took place: versions, hardware, and the state of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import psutil

import waystage
from waystage.data.corpora import installed_corpora
from waystage.plan.versions import package_versions
from waystage.record.form.environment import GitState
from waystage.study.study import ContinuedStage, IntermediateStage, Study
from waystage.tasks.registry import installed_tasks

_OTHER_PACKAGES = ("safetensors", "sentencepiece", "scipy", "pydantic")


def environment_rows() -> tuple[tuple[str, str], ...]:
    """Names and values for people and machines; never environment variables, which may hold secrets."""
    versions = package_versions() | {name: _version(name) for name in _OTHER_PACKAGES}
    memory = f"{psutil.virtual_memory().total / 2**30:.1f} GiB"
    rows = [
        ("Waystage", waystage.__version__),
        ("Code", code_state()),
        ("Python", platform.python_version()),
        ("System", f"{platform.system()} {platform.release()} ({platform.machine()})"),
        ("Processor", processor()),
        ("Cores", str(os.cpu_count() or "unknown")),
        ("Memory", memory),
    ]
    return tuple(rows + [(name, version) for name, version in versions.items()])


def brought_rows(study: Study) -> tuple[tuple[str, str], ...]:
    """Tasks and corpora of the study that other installed packages bring, with distribution and version."""
    stages = [part for sequence in study.sequences.values() for stage in sequence for part in stage.parts]
    learned = [stage.task for stage in stages if isinstance(stage, IntermediateStage)]
    corpora = [stage.corpus.name for stage in stages if isinstance(stage, ContinuedStage)]
    tasks = [task for target in study.targets for task in (target.task, target.train_task) if task is not None]
    used = (("Task", [task.name for task in (*learned, *tasks)], installed_tasks()),
            ("Corpus", corpora, installed_corpora()))  # fmt: skip
    return tuple(
        (f"{what} {name}", catalogue.origin(name))
        for what, names, catalogue in used
        for name in dict.fromkeys(names)
        if name in catalogue.brought
    )


def code_state() -> str:
    """Commit of the checkout that runs, with ``dirty`` where files differ from it; or how it was installed."""
    state = git_state()
    if state is None:
        return "installed package (no git checkout)"
    return f"git {state.commit[:12]}" + (" (dirty)" if state.is_dirty else "")


def git_state() -> GitState | None:
    """The checkout that runs; None where it is an installed package, or cannot be told."""
    folder = Path(waystage.__file__).resolve().parent
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None or _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return GitState(commit, bool(_git(folder, "status", "--porcelain", "--", ".")))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def processor() -> str:
    """The name of the processor; ``unknown`` where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"
