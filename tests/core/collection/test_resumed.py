from collections.abc import Callable
from pathlib import Path

import pytest

from sadal_core.batch import PicturePool
from sadal_core.collection.folder import DAMAGED, DIGESTS, MANIFEST
from sadal_core.weights import save_model
from tests.faults.damage import changed_in_the_middle, cut_short
from tests.pictures import encoded

Run = Callable[..., int]
Said = pytest.CaptureFixture[str]
SHARD = ("--shard-size", "5")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def out(run: Run, pictures: Path, tmp_path: Path) -> Path:
    """A finished collection of three shards."""
    assert run("embed", pictures, "--out", tmp_path / "out", *SHARD) == 0
    return tmp_path / "out"


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Labels of the pictures that are estimated from now on."""
    labels: list[str] = []
    estimate = PicturePool._estimate

    def noting(self: PicturePool, picture: object) -> object:
        labels.append(picture.label)  # pyright: ignore[reportAttributeAccessIssue]
        return estimate(self, picture)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(PicturePool, "_estimate", noting)
    return labels


def test_finished_shards_are_not_made_again(
    run: Run, pictures: Path, out: Path, estimated: list[str], capsys: Said
) -> None:
    before = contents(out)
    assert run("embed", pictures, "--out", out, *SHARD) == 0
    assert estimated == []
    assert contents(out) == before
    assert "shards 3, already there 3." in capsys.readouterr().err


def test_only_the_missing_shard_is_made(
    run: Run, pictures: Path, out: Path, estimated: list[str]
) -> None:
    before = contents(out)
    (out / "shards" / "000001.parquet").unlink()
    assert run("embed", pictures, "--out", out, *SHARD) == 0
    assert len(estimated) == 5
    assert contents(out) == before


def cut(path: Path) -> None:
    cut_short(path, path)


def change(path: Path) -> None:
    changed_in_the_middle(path, path)


def digest_of(shard: Path) -> Path:
    return shard.parents[1] / DIGESTS / f"{shard.stem}.json"


def remove_digest(path: Path) -> None:
    digest_of(path).unlink()


def change_digest(path: Path) -> None:
    beside = digest_of(path)
    beside.write_text(beside.read_text("utf-8").replace('"faces": 5', '"faces": 4'), "utf-8")


@pytest.mark.parametrize("damage", [cut, change, remove_digest, change_digest])
def test_a_damaged_shard_is_set_aside_and_made_again(
    run: Run, pictures: Path, out: Path, estimated: list[str], capsys: Said,
    damage: Callable[[Path], None],
) -> None:  # fmt: skip
    before = contents(out)
    shard = out / "shards" / "000000.parquet"
    damage(shard)
    spoiled = shard.read_bytes()
    capsys.readouterr()
    assert run("embed", pictures, "--out", out, *SHARD) == 0
    assert len(estimated) == 5
    said = capsys.readouterr().err
    aside = out / DAMAGED / shard.name
    sentence = f"{shard} is damaged. It is set aside as {aside} and made again."
    assert said.count(sentence) == 1
    after = contents(out)
    assert after.pop(f"{DAMAGED}/{shard.name}") == spoiled
    assert after == before


def refused(capsys: Said) -> str:
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said


def test_a_resume_with_another_model_is_refused(
    run: Run, pictures: Path, out: Path, model: Path, tiny: object, capsys: Said
) -> None:
    from sadal_core.model import AgeModel

    other = AgeModel("tiny").eval()
    before = contents(out)
    save_model(other, model, {"backbone": "tiny", "metrics": {}, "bands": []})
    capsys.readouterr()
    assert run("embed", pictures, "--out", out, *SHARD) == 2
    assert f"{out} was begun with another model. Give another folder" in refused(capsys)
    assert contents(out) == before


def test_a_resume_for_other_pictures_is_refused(
    run: Run, pictures: Path, out: Path, capsys: Said, astronaut: object
) -> None:
    before = contents(out)
    (pictures / "03b.png").write_bytes(encoded(astronaut))  # pyright: ignore[reportArgumentType]
    capsys.readouterr()
    assert run("embed", pictures, "--out", out, *SHARD) == 2
    assert f"{out} was begun for other pictures. Give another folder" in refused(capsys)
    assert contents(out) == before


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("estimate", SHARD, "by another command"),
        ("embed", ("--vectors", "features", *SHARD), "with other columns"),
        ("embed", ("--bits", "16", *SHARD), "with other columns"),
        ("embed", ("--shard-size", "6"), "with another --shard-size"),
    ],
)
def test_a_resume_with_other_settings_is_refused(
    run: Run, pictures: Path, out: Path, capsys: Said,
    command: str, options: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    before = contents(out)
    capsys.readouterr()
    assert run(command, pictures, "--out", out, *options) == 2
    assert f"{out} was begun {said}." in refused(capsys)
    assert contents(out) == before


@pytest.mark.parametrize("new", ["folder.FORMAT", "run.__version__"])
def test_a_resume_by_another_version_is_refused(
    run: Run, pictures: Path, out: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, new: str
) -> None:
    capsys.readouterr()
    monkeypatch.setattr(f"sadal_core.collection.{new}", "2")
    assert run("embed", pictures, "--out", out, *SHARD) == 2
    assert "was begun by another version of sadal." in refused(capsys)


def test_a_manifest_that_was_changed_or_lost_is_refused(
    run: Run, pictures: Path, out: Path, capsys: Said
) -> None:
    manifest = out / MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace('"complete": true', '"complete": 1'))
    capsys.readouterr()
    assert run("embed", pictures, "--out", out, *SHARD) == 2
    assert f"{manifest} is damaged. Give another folder." in refused(capsys)
    manifest.unlink()
    assert run("embed", pictures, "--out", out, *SHARD) == 2
    assert f"{out} holds shards, but no {MANIFEST}" in refused(capsys)
    assert len(list((out / "shards").glob("*.parquet"))) == 3
