"""Train a small SADAL turn by turn, as the page's Train view does, with the same numbers."""

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
from tqdm import tqdm

from sadal_core.cli.provenance import provenance
from sadal_core.errors import ConfigError
from sadal_core.files import replacing, write_json
from sadal_core.gallery.stored import BUNDLED_GALLERY, Gallery, load_gallery
from sadal_core.lab.faces import LAB_DATA
from sadal_core.lab.lab import Lab
from sadal_core.lab.presets import PRESETS
from sadal_core.lab.state import LAB_SETTINGS, LabState, read_state
from sadal_core.lab.turns import read_turns

_PRINTED = {
    "MAE": "validation_mae",
    "Spearman": "validation_order_correlation",
    "variance": "probe_total_variance",
}
_SHOWN = 80  # characters of a link that makes no sense
_OF_THE_PAGE = ("view", "lock", "hide", "lesson", "step")  # in its links, and not of the lab


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `lab`."""
    parser.add_argument("--data", choices=LAB_DATA, default="faces")
    parser.add_argument("--preset", choices=PRESETS, default="corrected")
    parser.add_argument(
        "--turns", default="100b", metavar="TURNS",
        help="who learns: a number with b (both), g (generator) or m (metric), as in 100b5g5m "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings",
        help="settings that differ from the preset's (see MetricConfig)",
    )  # fmt: skip
    parser.add_argument(
        "--link", metavar="URL", help="of the page's Train view, in place of the options above"
    )
    parser.add_argument(
        "--gallery", type=Path, default=BUNDLED_GALLERY, metavar="DIR",
        help="whose faces are learned from (default: the bundled one)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where records.csv and lab.json are written"
    )


def run(options: argparse.Namespace) -> int:
    """Train, write what was measured, and print its first and last line."""
    state = _state(options)
    gallery: Gallery | None = load_gallery(options.gallery) if state.data == "faces" else None
    lab = Lab(LAB_DATA[state.data](gallery), state.config)
    for turn in tqdm(read_turns(state.turns), unit="turn"):
        lab.take(turn)
    if options.out is not None:
        _write(lab, state, options)
    _print(lab)
    return 0


def _state(options: argparse.Namespace) -> LabState:
    texts = {"data": options.data, "preset": options.preset, "turns": options.turns}
    if options.link is None:
        for setting in options.settings:
            name, _, text = setting.partition("=")
            texts[name] = text
    else:
        texts = _linked(options.link)
    state, notes = read_state(texts)
    if notes:  # the page goes on without what makes no sense; a command would mislead
        raise ConfigError(notes[0].replace(" was left out", "", 1))
    return state


def _linked(link: str) -> dict[str, str]:
    try:
        texts = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
    except ValueError:  # no address, as http://[
        texts = {}
    if texts.get("view") != "train":  # other views have settings of the same names
        raise ConfigError(
            "The link is not one of the page's Train view, as in ...?view=train&preset=paper; "
            f"got {link[:_SHOWN]!r}."
        )
    return {name: text for name, text in texts.items() if name not in _OF_THE_PAGE}


def _write(lab: Lab, state: LabState, options: argparse.Namespace) -> None:
    texts = state.texts()
    said = argparse.Namespace(
        data=[Path(state.data)],
        settings=[f"{name}={texts[name]}" for name in LAB_SETTINGS if name in texts],
    )
    extra = shlex.join(["--preset", state.preset, "--turns", state.turns])
    about = provenance("lab", said, extra=extra)
    with replacing(options.out / "records.csv") as temporary:
        pd.DataFrame(lab.records).to_csv(temporary, index=False)
        # inside, so that there are both files of a training or neither
        write_json(
            options.out / "lab.json", {**about, "state": texts, "config": asdict(state.config)}
        )


def _print(lab: Lab) -> None:
    for record in dict.fromkeys((0, len(lab.records) - 1)):
        line = lab.records[record]
        figures = (
            f"{name} {'unknown' if line[entry] is None else format(line[entry], '.4f')}"
            for name, entry in _PRINTED.items()
        )
        print(f"turn {line['turn']:5d}", *figures, sep="  ")
    for alarm in lab.records[-1]["alarms"]:
        print(alarm)
