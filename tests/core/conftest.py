"""One thread for torch: the nets are small, and threads that wait for each other on a busy
machine make a test of milliseconds take seconds."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    import torch

    torch.set_num_threads(1)
