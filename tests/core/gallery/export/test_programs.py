"""Exported files in the programs they are for."""

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sadal_core.gallery import export
from sadal_core.gallery.stored import Gallery
from tests.exported import nearest
from tests.planted_gallery import TILE


@contextmanager
def served(arguments: list[str], home: Path) -> Iterator[Callable[..., Any]]:
    """embedding-atlas as a program of its own; what it answers at a path, posted JSON or not."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shell = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home), "PYTHONUTF8": "1"}
    line = [sys.executable, "-m", "embedding_atlas.cli", *arguments, "--host", "127.0.0.1"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str, question: Any = None) -> Any:
        body = None if question is None else json.dumps(question).encode()
        with opener.open(f"http://127.0.0.1:{port}/{path}", body, timeout=30) as answer:
            return answer.read()

    with (home / "log.txt").open("w+b") as log:
        program = subprocess.Popen(
            [*line, "--port", port, "--no-auto-port"], env=shell, stdout=log, stderr=log
        )
        try:
            _wait(program, ask, home / "log.txt")
            yield ask
        finally:
            program.terminate()
            program.wait(30)


def _wait(program: subprocess.Popen[bytes], ask: Callable[..., Any], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and program.poll() is None:
        try:
            ask("data/metadata.json")
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"embedding-atlas does not answer: {log.read_text('utf-8', 'replace')}")


@pytest.mark.slow
def test_embedding_atlas_serves_our_rows_and_neighbours(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "gallery.parquet"
    export.write_parquet(gallery, path)
    options = ["--x", "projection_x", "--y", "projection_y", "--neighbors", "neighbors"]
    with served([str(path), *options], tmp_path) as ask:
        roles = json.loads(ask("data/metadata.json"))["props"]["data"]

        def query(sql: str) -> list[dict[str, Any]]:
            return json.loads(ask("data/query", {"type": "json", "sql": sql}))

        types = {one["column_name"]: one["column_type"] for one in query("DESCRIBE dataset")}
        rows = query(f"SELECT * FROM dataset ORDER BY {roles['id']}")
        downloaded = pd.read_parquet(io.BytesIO(ask("data/dataset.parquet")))
    assert roles["projection"] == {"x": "projection_x", "y": "projection_y"}
    assert roles["neighbors"] == "neighbors"
    expected = export.table(gallery)
    assert {*expected} < {*types}
    assert types["neighbors"] == "STRUCT(ids INTEGER[], distances FLOAT[])"
    assert (types["anchor_age"], types["metric_active"]) == ("BIGINT", "BOOLEAN")
    assert [row[roles["id"]] for row in rows] == list(range(104))
    assert [row["id"] for row in rows] == expected["id"].tolist() == downloaded["id"].tolist()
    assert [row["projection_x"] for row in rows] == pytest.approx(expected["projection_x"])
    assert [row["q"] for row in rows[:40]] == [None] * 40
    assert [row["q"] for row in rows[40:]] == pytest.approx(expected["q"][40:])
    for row, one in enumerate(rows):
        near = nearest(gallery, row)[:15]
        assert one["neighbors"]["ids"] == [face for _, face in near]
        assert one["neighbors"]["distances"] == pytest.approx([d for d, _ in near], rel=1e-4)


@pytest.mark.filterwarnings("ignore")  # of TensorBoard's own parts
def test_the_projector_serves_our_embeddings_names_and_pictures(
    gallery: Gallery, projector: Path
) -> None:
    from tensorboard.backend import application
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
    from werkzeug.test import Client

    runs = MultiplexerDataProvider(EventMultiplexer(), str(projector))
    plugin = ProjectorPlugin(TBContext(logdir=str(projector), data_provider=runs))
    client = Client(application.TensorBoardWSGI([plugin], data_provider=runs))

    def served(path: str) -> bytes:
        answer = client.get(f"/data/plugin/projector/{path}")
        assert answer.status_code == 200, answer.text
        return answer.data

    assert json.loads(served("runs")) == ["."]
    (shown,) = json.loads(served("info?run=."))["embeddings"]
    assert shown["tensorShape"] == [104, 8]
    assert shown["sprite"]["singleImageDim"] == [TILE, TILE]
    of_it = f"?run=.&name={shown['tensorName']}"
    tensor = np.frombuffer(served(f"tensor{of_it}"), np.float32).reshape(104, 8)
    np.testing.assert_array_equal(tensor[:40], gallery.embeddings)
    np.testing.assert_array_equal(tensor[40:], gallery.negative_embeddings)
    header, *rows = served(f"metadata{of_it}").decode().removesuffix("\n").split("\n")
    assert re.match(r"id\tkind\tage\t", header)
    assert [row.split("\t")[0] for row in rows] == export.table(gallery)["id"].tolist()
    distance = header.split("\t").index("distance_after")
    assert [float(row.split("\t")[distance]) for row in rows[40:]] == pytest.approx(
        gallery.negatives["distance_after"].tolist()
    )
    assert served(f"sprite_image{of_it}") == (projector / "sprite.png").read_bytes()
