"""What the comparisons with PyTorch share. A test file that imports this is skipped where there is no PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is what these are compared with: make compare")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """The arrays are so small that PyTorch's threads would mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def close(got, expected):
    """Equal to 1e-10, 1e-3 in float32, of the largest number."""
    expected = expected.detach().numpy()
    tolerance = (1e-3 if expected.dtype == np.float32 else 1e-10) * max(1.0, np.abs(expected).max(initial=0))
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(got if isinstance(got, np.ndarray) else got.data, expected, rtol=0, atol=tolerance)
