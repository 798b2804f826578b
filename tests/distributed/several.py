"""Commands in several processes: `torchrun` starts this module, which becomes each of them in turn.

They are quick, as `tests.distributed.runs` has them. The last process can be told to kill itself.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# One thread, so that numbers are the same; no revision, which may change between two commands.
SURROUNDINGS = {
    **os.environ, "OMP_NUM_THREADS": "1", "GIT_DIR": os.devnull, "PYTHONWARNINGS": "ignore",
}  # fmt: skip


_PATIENCE = 300  # s


def torchrun(
    *arguments: str, processes: int = 2, restarts: int = 0
) -> subprocess.CompletedProcess[str]:
    """`torchrun` on this machine, to its end."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    size = ["--nproc-per-node", str(processes), "--max-restarts", str(restarts)]
    return subprocess.run(
        [*start, *size, *arguments],
        cwd=ROOT, env=SURROUNDINGS, capture_output=True, text=True, check=False, timeout=_PATIENCE,
    )  # fmt: skip


def commands(
    commands: Sequence[Sequence[str]], *, dies_at: tuple[str, int] | None = None, restarts: int = 0
) -> subprocess.CompletedProcess[str]:
    """Commands one after the other in two processes.

    Args:
        commands: arguments of `python -m sadal_core`.
        dies_at: in the first attempt the last process kills itself before a call of this, the
            one of this number.
        restarts: how often torchrun starts anew.
    """
    request = json.dumps({"commands": commands, "dies_at": dies_at})
    return torchrun("-m", "tests.distributed.several", request, restarts=restarts)


def _main(request: dict[str, Any]) -> int:
    from sadal_core.cli import main
    from sadal_core.training.distributed import rank, size
    from sadal_core.training.group import together
    from tests.distributed.runs import quickly, stopped_at

    with quickly(), together(), ExitStack() as stack:
        first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
        if first and request["dies_at"] and rank() == size() - 1:
            stack.enter_context(stopped_at(*request["dies_at"], how=_kill))
        return max(map(main, request["commands"]))


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_main(json.loads(sys.argv[1])))
