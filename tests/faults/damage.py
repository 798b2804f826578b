"""What can happen to a file on a disk, or on its way through a version control system."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

Damage = Callable[[Path, Path], None]  # of a file, with another file of its kind at hand


def missing(path: Path, other: Path) -> None:
    path.unlink()


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def cut_short(path: Path, other: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def changed_in_the_middle(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    place = next(i for i in range(len(content) // 2, len(content)) if content[i] > 0x20)
    content[place] ^= 0x01
    path.write_bytes(content)


def a_pointer_in_its_place(path: Path, other: Path) -> None:
    """What a checkout without the large files leaves."""
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n")


def another_in_its_place(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def a_folder_in_its_place(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: Final[tuple[Damage, ...]] = (
    missing, empty, cut_short, changed_in_the_middle, a_pointer_in_its_place, another_in_its_place,
    a_folder_in_its_place,
)  # fmt: skip


def places_in_arrays(path: Path, every: int = 1) -> list[int]:
    """Of bytes in the headers of an .npz file, in the table at its end, and some between."""
    content = path.read_bytes()
    starts = [place for place in range(len(content)) if content.startswith(b"PK\x03\x04", place)]
    near = [place for start in starts for place in range(start, start + 230)]
    return sorted({*near, *range(0, len(content), 499), *range(len(content) - 250, len(content))})[
        ::every
    ]


def with_changed_bytes(path: Path, places: Iterable[int]) -> Iterator[int]:
    """One byte after another is changed, and the file is whole again at the end."""
    whole = path.read_bytes()
    try:
        for place in places:
            for change in (0x01, 0x06, 0x80):
                content = bytearray(whole)
                content[place] ^= change
                path.write_bytes(content)
                yield place
    finally:
        path.write_bytes(whole)
