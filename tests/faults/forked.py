"""`python -m sadal_core` in a process of its own, without the seconds that its imports take.

`python -m tests.faults.forked` imports everything once. For every line on its standard input it
forks, and the copy becomes the command: with the same end, files and standard error as one that
was started from a shell. As in `tests.lights`, faces are found at once and networks are tiny;
caches come in shards of as few faces as the request says, checkpoints after a few steps.
"""

import gc
import json
import os
import resource
import runpy
import signal
import sys
import traceback
from contextlib import ExitStack
from functools import partial
from typing import Any, NoReturn

import pytest

import sadal_core.cli  # noqa: F401 (what takes the seconds)
from sadal_core.data import shards
from sadal_core.evaluation.ordering import order_interval
from sadal_core.rankers import KNNRanker
from tests.lights import quick_commands
from tests.planted_metric import fake_umap

CHECKPOINT_STEPS = 4
_LONGEST = 120  # s, so that a command that hangs ends
_NEW = os.O_EXCL | os.O_APPEND  # a temporary file, a line at the end of another


def main() -> None:
    """Answer every request with a line: how the process ended, and what it said."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        stack.enter_context(quick_commands())
        stack.enter_context(fake_umap())
        # The other rankers and many draws take seconds, and write nothing.
        patch.setattr("sadal_core.training.metric.finish.RANKERS", {"knn": KNNRanker})
        few = partial(order_interval, draws=3)
        patch.setattr("sadal_core.evaluation.metric_report.order_interval", few)
        for loop in ("sadal_core.training.loop", "sadal_core.training.metric.loop"):
            patch.setattr(f"{loop}._CHECKPOINT_STEPS", CHECKPOINT_STEPS)
        gc.freeze()  # or every copy would copy all objects as soon as it counts them
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
            sys.stdout.flush()


def _run(request: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        _become(request)
    os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as said:
        text = said.read()
    return {"status": os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), "said": text}


def _become(request: dict[str, Any]) -> NoReturn:
    """Turn into the command, which ends this process."""
    signal.alarm(_LONGEST)
    if request["largest"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"], request["largest"]))
    if request["dies_at"] is not None:
        _die_at(request["dies_at"], request["below"])
    shards.SHARD = request["shard"]
    sys.argv = ["sadal_core", *request["arguments"]]
    status = 1
    try:
        runpy.run_module("sadal_core", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # libraries would wait for threads that only the first process has


def _die_at(moment: int, below: list[str]) -> None:
    """Die of SIGKILL as soon as the disk below some folders is to be changed, for the nth time."""
    changes = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        changing = event in ("os.rename", "os.remove") or (event == "open" and arguments[2] & _NEW)
        if changing and str(arguments[0]).startswith(tuple(below)):
            changes += 1
            if changes == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
