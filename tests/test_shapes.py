"""The arithmetic of shapes agrees with what NumPy does to arrays."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from autograd.shapes import axes_of, broadcast_axes, check_matmul, inverse_permutation, reduced_shape

drawn = settings(deadline=None, derandomize=True, max_examples=100)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, -3, (0,), (0, 2), (-1, 0), (), [1, 2], (2, 1, 0)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reduced_is_the_shape_of_a_sum(axis, keepdims):
    x = np.zeros((2, 3, 4))
    expected = x.sum(axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims).shape
    assert reduced_shape(x.shape, axis, keepdims) == expected


def test_axes_of_counts_from_zero():
    assert axes_of((2, 3, 4), None) == (0, 1, 2)
    assert axes_of((2, 3, 4), -1) == (2,)
    assert axes_of((2, 3, 4), (2, -3)) == (2, 0)
    assert axes_of((), None) == ()
    assert axes_of((), ()) == ()


@pytest.mark.parametrize(
    "shape, axis", [((2, 3), 2), ((2, 3), -3), ((2, 3), (0, 0)), ((2, 3), (0, -2)), ((), 0), ((), -1)]
)
def test_axes_that_do_not_fit(shape, axis):
    with pytest.raises(ValueError, match="does not fit the shape"):
        axes_of(shape, axis)
    with pytest.raises(ValueError, match="each at most once" if shape else "a single number has no axes"):
        reduced_shape(shape, axis, True)


@pytest.mark.parametrize("axis", ["a", 0.0, (0, 1.0), [None], "01", {0}, (0, "1")])
def test_axes_are_whole_numbers(axis):
    with pytest.raises(TypeError, match="axis must be a whole number"):
        axes_of((2, 3), axis)


def test_axes_may_be_numpys_integers():
    assert axes_of((2, 3), np.int64(-1)) == axes_of((2, 3), (np.int32(1),)) == (1,)


@pytest.mark.parametrize("n", range(5))
def test_inverse_undoes_an_order(n):
    x = np.zeros(tuple(range(2, 2 + n)))
    for axes in itertools.permutations(range(n)):
        assert x.transpose(axes).transpose(inverse_permutation(axes)).shape == x.shape
        negative = tuple(a - n for a in axes)
        assert inverse_permutation(negative) == inverse_permutation(axes)


@given(nst.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 1, 4), max_dims=4))
@drawn
def test_repeated_finds_the_axes_of_copies(shapes):
    """A small array broadcast to a large shape has stride 0 exactly there, or the axis has one element."""
    (small,), large = shapes.input_shapes, shapes.result_shape
    axes = broadcast_axes(small, large)
    strides = np.broadcast_to(np.zeros(small), large).strides
    lead = len(large) - len(small)
    for i, n in enumerate(large):
        copied = i < lead or (small[i - lead] == 1 and n != 1)
        assert (i in axes) == copied
        assert not copied or strides[i] == 0 or 0 in large


@given(st.data())
@drawn
def test_repeated_refuses_what_numpy_refuses(data):
    small = data.draw(nst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    large = data.draw(nst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    try:
        np.broadcast_to(np.zeros(small), large)
    except ValueError:
        with pytest.raises(ValueError, match="does not broadcast to"):
            broadcast_axes(small, large)
    else:
        broadcast_axes(small, large)


@given(st.data())
@drawn
def test_check_matmul_refuses_what_numpy_refuses(data):
    a = data.draw(nst.array_shapes(min_dims=0, max_dims=2, max_side=3))
    b = data.draw(nst.array_shapes(min_dims=0, max_dims=2, max_side=3))
    try:
        np.ones(a) @ np.ones(b)
    except ValueError:
        with pytest.raises(ValueError, match="matmul of shapes"):
            check_matmul(a, b)
    else:
        check_matmul(a, b)
