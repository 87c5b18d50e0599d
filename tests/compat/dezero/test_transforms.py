"""Transforms of pictures and arrays."""

import numpy as np
import pytest
from dezero import transforms

from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own


def test_transforms():
    image = pytest.importorskip("PIL.Image")
    array = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    picture = image.fromarray(array)
    T = transforms
    bgr = T.ToArray()(T.Convert("BGR")(picture))
    np.testing.assert_array_equal(bgr, array.transpose(2, 0, 1)[::-1])
    assert bgr.dtype == np.float32
    assert T.Convert("L")(picture).mode == "L"
    assert T.Resize((5, 4))(picture).size == (5, 4)
    assert T.Resize(4)(picture).size == (4, 4)
    np.testing.assert_array_equal(np.asarray(T.CenterCrop((4, 2))(picture)), array[2:4, 2:6])
    np.testing.assert_array_equal(np.asarray(T.ToPIL()(T.ToArray(np.uint8)(picture))), array)
    x = T.Compose([T.ToFloat(), T.Normalize((1, 2, 3), (4, 5, 6))])(array.transpose(2, 0, 1))
    np.testing.assert_allclose(x, ((array - [1, 2, 3]) / [4, 5, 6]).transpose(2, 0, 1), rtol=1e-6)
    flip = T.RandomHorizontalFlip()
    np.random.seed(0)
    mirrored = [bool((np.asarray(flip(picture)) != array).any()) for _ in range(20)]
    np.random.seed(0)
    assert mirrored == [np.random.rand() < 0.5 for _ in range(20)]
    assert T.Flatten()(A).shape == (6,)
    assert T.ToInt()(A).dtype == int
    assert T.Compose()(A) is A
    np.testing.assert_allclose(T.Normalize(1.0, 2.0)(A), (A - 1) / 2)
    with pytest.raises(TypeError, match="a picture of Pillow"):
        T.ToArray()("cat.png")
