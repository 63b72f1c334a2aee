"""What the command line says about where jobs run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from waystage.commands.backends import Where, refuse_stores_of_one_machine
from waystage.commands.status import status
from waystage.errors import StudyError
from waystage.execution.local import InProcess
from waystage.execution.processes import Processes
from waystage.execution.ray_cluster import RayCluster
from waystage.execution.slurm import Slurm
from waystage.store.mirrored import MirroredStore
from waystage.store.remote import Remote
from waystage.store.store import Store


def where(**options: object) -> Where:
    nothing = {"executor": None, "n_workers": None, "n_threads": None, "address": None, "n_gpus": 0}
    slurm = {"slurm_minutes": 240, "slurm_options": (), "slurm_dir": None}
    return Where(**{**nothing, **slurm, **options})  # type: ignore[arg-type]


def test_one_worker_is_this_process_and_more_are_processes() -> None:
    assert where().backend() == InProcess()
    assert where(n_workers=3).backend() == Processes(3)
    assert where(executor="processes").backend() == Processes(1)


def test_clusters_are_named_and_get_what_was_said() -> None:
    assert where(executor="ray", address="h:1", n_gpus=1).backend() == RayCluster(256, "h:1", 1)
    assert where(executor="ray", n_workers=2).backend() == RayCluster(2)
    backend = where(executor="slurm", n_workers=9, slurm_options=("partition=gpu",), slurm_dir=Path("/x")).backend()
    assert backend == Slurm(9, options=("partition=gpu",), job_files_dir=Path("/x"))
    with pytest.raises(StudyError, match="--executor ray"):
        where(address="h:1").backend()


def test_a_stage_is_on_several_machines_only_where_something_starts_processes_there() -> None:
    assert where(executor="ray", address="h:1", n_machines=2).backend() == RayCluster(256, "h:1", n_machines=2)
    assert where(executor="slurm", n_machines=3).backend().n_machines == 3
    for executor, workers in ((None, None), (None, 3), ("in-process", None), ("processes", None), ("ray", None)):
        with pytest.raises(StudyError, match="--executor slurm"):
            where(executor=executor, n_workers=workers, n_machines=2).backend()


def test_several_machines_need_a_store_that_all_of_them_see(tmp_path: Path) -> None:
    network = MirroredStore(Remote("s3://bucket/prefix"), tmp_path)
    with pytest.raises(StudyError, match="not s3://bucket/prefix"):
        refuse_stores_of_one_machine(network, 2)
    refuse_stores_of_one_machine(network, 1)
    refuse_stores_of_one_machine(Store(tmp_path), 2)


def test_workers_share_the_cores_of_this_machine_but_not_those_of_a_cluster() -> None:
    assert where().threads(8) == 8
    assert where(n_workers=3).threads(8) == 2
    assert where(n_workers=16).threads(8) == 1
    assert where(executor="slurm").threads(96) == 4
    assert where(executor="ray", n_workers=2).threads(8) == 4
    assert where(n_threads=5, n_workers=2).threads(8) == 5


def test_status_of_a_store_without_runs_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(status, ["--store", str(tmp_path)])
    assert isinstance(result.exception, StudyError)
    assert "no runs of" in str(result.exception)
