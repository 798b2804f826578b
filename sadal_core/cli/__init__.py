"""The command line: one module per command, each with `add_arguments` and `run`."""

import argparse
import os
import sys

# MediaPipe and its parts report every start on standard error; only errors are for the user.
os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from sadal_core import __version__  # noqa: E402
from sadal_core.cli import (  # noqa: E402
    ablate,
    benchmark,
    calibrate,
    embed,
    estimate,
    evaluate,
    export,
    gallery,
    lab,
    onnx,
    prepare,
    train,
)
from sadal_core.errors import ConfigError, SadalError  # noqa: E402
from sadal_core.files import check_file, check_folder  # noqa: E402
from sadal_core.training.distributed import size  # noqa: E402
from sadal_core.training.group import together  # noqa: E402

_COMMANDS = {
    "prepare": prepare,
    "train": train,
    "evaluate": evaluate,
    "calibrate": calibrate,
    "ablate": ablate,
    "benchmark": benchmark,
    "gallery": gallery,
    "export": export,
    "lab": lab,
    "onnx": onnx,
    "estimate": estimate,
    "embed": embed,
}
_INTO_A_FILE = ("evaluate", "ablate")  # --out of the others names a folder


def main(arguments: list[str], *, prog: str = "python -m sadal_core") -> int:
    """Run one command; its exit status. Errors are one sentence on standard error, status 2."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("--version", action="version", version=f"sadal {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in _COMMANDS.items():
        summary = (module.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(name, help=summary, description=summary)
        module.add_arguments(command)
    options = parser.parse_args(arguments)
    try:
        with together():
            _check_alone(options)
            _check_out(options)
            return _COMMANDS[options.command].run(options)
    except SadalError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def _check_alone(options: argparse.Namespace) -> None:
    """Refuse `torchrun` for commands of which every process would do the whole."""
    if size() > 1 and options.command != "train":
        raise ConfigError(
            f"Of several processes only train makes use. Give {options.command} without torchrun."
        )


def _check_out(options: argparse.Namespace) -> None:
    """Refuse at once what could not be written after hours of work."""
    if getattr(options, "out", None) is not None:
        file = options.command in _INTO_A_FILE or (
            options.command == "estimate" and estimate.is_table(options.out)
        )
        check = check_file if file else check_folder
        check(options.out)
