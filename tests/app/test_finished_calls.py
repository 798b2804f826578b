"""A program's call leaves nothing behind in the page."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.state_holder import StateHolder

from app.lean import LeanSession
from app.leaving import forget_call
from app.private import _ENVIRONMENT, private_folder
from app.serve import free_port, launch
from app.tabs.estimate.photo import EXAMPLE
from tests.fakes import estimate_of, services_for


@pytest.fixture(scope="module")
def page() -> Iterator[tuple[gr.Blocks, httpx.Client]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_TEMP_DIR", *_ENVIRONMENT):
            patch.setenv(name, "")  # so that what `private_folder` sets is undone
        with private_folder() as uploads:
            services = services_for([estimate_of(33)], uploads=uploads)
            demo, url = launch(services, "127.0.0.1", free_port("127.0.0.1", 7690))
            with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                yield demo, client
            demo.close(verbose=False)


def called(client: httpx.Client, **session: str) -> str:
    sent = client.post("/gradio_api/upload", files={"files": ("a.jpg", EXAMPLE.read_bytes())})
    value = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    begun = client.post("/gradio_api/call/estimate", json={"data": [value], **session})
    return client.get(f"/gradio_api/call/estimate/{begun.json()['event_id']}").text


def kept(demo: gr.Blocks) -> dict[str, int]:
    queue, holder = demo._queue, demo.app.state_holder
    return {
        "sessions": len(holder.session_data), "used": len(holder.time_last_used),
        "ids": len(queue.pending_event_ids_session), "events": len(queue.event_ids_to_events),
        "messages": len(queue.pending_messages_per_session),
    }  # fmt: skip


def test_after_its_answer_nothing_of_a_call_is_kept(
    page: tuple[gr.Blocks, httpx.Client],
) -> None:
    demo, client = page
    for _ in range(3):
        assert "event: complete" in called(client)
    end = time.monotonic() + 10
    while any(kept(demo).values()) and time.monotonic() < end:
        time.sleep(0.02)
    assert set(kept(demo).values()) == {0}
    assert len(demo._queue.event_analytics) <= 1


def test_a_session_that_a_program_has_named_stays(page: tuple[gr.Blocks, httpx.Client]) -> None:
    demo, client = page
    assert "event: complete" in called(client, session_hash="mine")
    session: Any = demo.app.state_holder.session_data["mine"]
    assert isinstance(session, LeanSession)
    assert session.config_values == {}
    forget_call(demo, "mine")
    assert kept(demo)["sessions"] == 0


def test_a_lean_session_still_remembers() -> None:
    with gr.Blocks() as demo:
        state, box = gr.State(3), gr.Textbox("a")
    holder = StateHolder()
    holder.set_blocks(demo)
    session = LeanSession(demo)
    assert session[state._id] == 3
    session[state._id] = 4
    session[box._id] = gr.Textbox("b")
    assert session[state._id] == 4
    assert session[box._id].value == "b"
    assert LeanSession(demo)[box._id].value == "a"
    assert [value for _, value, _ in session.state_components] == [4]


def test_paths_of_files_that_are_gone_are_pruned(tmp_path: Path) -> None:
    from app.uploads import prune

    here = tmp_path / "here.jpg"
    here.touch()
    known = {str(here), str(tmp_path / "gone.jpg")}
    prune(known)
    assert known == {str(here)}
