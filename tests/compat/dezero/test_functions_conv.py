"""Convolutions, columns and poolings."""

import dezero
import dezero.functions as F
import numpy as np

from tests.compat.dezero.samples import IMAGE, numpys_own

pytestmark = numpys_own

FILTERS = np.random.default_rng(3).standard_normal((4, 3, 3, 2))


def convolved(x, W, stride, pad):
    (SH, SW), (PH, PW) = stride, pad
    x = np.pad(x, [(0, 0), (0, 0), (PH, PH), (PW, PW)])
    KH, KW = W.shape[2:]
    rows, columns = range(0, x.shape[2] - KH + 1, SH), range(0, x.shape[3] - KW + 1, SW)
    y = [[(x[:, None, :, i : i + KH, j : j + KW] * W).sum((2, 3, 4)) for j in columns] for i in rows]
    return np.array(y).transpose(2, 3, 0, 1)


def test_convolutions():
    b = np.arange(4.0)
    expected = convolved(IMAGE, FILTERS, (2, 1), (1, 0)) + b[:, None, None]
    np.testing.assert_allclose(F.conv2d(IMAGE, FILTERS, b, stride=(2, 1), pad=(1, 0)).data, expected)
    np.testing.assert_allclose(F.conv2d_simple(IMAGE, FILTERS, b, (2, 1), (1, 0)).data, expected)
    assert dezero.functions_conv.conv2d is F.conv2d
    y = np.random.default_rng(4).standard_normal(expected.shape)
    x = F.deconv2d(y, FILTERS, stride=(2, 1), pad=(1, 0), outsize=(5, 6))  # the adjoint
    np.testing.assert_allclose((x.data * IMAGE).sum(), (y * (expected - b[:, None, None])).sum())
    assert F.deconv2d(y, FILTERS, stride=2).shape == (2, 3, 7, 10)


def test_columns():
    cols = F.im2col(IMAGE, (2, 3), stride=1, pad=1)
    six = F.im2col(IMAGE, (2, 3), stride=1, pad=1, to_matrix=False)
    assert (cols.shape, six.shape) == ((2 * 6 * 6, 18), (2, 3, 2, 3, 6, 6))
    np.testing.assert_array_equal(six.data.transpose(0, 4, 5, 1, 2, 3).reshape(72, 18), cols.data)
    back = F.col2im(cols, IMAGE.shape, (2, 3), 1, 1)
    np.testing.assert_allclose((back.data * IMAGE).sum(), (cols.data**2).sum())
    np.testing.assert_allclose(F.col2im(six, IMAGE.shape, (2, 3), 1, 1, to_matrix=False).data, back.data)
    conv = dezero.functions_conv
    for to_matrix, y in ((True, cols), (False, six)):  # arrays in, an array out
        array = conv.im2col_array(img=IMAGE, kernel_size=(2, 3), stride=1, pad=1, to_matrix=to_matrix)
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, y.data)
        again = conv.col2im_array(
            col=array, img_shape=IMAGE.shape, kernel_size=(2, 3), stride=1, pad=1, to_matrix=to_matrix
        )
        assert type(again) is np.ndarray
        np.testing.assert_allclose(again, back.data)


def test_pooling():
    windows = IMAGE[:, :, :4].reshape(2, 3, 2, 2, 3, 2)
    for pooling in (F.pooling, F.pooling_simple):
        np.testing.assert_array_equal(pooling(IMAGE, 2, 2).data, windows.max((3, 5)))
    np.testing.assert_allclose(F.average_pooling(IMAGE, kernel_size=2, stride=2).data, windows.mean((3, 5)))
    assert (F.pooling(-np.ones((1, 1, 2, 2)), 2, 1, 1).data == -1).all()  # padding never wins
