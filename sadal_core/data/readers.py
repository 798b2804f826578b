"""Readers: from the files of a published data set to `Sample`s. One function per data set.

Each reader takes a `Source` and returns the samples it recognises; files that do not follow
the data set's naming are left out, so an empty result means "not this data set".
"""

import csv
import io
import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final

from sadal_core.ages import OLDEST_LABEL
from sadal_core.data.samples import Sample, Source, pictures
from sadal_core.errors import DataError

Reader = Callable[[Source], list[Sample]]

_UTKFACE = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+(?:\.jpg)?(?:\.chip)?\.jpg", re.IGNORECASE)
_AAF = re.compile(r"(\d{5})A(\d{2,3})\.jpg", re.IGNORECASE)
_FGNET = re.compile(r"(\d{3})A(\d{2})[a-z]?\.jpg", re.IGNORECASE)
_MORPH = re.compile(r"(\d+)_(\d+)([MF])(\d{2})\.jpe?g", re.IGNORECASE)
_AFAD = re.compile(r"(?:.*/)?(\d{2})/(111|112)/[^/]+\.jpe?g", re.IGNORECASE)
_UTK_GROUPS = ("White", "Black", "Asian", "Indian", "other")
_AAF_LAST_FEMALE = 7380


def read_utkface(source: Source) -> list[Sample]:
    """UTKFace (Zhang et al. 2017): `age_gender_race_date.jpg.chip.jpg`, or `.jpg` in the wild.

    The few published files whose names lack a field are left out.
    """
    return [
        Sample(name, int(match[1]), sex=_sex(match[2] == "1"), group=_UTK_GROUPS[int(match[3])])
        for name, match in _matches(source, _UTKFACE)
        if int(match[1]) <= OLDEST_LABEL
    ]


def read_aaf(source: Source) -> list[Sample]:
    """All-Age-Faces (Cheng et al. 2019): `NNNNNAaa.jpg`, numbers up to 07380 are female.

    The published archive holds each face twice; of the two folders the uncut one is read.
    """
    matches = list(_matches(source, _AAF))
    uncut = [pair for pair in matches if "original images" in pair[0].lower()]
    return [
        Sample(name, int(match[2]), sex=_sex(int(match[1]) <= _AAF_LAST_FEMALE))
        for name, match in uncut or matches
    ]


def read_fgnet(source: Source) -> list[Sample]:
    """FG-NET (Lanitis et al. 2002): `SSSAaa[a-z].JPG`, SSS is the subject."""
    return [
        Sample(name, int(match[2]), subject=match[1]) for name, match in _matches(source, _FGNET)
    ]


def read_morph(source: Source) -> list[Sample]:
    """MORPH album 2 (Ricanek and Tesafaye 2006): `subject_numberSaa.JPG`, S is M or F."""
    return [
        Sample(name, int(match[4]), subject=match[1], sex=_sex(match[3].upper() == "F"))
        for name, match in _matches(source, _MORPH)
    ]


def read_afad(source: Source) -> list[Sample]:
    """AFAD (Niu et al. 2016): `age/111|112/file.jpg`, 111 male and 112 female."""
    samples = []
    for name in pictures(source):
        match = _AFAD.fullmatch(name)
        if match:
            samples.append(Sample(name, int(match[1]), sex=_sex(match[2] == "112")))
    return samples


def read_appa_real(source: Source) -> list[Sample]:
    """APPA-REAL (Agustsson et al. 2017): `gt_avg_{train,valid,test}.csv` with the real age."""
    names = set(source.names())
    tables = sorted(
        name for name in names if re.fullmatch(r"gt_avg_\w+\.csv", PurePosixPath(name).name)
    )
    samples = []
    for table in tables:
        root = PurePosixPath(table).parent
        split = PurePosixPath(table).stem.removeprefix("gt_avg_")
        for row in _rows(source, table, ("file_name", "real_age")):
            name = str(root / split / row["file_name"])
            if name in names:
                samples.append(Sample(name, _age(row["real_age"], table)))
    return samples


def read_csv(source: Source) -> list[Sample]:
    """A plain CSV named labels.csv, or the only CSV: columns path, age and, if known, subject.

    Paths are relative to the CSV. Columns sex and group are read where they are present.
    """
    tables = [name for name in source.names() if name.lower().endswith(".csv")]
    labels = [name for name in tables if PurePosixPath(name).name.lower() == "labels.csv"]
    if len(labels or tables) != 1:
        return []
    table = (labels or tables)[0]
    root = PurePosixPath(table).parent
    return [
        Sample(
            str(root / row["path"]),
            _age(row["age"], table),
            *(row.get(key) or "" for key in ("subject", "sex", "group")),
        )
        for row in _rows(source, table, ("path", "age"))
    ]


READERS: Final[dict[str, Reader]] = {
    "utkface": read_utkface,
    "aaf": read_aaf,
    "fgnet": read_fgnet,
    "morph": read_morph,
    "afad": read_afad,
    "appa-real": read_appa_real,
    "csv": read_csv,
}


def read_samples(source: Source, dataset: str | None = None) -> tuple[str, list[Sample]]:
    """Name of the data set in `source` and its samples, sorted by name.

    Without `dataset` the first reader that recognises at least half of the pictures is taken.

    Raises:
        DataError: unknown `dataset`, or no reader recognises the files.
    """
    if dataset is not None and dataset not in READERS:
        raise DataError(f"Unknown data set {dataset!r}. Known: {', '.join(READERS)}.")
    total = sum(1 for _ in pictures(source))
    needed = 1 if dataset else max(1, (total + 1) // 2)
    for name in [dataset] if dataset else READERS:
        samples = READERS[name](source)
        if len(samples) >= needed:
            return name, sorted(samples, key=lambda sample: sample.name)
    if total == 0:
        raise DataError(f"{source.path} holds no pictures.")
    raise DataError(
        f"{source.path} holds {total} pictures but no labels that can be read. Known layouts: "
        f"{', '.join(READERS)}; for your own pictures add a labels.csv with columns path and age."
    )


def _matches(source: Source, pattern: re.Pattern[str]) -> Iterable[tuple[str, re.Match[str]]]:
    for name in pictures(source):
        match = pattern.fullmatch(PurePosixPath(name).name)
        if match:
            yield name, match


def _rows(source: Source, table: str, required: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        text = source.read(table).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{table} in {source.path} is not UTF-8 text. Save it as UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text))
    try:
        header, rows = reader.fieldnames or [], list(reader)
    except csv.Error as error:
        raise DataError(
            f"{table} in {source.path} is not a table that can be read ({error}). "
            "Save it as comma-separated text."
        ) from error
    missing = [column for column in required if column not in header]
    if missing:
        raise DataError(
            f"{table} in {source.path} lacks the column {' and '.join(missing)}. "
            f"It needs {', '.join(required)}."
        )
    if any(not row[required[0]] for row in rows):
        raise DataError(f"{table} in {source.path} has a row without a {required[0]}. Remove it.")
    return rows


def _age(text: str | None, table: str) -> float:
    try:
        age = float(text or "")
    except ValueError:
        age = float("nan")
    if not 0 <= age <= OLDEST_LABEL:
        raise DataError(
            f"{table} holds the age {text!r}. Ages are numbers from 0 to {OLDEST_LABEL}."
        )
    return age


def _sex(female: bool) -> str:
    return "female" if female else "male"
