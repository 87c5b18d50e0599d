"""From a node of ONNX to our functions: convolutions, pooling, images in other sizes, spectra."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd.functions as F
from autograd.formats.onnx.operators import Unknown, op, values, whole_numbers

__all__ = ["windows"]


def windows(a: Any, x: Any, kernel: Any = None) -> dict[str, Any]:
    """Kernel, stride, padding and dilation, as our functions take them."""
    n = x.ndim - 2
    kernel = tuple(a.get("kernel_shape", kernel))
    stride, dilation = tuple(a.get("strides", (1,) * n)), tuple(a.get("dilations", (1,) * n))
    auto, pads = a.get("auto_pad", "NOTSET"), a.get("pads", (0,) * 2 * n)
    pad = list(zip(pads[:n], pads[n:]))
    if auto.startswith("SAME"):
        pad = []
        for H, K, S, D in zip(x.shape[2:], kernel, stride, dilation):
            total = max((-(-H // S) - 1) * S + D * (K - 1) + 1 - H, 0)
            less, more = total // 2, total - total // 2
            pad.append((less, more) if auto == "SAME_UPPER" else (more, less))
    return {"kernel": kernel, "stride": stride, "pad": [(0, 0)] * n if auto == "VALID" else pad, "dilation": dilation}


def of_axes(name: str, x: Any) -> Any:
    """The function of this name for as many spatial axes as x has."""
    return getattr(F, f"{name}{x.ndim - 2}d")


@op("Conv")
def conv(a, x, W, b=None):
    options = windows(a, x, W.shape[2:])
    del options["kernel"]
    return of_axes("conv", x)(x, W, b, groups=a.get("group", 1), **options)


@op("ConvTranspose")
def conv_transpose(a, x, W, b=None):
    w = windows({**a, "auto_pad": "NOTSET"}, x, W.shape[2:])
    more, auto, pad = list(a.get("output_padding", (0,) * (x.ndim - 2))), a.get("auto_pad", "NOTSET"), w["pad"]
    if "output_shape" in a or auto.startswith("SAME"):
        sizes = a.get("output_shape", [H * S for H, S in zip(x.shape[2:], w["stride"])])[2 - x.ndim :]
        pad = []
        for i, (H, K, S, D) in enumerate(zip(x.shape[2:], w["kernel"], w["stride"], w["dilation"])):
            total = (H - 1) * S + D * (K - 1) + 1 + more[i] - sizes[i]
            more[i], total = more[i] - min(total, 0), max(total, 0)
            less, rest = total // 2, total - total // 2
            pad.append((rest, less) if auto == "SAME_LOWER" else (less, rest))
    options = {"stride": w["stride"], "dilation": w["dilation"], "groups": a.get("group", 1)}
    if any(n and n >= S for n, S in zip(more, w["stride"])):
        y = of_axes("conv_transpose", x)(x, W, b, pad=pad, **options)
        return F.pad(y, [(0, 0), (0, 0), *[(0, n) for n in more]]) if b is None else beyond(y, more, b)
    return of_axes("conv_transpose", x)(x, W, b, pad=pad, output_pad=tuple(more), **options)


def beyond(y: Any, more: Any, b: Any) -> Any:
    """y with pixels behind it that no filter reaches: they have the bias alone."""
    bias = F.reshape(b, (1, -1, *[1] * (y.ndim - 2)))
    return F.pad(y - bias, [(0, 0), (0, 0), *[(0, n) for n in more]]) + bias


@op("MaxPool")
def max_pool(a, x):
    """The second output counts all pixels of x, along its rows or, with storage_order, along its columns."""
    options = windows(a, x) | {"ceil_mode": bool(a.get("ceil_mode"))}
    if a.outputs == 1:
        return of_axes("max_pool", x)(x, **options)
    y, index = F.max_pool_with_indices(x, **options)
    (N, C), size = x.shape[:2], x.shape[2:]
    if a.get("storage_order"):
        index = np.ravel_multi_index(np.unravel_index(index, size), size, order="F")
    return y, index + np.arange(N * C).reshape(N, C, *[1] * len(size)) * math.prod(size)


@op("MaxUnpool")
def max_unpool(a, x, index, shape=None):
    w, (N, C) = windows(a, x), x.shape[:2]
    sides = zip(x.shape[2:], w["kernel"], w["stride"], w["pad"])
    size = [(H - 1) * S - before - behind + K for H, K, S, (before, behind) in sides]
    first = np.arange(N * C).reshape(N, C, *[1] * len(size)) * math.prod(size)
    y = F.max_unpool(x, values(index) - first, size)
    return y if shape is None else F.pad(y, [(0, n - m) for n, m in zip(whole_numbers(shape), y.shape)])


def hanging(a: Any, x: Any, w: Any) -> list[int]:
    """The width that ceil_mode adds behind each axis."""
    found = []
    for H, K, S, (before, behind), D in zip(x.shape[2:], w["kernel"], w["stride"], w["pad"], w["dilation"]):
        room = H + before + behind - D * (K - 1) - 1
        O = -(-room // S) + 1 if a.get("ceil_mode") else room // S + 1
        O -= bool(a.get("ceil_mode")) and H + before <= (O - 1) * S
        found.append(max((O - 1) * S + D * (K - 1) + 1 - H - before - behind, 0))
    return found


def window_sums(a: Any, x: Any, w: Any, padded: bool = True) -> Any:
    """The sums over windows that may have dilation: a convolution with ones, of each channel alone."""
    pad = [(before * padded, behind * padded + more) for (before, behind), more in zip(w["pad"], hanging(a, x, w))]
    long = F.pad(x, [(0, 0), (0, 0), *pad])
    rows = F.reshape(long, (x.shape[0] * x.shape[1], 1, *long.shape[2:]))
    ones = np.ones((1, 1, *w["kernel"]), x.dtype)
    y = of_axes("conv", x)(rows, ones, stride=w["stride"], dilation=w["dilation"])
    return F.reshape(y, (*x.shape[:2], *y.shape[2:]))


@op("AveragePool")
def average_pool(a, x):
    w, include = windows(a, x), bool(a.get("count_include_pad"))
    if set(w["dilation"]) == {1}:
        options = {"ceil_mode": bool(a.get("ceil_mode")), "count_include_pad": include}
        return of_axes("average_pool", x)(x, w["kernel"], w["stride"], w["pad"], **options)
    ones = np.ones((1, 1, *x.shape[2:]), x.dtype)
    if include:  # what hangs over the padding never counts
        wide = np.pad(ones, [(0, 0), (0, 0), *w["pad"]], constant_values=1)
        pad = [(0, more) for more in hanging(a, x, w)]
        wide = np.pad(wide, [(0, 0), (0, 0), *pad])
        flat = w | {"pad": [(0, 0)] * len(pad)}
        return window_sums(a, x, w) / values(window_sums({}, wide, flat))
    return window_sums(a, x, w) / values(window_sums(a, ones, w))


@op("LpPool")
def lp_pool(a, x):
    w, p = windows(a, x), a.get("p", 2)
    if set(w["dilation"]) == {1}:
        return of_axes("lp_pool", x)(x, p, w["kernel"], w["stride"], w["pad"], ceil_mode=bool(a.get("ceil_mode")))
    return window_sums(a, F.abs(x) ** p, w) ** (1 / p)


@op("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(a, x):
    axes = tuple(range(2, x.ndim))
    if a["operator"] == "GlobalLpPool":
        return F.norm(x, a.get("p", 2), axes, True)
    return (F.mean if a["operator"] == "GlobalAveragePool" else F.max)(x, axes, True)


@op("LRN")
def lrn(a, x):
    """Of an even number of neighbours ONNX takes one more behind; ours takes it before."""
    size, turned = a["size"], a["size"] % 2 == 0
    y = F.flip(x, 1) if turned else x
    y = F.local_response_norm(y, size, a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0))
    return F.flip(y, 1) if turned else y


@op("DepthToSpace", "SpaceToDepth")
def blocks(a, x):
    """Channels to pixels and back; in mode DCR the pixels of a block come before the channels."""
    s, (N, C, *_), depth = a["blocksize"], x.shape, a.get("mode", "DCR") == "DCR"
    if a["operator"] == "DepthToSpace":
        if depth:
            x = F.reshape(F.swapaxes(F.reshape(x, (N, s * s, C // s**2, *x.shape[2:])), 1, 2), x.shape)
        return F.pixel_shuffle(x, s)
    y = F.pixel_unshuffle(x, s)
    return F.reshape(F.swapaxes(F.reshape(y, (N, C, s * s, *y.shape[2:])), 1, 2), y.shape) if depth else y


@op("Col2Im")
def col2im(a, x, shape, block):
    """Each window is a pixel, which a transposed convolution with unit kernels lays down."""
    size, kernel = whole_numbers(shape), whole_numbers(block)
    n, K = len(size), math.prod(kernel)
    pads, stride, dilation = a.get("pads", (0,) * 2 * n), a.get("strides", (1,) * n), a.get("dilations", (1,) * n)
    pad = list(zip(pads[:n], pads[n:]))
    sides = zip(size, kernel, stride, pad, dilation)
    out = [(H + sum(P) - D * (k - 1) - 1) // S + 1 for H, k, S, P, D in sides]
    rest = [
        H + sum(P) - ((O - 1) * S + D * (k - 1) + 1)
        for H, k, S, P, D, O in zip(size, kernel, stride, pad, dilation, out)
    ]
    C = x.shape[1] // K
    y = F.reshape(x, (x.shape[0] * C, K, *out))
    unit = np.eye(K, dtype=x.dtype).reshape(K, 1, *kernel)
    options = {"stride": tuple(stride), "pad": pad, "dilation": tuple(dilation), "output_pad": tuple(rest)}
    return F.reshape(of_axes("conv_transpose", y)(y, unit, **options), (x.shape[0], C, *size))


@op("CausalConvWithState")
def causal_conv(a, x, W, b=None, past=None):
    (N, C, _), K = x.shape, W.shape[2]
    long = F.concat([np.zeros((N, C, K - 1), x.dtype) if past is None else past, x], 2)
    y = F.conv1d(long, W, b, groups=C)
    y = F.silu(y) if a.get("activation") in ("silu", "swish") else y
    return y, long[:, :, long.shape[2] - (K - 1) :]


# ---- images in another size: y = W x along every axis


def places(a: Any, o: Any, H: int, O: int, real: float, scale: float, roi: Any) -> Any:
    """Where the pixels o of the result lie in the image."""
    mode = a.get("coordinate_transformation_mode", "half_pixel")
    if mode == "align_corners":
        return o * (H - 1) / (real - 1) if real != 1 else o * 0.0
    if mode == "asymmetric":
        return o / scale
    if mode == "tf_crop_and_resize":
        low, high = roi
        middle = (high - low) * (H - 1) / 2
        return low * (H - 1) + (o * (high - low) * (H - 1) / (real - 1) if real != 1 else middle + 0.0 * o)
    if mode == "pytorch_half_pixel" and real == 1:
        return np.full(len(o), -0.5)
    y = (o + 0.5) / scale - 0.5
    return y + H / 2 * (1 - O / real) if mode == "half_pixel_symmetric" else y


NEAREST: dict[str, Any] = {
    "round_prefer_floor": lambda p: np.ceil(p - 0.5), "round_prefer_ceil": lambda p: np.floor(p + 0.5),
    "floor": np.floor, "ceil": np.ceil,
}  # fmt: skip


def cubic(t: Any, A: float) -> Any:
    """The kernel of Keys, 1981, with the slope A at distance 1."""
    t = abs(t)
    near, far = ((A + 2) * t - (A + 3)) * t * t + 1, ((A * t - 5 * A) * t + 8 * A) * t - 4 * A
    return np.where(t <= 1, near, np.where(t < 2, far, 0))


def resize_matrix(a: Any, H: int, O: int, real: float, scale: float, roi: Any) -> tuple[Any, Any]:
    """W (O, H), and which results lie outside of the image."""
    where, W, mode = places(a, np.arange(O), H, O, real, scale, roi), np.zeros((O, H)), a.get("mode", "nearest")
    narrow = min(scale, 1.0) if a.get("antialias") else 1.0
    reach = math.ceil(2 / narrow) + 1
    for o, p in enumerate(where):
        if mode == "nearest":
            W[o, int(np.clip(NEAREST[a.get("nearest_mode", "round_prefer_floor")](p), 0, H - 1))] = 1
            continue
        i = math.floor(p) + np.arange(-reach, reach + 1)
        t = (i - p) * narrow
        w = np.maximum(1 - abs(t), 0) if mode == "linear" else cubic(t, a.get("cubic_coeff_a", -0.75))
        w = w * ((i >= 0) & (i < H)) if a.get("exclude_outside") else w
        np.add.at(W[o], i.clip(0, H - 1), w / w.sum())
    return W, (where < 0) | (where > H - 1)


def sizes_of(a: Any, x: Any, axes: Any, scales: Any, sizes: Any) -> tuple[list[int], list[float], list[float]]:
    """The size of the result along each axis, the scale, and the size before it was rounded."""
    out, scale = list(x.shape), [1.0] * x.ndim
    if scales is not None and scales.size:
        for k, s in zip(axes, values(scales).tolist()):
            scale[k], out[k] = s, math.floor(x.shape[k] * s)
        return out, scale, [s * H for s, H in zip(scale, x.shape)]
    wanted, policy = whole_numbers(sizes), a.get("keep_aspect_ratio_policy", "stretch")
    for k, n in zip(axes, wanted):
        out[k], scale[k] = n, n / x.shape[k]
    if policy == "stretch":
        return out, scale, list(map(float, out))
    s = (min if policy == "not_larger" else max)([scale[k] for k in axes])
    for k in axes:
        out[k], scale[k] = math.floor(x.shape[k] * s + 0.5), s
    return out, scale, [s * H for s, H in zip(scale, x.shape)]


@op("Resize", "Upsample")
def resize(a, x, *given):
    """One axis after the other, by the matrix of its weights."""
    old = a["operator"] == "Upsample" or a.version < 11
    roi, scales, sizes = (
        (None, given[-1] if given else np.array(a["scales"]), None) if old else (*given, None, None, None)[:3]
    )
    a = {**a, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} if old else a
    axes = [k % x.ndim for k in a.get("axes", range(x.ndim))]
    out, scale, real = sizes_of(a, x, axes, scales, sizes)
    crops = a.get("coordinate_transformation_mode") == "tf_crop_and_resize"
    region = values(roi).reshape(2, -1) if crops else None
    y, outside = x, np.zeros((1,) * x.ndim, bool)
    for j, k in enumerate(axes):
        if crops or out[k] != x.shape[k] or scale[k] != 1:
            ends = None if region is None else region[:, j]
            W, beyond_image = resize_matrix(a, x.shape[k], out[k], real[k], scale[k], ends)
            y = F.moveaxis(F.tensordot(W.astype(x.dtype if x.dtype.kind == "f" else float), y, ([1], [k])), 0, k)
            outside = outside | beyond_image.reshape([-1 if i == k else 1 for i in range(x.ndim)])
    y = y if y.dtype == x.dtype else F.astype(y, x.dtype)
    return F.where(np.broadcast_to(outside, y.shape), a.get("extrapolation_value", 0.0), y) if crops else y


@op("GridSample")
def grid_sample(a, x, grid):
    mode = a.get("mode", "linear")
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    return F.grid_sample(x, grid, mode, a.get("padding_mode", "zeros"), bool(a.get("align_corners")))


@op("AffineGrid")
def affine_grid(a, theta, size):
    return F.affine_grid(theta, tuple(whole_numbers(size)[2:]), bool(a.get("align_corners")))


@op("DeformConv")
def deform_conv(a, x, W, offset, b=None, mask=None):
    """A convolution whose taps lie at places that are given, between the pixels."""
    w = windows(a, x, W.shape[2:])
    (N, C, H, Wd), G, g, (OH, OW) = x.shape, a.get("offset_group", 1), a.get("group", 1), offset.shape[2:]
    K, (SH, SW), (DH, DW) = math.prod(w["kernel"]), w["stride"], w["dilation"]
    offset = F.reshape(offset, (N, G, K, 2, OH, OW))
    rows = np.arange(OH)[:, None] * SH - w["pad"][0][0] + np.zeros((OH, OW))
    columns = np.arange(OW) * SW - w["pad"][1][0] + np.zeros((OH, OW))
    images, taps = F.reshape(x, (N * G, C // G, H, Wd)), []
    for j in range(K):
        h = offset[:, :, j, 0] + (rows + j // w["kernel"][1] * DH).astype(x.dtype)
        v = offset[:, :, j, 1] + (columns + j % w["kernel"][1] * DW).astype(x.dtype)
        grid = F.stack([(2 * v + 1) / Wd - 1, (2 * h + 1) / H - 1], -1)
        y = F.reshape(F.grid_sample(images, F.reshape(grid, (N * G, OH, OW, 2))), (N, G, C // G, OH, OW))
        if mask is not None:
            y = y * F.expand_dims(F.reshape(mask, (N, G, K, OH, OW))[:, :, j], 2)
        taps.append(F.reshape(y, (N, g, C // g, OH, OW)))
    M = W.shape[0]
    y = F.einsum("ngckhw,gock->ngohw", F.stack(taps, 3), F.reshape(W, (g, M // g, C // g, K)))
    y = F.reshape(y, (N, M, OH, OW))
    return y if b is None else y + F.reshape(b, (1, -1, 1, 1))


@op("RoiAlign")
def roi_align(a, x, rois, batch):
    """The means of samples in regions of interest."""
    q, half = a.get("sampling_ratio", 0), a.get("coordinate_transformation_mode", "half_pixel") == "half_pixel"
    if a.get("mode", "avg") != "avg" or not q:
        raise Unknown("maxima, and a number of samples that depends on the region")
    OH, OW, (H, W), R = a.get("output_height", 1), a.get("output_width", 1), x.shape[2:], rois.shape[0]
    rois = rois * a.get("spatial_scale", 1.0) - (0.5 if half else 0.0)

    def along(low, high, O, size):
        span = high - low if half else F.maximum(high - low, 1.0)
        part = ((np.arange(O * q) + 0.5) / (O * q)).astype(x.dtype)
        y = F.expand_dims(low, 1) + F.expand_dims(span, 1) * part
        return (2 * y + 1) / size - 1, (values(y) >= -1) & (values(y) <= size)

    (w, inside_w), (h, inside_h) = along(rois[:, 0], rois[:, 2], OW, W), along(rois[:, 1], rois[:, 3], OH, H)
    shape = (R, OH * q, OW * q)
    grid = F.stack([F.broadcast_to(F.expand_dims(w, 1), shape), F.broadcast_to(F.expand_dims(h, 2), shape)], -1)
    y = F.grid_sample(F.take(x, values(batch), 0), grid, padding_mode="border")
    y = F.where((inside_h[:, :, None] & inside_w[:, None])[:, None], y, 0.0)
    return F.average_pool2d(y, q, q)


# ---- spectra: the last axis has the two parts of a complex number, or the real one


def parts_of(x: Any) -> Any:
    return x[..., 0] if x.shape[-1] == 1 else (x[..., 0], x[..., 1])


@op("DFT")
def dft(a, x, length=None, axis=None):
    axis = (a.get("axis", 1) if a.version < 20 else -2 if axis is None else int(values(axis).item())) % x.ndim
    n, z, inverse = None if length is None else int(values(length).item()), parts_of(x), a.get("inverse")
    if a.get("onesided"):
        return F.expand_dims(F.irfft(z, n, axis), -1) if inverse else F.stack(F.rfft(z, n, axis), -1)
    return F.stack((F.ifft if inverse else F.fft)(z, n, axis), -1)


@op("STFT")
def stft(a, x, step, window=None, length=None):
    step = int(values(step).item())
    n = int(values(length).item()) if length is not None else x.shape[1] if window is None else window.shape[0]
    index = np.arange((x.shape[1] - n) // step + 1)[:, None] * step + np.arange(n)
    frames = F.getitem(x, (slice(None), index))  # (N, frames, n, 1 or 2)
    z = parts_of(frames if window is None else frames * F.expand_dims(window, -1))
    return F.stack(F.rfft(z, None, 2) if a.get("onesided", 1) else F.fft(z, None, 2), -1)


def window_of(weights: tuple[float, ...]) -> Any:
    """A window of cosines with these weights; periodic, or symmetric."""

    def window(a, size):
        n = int(values(size).item())
        t = 2 * np.pi * np.arange(n) / (n if a.get("periodic", 1) else n - 1)
        y = sum((-1) ** k * w * np.cos(k * t) for k, w in enumerate(weights))
        return np.asarray(y, a.get("output_datatype", np.float32))

    return window


op("HannWindow")(window_of((0.5, 0.5)))
op("HammingWindow")(window_of((25 / 46, 21 / 46)))
op("BlackmanWindow")(window_of((0.42, 0.5, 0.08)))
