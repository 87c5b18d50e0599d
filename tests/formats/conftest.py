"""A path for a file of weights."""

import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"
