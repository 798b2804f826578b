import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sadal_core.data.readers import READERS, read_samples
from sadal_core.data.samples import Sample, Source, fingerprint, open_source, pictures
from sadal_core.errors import DataError

Build = Callable[[dict[str, str]], Source]

# For each layout: files with their content, and the samples that must come out.
LAYOUTS: dict[str, tuple[dict[str, str], list[Sample]]] = {
    "utkface": (
        {
            "part1/26_0_1_20170116184024662.jpg.chip.jpg": "",
            "part1/101_1_4_20170112213001988.jpg.chip.jpg": "",
            "7_1_0_20170109150557335.jpg": "",
            "61_1_20170109142408075.jpg.chip.jpg": "",  # as published: a field is missing
        },
        [
            Sample("7_1_0_20170109150557335.jpg", 7, sex="female", group="White"),
            Sample(
                "part1/101_1_4_20170112213001988.jpg.chip.jpg", 101, sex="female", group="other"
            ),
            Sample("part1/26_0_1_20170116184024662.jpg.chip.jpg", 26, sex="male", group="Black"),
        ],
    ),
    "aaf": (
        {"07380A02.jpg": "", "07381A80.jpg": "", "notes.txt": ""},
        [Sample("07380A02.jpg", 2, sex="female"), Sample("07381A80.jpg", 80, sex="male")],
    ),
    "fgnet": (
        {"images/001A43a.JPG": "", "images/082A00.JPG": "", "points/001a43a.pts": ""},
        [
            Sample("images/001A43a.JPG", 43, subject="001"),
            Sample("images/082A00.JPG", 0, subject="082"),
        ],
    ),
    "morph": (
        {"009055_1M54.JPG": "", "Album2/329748_02F23.jpg": ""},
        [
            Sample("009055_1M54.JPG", 54, subject="009055", sex="male"),
            Sample("Album2/329748_02F23.jpg", 23, subject="329748", sex="female"),
        ],
    ),
    "afad": (
        {"AFAD-Full/15/111/474596-0.jpg": "", "AFAD-Full/72/112/1-2.jpg": ""},
        [
            Sample("AFAD-Full/15/111/474596-0.jpg", 15, sex="male"),
            Sample("AFAD-Full/72/112/1-2.jpg", 72, sex="female"),
        ],
    ),
    "appa-real": (
        {
            "appa/gt_avg_train.csv": "file_name,num_ratings,apparent_age_avg,apparent_age_std,"
            "real_age\n000000.jpg,36,5.0,1.2,4\nlost.jpg,1,2,3,4\n",
            "appa/gt_avg_test.csv": "file_name,real_age\n000001.jpg,18\n",
            "appa/train/000000.jpg": "",
            "appa/train/000000.jpg_face.jpg": "",
            "appa/test/000001.jpg": "",
        },
        [Sample("appa/test/000001.jpg", 18), Sample("appa/train/000000.jpg", 4)],
    ),
    "csv": (
        {
            "mine/labels.csv": "\ufeffpath,age,subject,sex,group\nb/x.png,30.5,Ann,female,north\n"
            'a.jpg,7,,,\n"with, comma.webp",0,Bob,male,\n',
            "mine/other.csv": "nothing,here\n",
            "mine/b/x.png": "",
            "mine/a.jpg": "",
            "mine/with, comma.webp": "",
        },
        [
            Sample("mine/a.jpg", 7),
            Sample("mine/b/x.png", 30.5, "Ann", "female", "north"),
            Sample("mine/with, comma.webp", 0, "Bob", "male"),
        ],
    ),
}


@pytest.fixture(params=["folder", "zip"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """Makes a source, as a folder or as a zip, from names and contents."""

    def as_folder(files: dict[str, str]) -> Source:
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        return open_source(tmp_path / "data")

    def as_zip(files: dict[str, str]) -> Source:
        with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
            archive.mkdir("empty")
            for name, content in files.items():
                archive.writestr(name, content)
        return open_source(tmp_path / "data.zip")

    return as_folder if request.param == "folder" else as_zip


def test_every_reader_has_a_layout_here() -> None:
    assert set(LAYOUTS) == set(READERS)


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_each_layout_is_recognised_and_read(dataset: str, build: Build) -> None:
    files, expected = LAYOUTS[dataset]
    name, samples = read_samples(build(files))
    assert name == dataset
    assert samples == expected
    assert read_samples(build(files), dataset) == (dataset, expected)


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_no_other_reader_takes_a_layout_for_its_own(dataset: str, build: Build) -> None:
    source = build(LAYOUTS[dataset][0])
    for other in set(READERS) - {dataset, "csv"}:
        with pytest.raises(DataError, match="no labels that can be read"):
            read_samples(source, other)


def test_the_published_aaf_archive_is_read_once_per_face(build: Build) -> None:
    files = {"original images/00001A10.jpg": "", "aglined faces/00001A10.jpg": ""}
    assert read_samples(build(files))[1] == [
        Sample("original images/00001A10.jpg", 10, sex="female")
    ]


def test_a_few_stray_files_do_not_hide_a_layout_but_most_do(build: Build) -> None:
    known = {"001A43a.JPG": "", "001A44.JPG": "", "001A45.JPG": ""}
    assert len(read_samples(build({**known, "cover.jpg": "", "cover2.jpg": ""}))[1]) == 3
    with pytest.raises(DataError, match="no labels that can be read"):
        read_samples(build({**known, **{f"holiday{i}.jpg": "" for i in range(20)}}))


def test_hidden_and_system_files_are_no_pictures(build: Build) -> None:
    names = [".thumbs/a.jpg", "__MACOSX/._b.jpg", "._c.jpg", "d.txt", "E.JPG", "sub/f.webp"]
    assert list(pictures(build(dict.fromkeys(names, "")))) == ["E.JPG", "sub/f.webp"]


BAD_TABLES = {
    "path\nx.jpg\n": "labels.csv in .* lacks the column age. It needs path, age.",
    "name,years\nx.jpg,3\n": "lacks the column path and age",
    "": "lacks the column path and age",
    "path,age\nx.jpg,old\n": "holds the age 'old'. Ages are numbers from 0 to 120",
    "path,age\nx.jpg,\n": "holds the age ''",
    "path,age\nx.jpg\n": "holds the age",
    "path,age\nx.jpg,-3\n": "holds the age '-3'",
    "path,age\nx.jpg,121\n": "holds the age '121'",
    "path,age\nx.jpg,nan\n": "holds the age 'nan'",
    "path,age\nx.jpg,inf\n": "holds the age 'inf'",
    "age,path\n30\n": "row without a path",
    f'path,age\n"{"x" * 200_000}",3\n': "is not a table that can be read",
}


@pytest.mark.parametrize("table", BAD_TABLES)
def test_a_bad_table_is_refused_in_one_sentence_that_names_it(table: str, build: Build) -> None:
    with pytest.raises(DataError, match=BAD_TABLES[table]) as raised:
        read_samples(build({"x.jpg": "", "labels.csv": table}))
    assert "labels.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").touch()
    (tmp_path / "labels.csv").write_bytes("path,age\nÄ.jpg,3\n".encode("latin-1"))
    with pytest.raises(DataError, match="labels.csv in .* is not UTF-8 text. Save it as UTF-8."):
        read_samples(open_source(tmp_path))


def test_nothing_readable_and_nothing_at_all_are_told_apart(build: Build) -> None:
    with pytest.raises(DataError, match="holds 1 pictures but no labels .* add a labels.csv"):
        read_samples(build({"x.jpg": ""}))


def test_a_source_without_pictures_is_said_to_have_none(build: Build) -> None:
    with pytest.raises(DataError, match="data.* holds no pictures"):
        read_samples(build({"readme.txt": "hello"}))


def test_an_unknown_data_set_name_lists_the_known_ones(build: Build) -> None:
    with pytest.raises(DataError, match="Unknown data set 'imdb'. Known: utkface, aaf"):
        read_samples(build({"x.jpg": ""}), "imdb")


def test_a_missing_path_and_a_file_that_is_no_zip_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere does not exist\. Check the path\."):
        open_source(tmp_path / "nowhere")
    (tmp_path / "data.zip").write_text("not a zip")
    with pytest.raises(DataError, match="data.zip is neither a folder nor a zip file"):
        open_source(tmp_path / "data.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_is_named(method: int, tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("001A43a.JPG", bytes(range(256)) * 40)
    damaged = bytearray(path.read_bytes())
    damaged[60:120] = b"\xaa" * 60
    path.write_bytes(damaged)
    with pytest.raises(DataError, match="001A43a.JPG in .*data.zip cannot be read"):
        open_source(path).read("001A43a.JPG")


def test_an_encrypted_member_and_a_missing_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", b"x")
    locked = bytearray(path.read_bytes())
    for signature, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(signature) + flag] |= 1
    path.write_bytes(locked)
    with pytest.raises(DataError, match="a.jpg in .*data.zip cannot be read"):
        open_source(path).read("a.jpg")
    with pytest.raises(DataError, match="b.jpg in .*data.zip cannot be read"):
        open_source(path).read("b.jpg")
    with pytest.raises(DataError, match=r"c\.jpg cannot be read \(No such file"):
        open_source(tmp_path).read("c.jpg")


def test_the_fingerprint_follows_names_and_ages_but_not_their_order() -> None:
    one, two = Sample("a.jpg", 3), Sample("b.jpg", 4)
    assert fingerprint([one, two]) == fingerprint([two, one])
    assert fingerprint([one, two]) != fingerprint([one, Sample("b.jpg", 5)])
    assert fingerprint([one, two]) != fingerprint([one, Sample("c.jpg", 4)])


@pytest.mark.parametrize(
    ("dataset", "count", "ages"),
    # UTKFace holds 18923 pictures, of which four have names that lack a field.
    [("utkface", 18919, (1, 116)), ("aaf", 11357, (2, 80)), ("fgnet", 1002, (0, 69))],
)
def test_the_published_data_sets_are_read_whole(
    dataset: str, count: int, ages: tuple[int, int], published_data: Callable[[str], Path]
) -> None:
    name, samples = read_samples(open_source(published_data(dataset)))
    assert name == dataset
    assert len(samples) == count
    assert (min(s.age for s in samples), max(s.age for s in samples)) == ages
    assert len({s.subject for s in samples}) == (82 if dataset == "fgnet" else 1)
