"""The command line: thin. Every command ends with a documented exit status (docs/exit-statuses.md)."""

from __future__ import annotations

import gc
import sys

import click

from waystage import __version__
from waystage.commands.checklist import checklist
from waystage.commands.compare import compare
from waystage.commands.data import data
from waystage.commands.export import export
from waystage.commands.protocol import protocol
from waystage.commands.record import record
from waystage.commands.record_gates import attack, published, replicate, verify
from waystage.commands.report import report
from waystage.commands.run import plan, run
from waystage.commands.score import score
from waystage.commands.status import status
from waystage.commands.store import store
from waystage.commands.study import init, list_names, schema
from waystage.commands.terminal import ERR
from waystage.errors import Interrupted, WaystageError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="waystage")
def cli() -> None:
    """Which training sequence carries a multilingual encoder best across languages?

    \b
    Exit statuses: 0 done, 1 a defect of Waystage, 2 a mistake in the study or the command,
    3 missing or malformed data, 4 a damaged or unwritable store, 5 a stage failed,
    6 scores that cannot be compared, 7 a record that is refused or not what it says,
    8 a falsified record or claim, 9 an unverified one (with --strict), 130 interrupted (run again to go on).
    """


for _command in (
    run,
    plan,
    status,
    score,
    compare,
    checklist,
    export,
    report,
    record,
    schema,
    init,
    list_names,
    protocol,
    store,
    data,
):
    cli.add_command(_command)
for _command in (verify, replicate, attack, published):
    record.add_command(_command)


def main() -> None:
    """Entry point: run a command, print mistakes without a traceback, and exit with their status."""
    try:
        cli.main(standalone_mode=False)
    except WaystageError as error:
        for line in str(error).splitlines():
            ERR.print(line, markup=False, style="red")
        sys.exit(error.exit_status)
    except Interrupted as error:
        ERR.print(str(error), markup=False)
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        ERR.print("interrupted")
        sys.exit(Interrupted.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    finally:
        # All memory goes with the process; looking for cycles in it first takes a tenth of a short command's time.
        gc.freeze()
