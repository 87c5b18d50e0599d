"""DLPack both ways: no copies, and no gradient that is lost."""

import numpy as np
import pytest

import autograd as ag
import autograd.layers as L

pytestmark = pytest.mark.standin_exempt("DLPack is about the memory of real arrays")

DTYPES = ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_both_ways(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    x = ag.from_dlpack(array)
    assert isinstance(x, ag.Variable)
    assert x.dtype == dtype
    assert np.shares_memory(x.data, array)
    y = np.from_dlpack(x)
    assert np.shares_memory(y, array)
    np.testing.assert_array_equal(y, array)
    assert x.__dlpack_device__() == (1, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pytorch_both_ways(dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    t = torch.arange(6).reshape(3, 2).T.to(getattr(torch, dtype))
    x = ag.from_dlpack(t)
    t[1, 2] = 0
    assert x.shape == (2, 3)
    np.testing.assert_array_equal(x.data, t.numpy())
    back = torch.from_dlpack(x)
    back[0, 0] = 1
    assert x.data[0, 0] == 1
    assert back.data_ptr() == t.data_ptr()
    assert torch.from_dlpack(ag.Variable(2.0)).item() == 2


def test_gradients_flow_from_what_came_in():
    array = np.array([1.0, 2.0])
    x = ag.from_dlpack(array)
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2, 4])


def test_jax_both_ways():
    jax = pytest.importorskip("jax", reason="JAX is optional")
    given = jax.numpy.arange(4.0)
    x = ag.from_dlpack(given)
    np.testing.assert_array_equal(x.data, given)
    assert x.data.ctypes.data == given.unsafe_buffer_pointer()
    np.testing.assert_array_equal(jax.numpy.from_dlpack(ag.Variable(np.ones(3, np.float32))), np.ones(3))


def test_a_graph_is_refused_and_detached_it_is_not():
    x = ag.Variable(np.ones(2))
    y = x * 2
    parameter = L.Linear(2, 3).W
    for z in (y, parameter):
        with pytest.raises(BufferError, match=r"use x\.detach\(\)"):
            np.from_dlpack(z)
        assert np.shares_memory(np.from_dlpack(z.detach()), z.data)
    with ag.no_grad():
        np.testing.assert_array_equal(np.from_dlpack(y), [2, 2])


def test_an_edit_through_dlpack_is_seen_by_the_graph():
    x = ag.Variable(np.ones(3))
    y = (x * x).sum()
    np.from_dlpack(x.detach())[0] = 5
    with pytest.raises(RuntimeError, match="changed|edited|written"):
        y.backward()


@pytest.mark.parametrize("x", [None, 1.0, [1.0], "text", np.ndarray, object()])
def test_what_has_no_dlpack_is_refused(x):
    with pytest.raises(TypeError, match="from_dlpack takes an array or a tensor with DLPack"):
        ag.from_dlpack(x)


def test_numbers_that_numpy_has_not_are_refused():
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    with pytest.raises(TypeError, match="from_dlpack takes real numbers"):
        ag.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises((TypeError, BufferError, RuntimeError), match="grad"):
        ag.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match="complex"):
        ag.from_dlpack(np.ones(2, complex))


def test_an_array_on_a_gpu_needs_cupy():
    class OnGpu:
        def __dlpack__(self, **options):
            raise AssertionError("never asked")

        def __dlpack_device__(self):
            return 2, 0

    if not ag.gpu_available():
        with pytest.raises(RuntimeError, match="CuPy"):
            ag.from_dlpack(OnGpu())
