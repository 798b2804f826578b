"""Find and align every face of a data set once, into a cache that training reads."""

import argparse

from sadal_core.backbones import BACKBONES
from sadal_core.cli.datasets import add_data_arguments, crop_spec, load_crops


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `prepare`."""
    add_data_arguments(parser)
    parser.add_argument("--backbone", choices=list(BACKBONES), default="mobilefacenet")


def run(options: argparse.Namespace) -> int:
    """Fill the cache and say what it holds."""
    for crops in load_crops(options, crop_spec(options.backbone)):
        doubles = len(crops.samples) - len(set(crops.groups.tolist()))
        print(
            f"{crops.dataset}: {len(crops.samples)} faces, {len(crops.missing)} pictures without "
            f"a face, {doubles} duplicates, {int(crops.conflicting.sum())} of them with "
            "conflicting ages (never measured on)"
        )
    return 0
