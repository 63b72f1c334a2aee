"""Asks advisory databases about the versions that Waystage is tested with.

    python checks/audit.py constraints.txt

Ends with status 1 when a version is known to be vulnerable. Where no database answers, that is said in one line, and
the status is 0. (pip-audit alone says "No known vulnerabilities found" when the database knew none of the packages.)
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

SERVICES = {"pypi": "PyPI", "osv": "OSV"}
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What a database says.

    Attributes:
        n_known: versions that it knows, vulnerable or not.
        unknown: names of those that it does not know.
        found: one line a vulnerability.
        failure: why it did not answer, where it did not.
    """

    n_known: int = 0
    unknown: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    failure: str = ""


def read_answer(report: str) -> Answer:
    """The answer in what ``pip-audit --format json`` prints."""
    packages = json.loads(report)["dependencies"]
    unknown = tuple(package["name"] for package in packages if "skip_reason" in package)
    found = tuple(
        f"{package['name']} {package['version']}: {' '.join([fault['id'], *fault.get('aliases', ())])}; "
        f"mended in {', '.join(fault.get('fix_versions', ())) or 'no version yet'}"
        for package in packages
        for fault in package.get("vulns", ())
    )
    failure = "" if len(unknown) < len(packages) else f"it knows none of {len(packages)} versions"
    return Answer(len(packages) - len(unknown), unknown, found, failure)


def ask(service: str, requirements: str) -> Answer:
    """Ask a database about every version in a file of pinned requirements."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service, "--format", "json"]
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--requirement", requirements]
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Answer(failure=f"no answer for {_SECONDS} s")
    try:
        return read_answer(done.stdout)
    except ValueError:
        lines = done.stderr.strip().splitlines() or [f"pip-audit ended with status {done.returncode}"]
        return Answer(failure=lines[-1][:160])


def verdict(answers: Mapping[str, Answer]) -> tuple[int, list[str]]:
    """Exit status, and what to say."""
    found = sorted({line for answer in answers.values() for line in answer.found})
    if found:
        return 1, [f"vulnerable: {line}" for line in found]
    known = {name: answer for name, answer in answers.items() if not answer.failure}
    if not known:
        reasons = "; ".join(f"{SERVICES[name]}: {answer.failure}" for name, answer in answers.items())
        return 0, [f"audit: NOT DONE, no advisory database can be asked here ({reasons})"]
    lines = [
        f"audit: {SERVICES[name]} knows of no vulnerability in {answer.n_known} versions"
        + (f"; it does not know {', '.join(answer.unknown)}" if answer.unknown else "")
        for name, answer in known.items()
    ]
    return 0, lines


def main() -> None:
    """Ask one database after the other until one knows the packages."""
    if len(sys.argv) != 2:
        sys.exit("usage: python checks/audit.py REQUIREMENTS")
    answers: dict[str, Answer] = {}
    for service in SERVICES:
        answers[service] = ask(service, sys.argv[1])
        if not answers[service].failure:
            break
    status, lines = verdict(answers)
    print("\n".join(lines))
    sys.exit(status)


if __name__ == "__main__":
    main()
