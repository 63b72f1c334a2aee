"""``ro-crate-metadata.json``: the record as an RO-Crate 1.2, with the Process Run, Workflow and Workflow Run profiles.

The study file is the workflow, Waystage is what runs it, and a run is an action: encoder and data go in, scores and the
comparison come out. Files that change with later events stand in it without their digests: see ``record.json``.

Sources: RO-Crate 1.2 (https://w3id.org/ro/crate/1.2), Workflow RO-Crate 1.0 (https://w3id.org/workflowhub/workflow-ro-crate/1.0),
Workflow Run RO-Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5), Leo et al. 2024 (https://doi.org/10.1371/journal.pone.0309210).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from waystage.record.folder.reader import pretty_json
from waystage.record.form import names
from waystage.record.form.environment import Environment
from waystage.record.form.provenance import StudyFile
from waystage.report.record import RunRecord
from waystage.store.canonical import digest_bytes

Entity: TypeAlias = dict[str, Any]

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_SPECIFICATION = "https://w3id.org/ro/crate/1.2"
_WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_PARAMETER_PROFILE = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_LANGUAGE = "https://yaml.org/spec/1.2.2/"
_LICENCE, _SOFTWARE, _RUN, _ENCODER = "#licence", "#waystage", "#run", "#encoder"

# What a reader should know of each file; the order is that of the root's parts.
_WORDS: dict[str, str] = {
    names.STUDY_YAML: "The study file: what was compared, and how",
    names.INDEX: "Index of the record: every file with its SHA-256, and the state of the record",
    names.CLAIMS: "Claims, without their results",
    names.STUDY: "The study with every name resolved",
    names.PLAN: "Every unit of work, addressed by what decides its result",
    names.LINEAGE: "From every score back to predictions, checkpoints, data and encoder, by digest",
    names.ENVIRONMENT: "Versions, hardware and the state of the code",
    names.COSTS: "What sequences and units of work cost",
    names.CONTEXT: "What the comparison was broken down by",
    names.COMPARISON: "Differences with intervals and tests",
    names.SCORES: "Every score",
    names.SCORES_CSV: "Every score, as a table",
    names.DEPARTURES: "Departures from published protocols",
    names.RUN: "What the report is made from",
    names.VERDICTS: "What gates said of the claims",
    names.CORRECTIONS: "Events since the record was built, each with the digest of the one before",
    names.REPORT: "The report, for people",
}
_FOLDERS = {
    "evidence": "What was answered for each example, as far as licences allow, and statistics to score it by",
    "schemas": "JSON Schemas of the files of this record",
}
_CHANGING = frozenset({names.INDEX, names.CLAIMS, names.VERDICTS, names.CORRECTIONS, names.REPORT})
_FORMATS = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".yaml": "application/yaml",
    ".html": "text/html",
    ".gz": "application/gzip",
}


def crate_metadata(run: RunRecord, study: StudyFile, environment: Environment, files: Mapping[str, bytes]) -> bytes:
    """The metadata of a record with these files."""
    graph = [
        _descriptor(),
        _root(run, study, files),
        *_profiles(),
        _workflow(study, files[names.STUDY_YAML]),
        *_parameters(study),
        *_software(environment),
        *_inputs(run, study),
        _action(run, environment),
        *_file_entities(files),
        *_folders(files),
    ]
    return pretty_json({"@context": f"{_SPECIFICATION}/context", "@graph": graph})


def _ref(identifier: str) -> Entity:
    return {"@id": identifier}


def _refs(identifiers: Iterator[str] | list[str]) -> list[Entity]:
    return [_ref(identifier) for identifier in identifiers]


def _descriptor() -> Entity:
    return {
        "@id": names.CRATE,
        "@type": "CreativeWork",
        "conformsTo": _ref(_SPECIFICATION),
        "about": _ref("./"),
    }


def _root(run: RunRecord, study: StudyFile, files: Mapping[str, bytes]) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Record of the Waystage study {study.name}",
        "description": study.description or run.question,
        "datePublished": run.created_at,
        "license": _ref(_LICENCE),
        "conformsTo": _refs(list(PROFILES)),
        "hasPart": _refs([*_WORDS, *_folder_names(files)]),
        "mainEntity": _ref(names.STUDY_YAML),
        "mentions": _ref(_RUN),
    }


def _profiles() -> Iterator[Entity]:
    for identifier, (name, version) in PROFILES.items():
        yield {"@id": identifier, "@type": ["CreativeWork", "Profile"], "name": name, "version": version}
    yield {"@id": _WORKFLOW_PROFILE, "@type": ["CreativeWork", "Profile"], "name": "ComputationalWorkflow"}
    yield {
        "@id": _LICENCE,
        "@type": "CreativeWork",
        "name": "Licences of the parts",
        "description": "Annotations of data sets stand under the licences that are named at each data set, and are "
        "there only where these let them be passed on. The rest was made by who ran the study and stands under the "
        "terms that they give.",
    }


def _workflow(study: StudyFile, content: bytes) -> Entity:
    parameters = [one["@id"] for one in _parameters(study)]
    return {
        **_file(names.STUDY_YAML, content),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": study.name,
        "description": _WORDS[names.STUDY_YAML],
        "conformsTo": _ref(_WORKFLOW_PROFILE),
        "programmingLanguage": _ref(_LANGUAGE),
        "hasPart": _ref(_SOFTWARE),
        "input": _refs([one for one in parameters if one.startswith("#input")]),
        "output": _refs([one for one in parameters if one.startswith("#output")]),
    }


def _parameters(study: StudyFile) -> Iterator[Entity]:
    yield _parameter("#input-encoder", "encoder", "Dataset")
    for facts in study.tasks:
        yield _parameter(f"#input-{facts.task}", f"data of {facts.task}", "Dataset")
    yield _parameter("#output-scores", "scores", "File")
    yield _parameter("#output-comparison", "comparison", "File")


def _parameter(identifier: str, name: str, kind: str) -> Entity:
    return {
        "@id": identifier,
        "@type": "FormalParameter",
        "name": name,
        "additionalType": kind,
        "conformsTo": _ref(_PARAMETER_PROFILE),
    }


def _software(environment: Environment) -> Iterator[Entity]:
    yield {
        "@id": _LANGUAGE,
        "@type": "ComputerLanguage",
        "name": "YAML",
        "url": _LANGUAGE,
        "version": "1.2.2",
    }
    packages = [f"{name}=={version}" for name, version in environment.packages.items()]
    commit = "" if environment.git is None else environment.git.commit
    yield {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "url": f"pkg:pypi/waystage@{environment.waystage}",
        "name": "Waystage",
        "description": "Compares training sequences of multilingual encoders",
        "version": f"{environment.waystage}+{commit[:12]}" if commit else environment.waystage,
        "softwareRequirements": [f"Python {environment.python}", *packages],
    }


def _inputs(run: RunRecord, study: StudyFile) -> Iterator[Entity]:
    yield {
        "@id": _ENCODER,
        "@type": "Dataset",
        "name": run.encoder.name,
        "description": f"The pretrained encoder, {run.encoder.licence}; SHA-256 of its weights {run.encoder.digest}",
        "exampleOfWork": _ref("#input-encoder"),
    }
    for facts in study.tasks:
        yield {
            "@id": f"#data-{facts.task}",
            "@type": "Dataset",
            "name": facts.task,
            "description": f"{facts.kind}; {facts.reference}. It is not part of this record.",
            "license": _ref(f"#licence-{facts.task}"),
            "inLanguage": list(facts.languages),
            "exampleOfWork": _ref(f"#input-{facts.task}"),
        }
        yield {
            "@id": f"#licence-{facts.task}",
            "@type": "CreativeWork",
            "name": facts.licence,
            "description": f"Licence of the data of {facts.task}",
        }


def _action(run: RunRecord, environment: Environment) -> Entity:
    hardware = environment.hardware
    return {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": f"Run of {run.study_name}",
        "description": f"{run.command or 'Waystage from Python'}; on {hardware.processor}, {hardware.n_cores} cores",
        "instrument": _ref(names.STUDY_YAML),
        "object": _refs([_ENCODER, *(f"#data-{protocol.task}" for protocol in run.protocol)]),
        "result": _refs([names.SCORES, names.COMPARISON]),
        "endTime": run.created_at,
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _file_entities(files: Mapping[str, bytes]) -> Iterator[Entity]:
    works = {names.SCORES: "#output-scores", names.COMPARISON: "#output-comparison"}
    for name, words in _WORDS.items():
        if name == names.STUDY_YAML:
            continue
        entity = {**_file(name, files.get(name)), "@type": "File", "name": name, "description": words}
        yield entity | ({"exampleOfWork": _ref(works[name])} if name in works else {})
    for name in files:
        if name not in _WORDS:
            folder, _, own = name.rpartition("/")
            yield {**_file(name, files[name]), "@type": "File", "name": own, "description": f"A file of {folder}"}


def _file(name: str, content: bytes | None) -> Entity:
    entity: Entity = {"@id": name, "encodingFormat": _FORMATS[name[name.rindex(".") :]]}
    if content is not None and name not in _CHANGING:
        entity |= {"contentSize": str(len(content)), "sha256": digest_bytes(content)}
    return entity


def _folder_names(files: Mapping[str, bytes]) -> list[str]:
    return sorted({name.rsplit("/", 1)[0] + "/" for name in files if "/" in name})


def _folders(files: Mapping[str, bytes]) -> Iterator[Entity]:
    for folder in _folder_names(files):
        own = [name for name in files if name.rsplit("/", 1)[0] + "/" == folder]
        yield {
            "@id": folder,
            "@type": "Dataset",
            "name": folder.rstrip("/"),
            "description": _FOLDERS[folder.split("/")[0]],
            "hasPart": _refs(own),
        }
