"""A stand-in for the module `cudnn` of nvidia-cudnn-frontend: the same calls, checked, and products by definition.

It has what `autograd/kernels/gpu/cudnn.py` calls, and is stricter: a call out of its order is an error. The real module
gets the same graphs in `kernels/test_cudnn.py`, where it is installed. Arrays are found by their addresses on the
device, and multiplied in float64 on the CPU.
"""

from enum import Enum
from importlib import import_module
from math import prod

import numpy as np

data_type = Enum("data_type", "FLOAT DOUBLE HALF")
heur_mode = Enum("heur_mode", "A B FALLBACK")
numerical_note = Enum("numerical_note", "TENSOR_CORE DOWN_CONVERT_INPUTS REDUCED_PRECISION_REDUCTION NONDETERMINISTIC")
DTYPES = {data_type.FLOAT: "f4", data_type.DOUBLE: "f8", data_type.HALF: "f2"}
ORDER = [
    *("pygraph", "validate", "build_operation_graph", "create_execution_plans", "deselect_numeric_notes"),
    *("deselect_workspace_greater_than", "check_support", "build_plans"),
]

built, executed = [], []  # the graphs of a test, and the stream of each execution
refused = {}  # operation: the error of cuDNN when it is built
handles = {}  # those that live, with their streams
destroy_handle = handles.pop


class cudnnGraphNotSupportedError(Exception): ...


def create_handle():
    handles[handle := object()] = 0
    return handle


def set_stream(*, handle, stream):
    assert handle in handles
    handles[handle] = stream


class Tensor:
    def __init__(self, data_type=None, dim=None, stride=None, uid=None):
        self.data_type, self.dim, self.stride, self.uid, self.output = data_type, dim, stride, uid, False

    def __getattr__(self, setter):
        return lambda value: setattr(self, setter.removeprefix("set_"), value)


class pygraph:
    def __init__(self, *, io_data_type, intermediate_data_type, compute_data_type, handle):
        assert handle in handles
        wide = data_type.DOUBLE if io_data_type is data_type.DOUBLE else data_type.FLOAT
        assert intermediate_data_type is compute_data_type is wide
        self.type, self.given, self.steps = io_data_type, [], ["pygraph"]
        built.append(self)

    def tensor(self, *, dim, stride, data_type, uid, name):
        self.given.append(Tensor(data_type, dim, stride, uid))
        return self.given[-1]

    def conv_fprop(self, image, weight, **options):
        return self.product("conv_fprop", lambda y: (image, weight, y), **options)

    def conv_dgrad(self, loss, filter, **options):
        return self.product("conv_dgrad", lambda x: (x, filter, loss), **options)

    def conv_wgrad(self, image, loss, **options):
        return self.product("conv_wgrad", lambda W: (image, W, loss), **options)

    def product(self, operation, roles, *, pre_padding, post_padding, stride, dilation):
        self.operation, self.result, self.bias_of = operation, Tensor(), None
        self.last, self.roles = self.result, roles(self.result)  # image, filters, windows
        self.geometry = pre_padding, post_padding, stride, dilation
        return self.result

    def bias(self, *, input, bias):
        assert input is self.result
        assert bias.dim == [1, input.dim[1], *[1] * (len(input.dim) - 2)]
        self.bias_of, self.last = bias, Tensor()
        return self.last

    def validate(self):
        x, W, y = self.roles
        assert len(x.dim) in (4, 5)
        sizes = [numbers for t in (*self.given, self.result, self.last) for numbers in (t.dim, t.stride)]
        assert {len(numbers) for numbers in sizes} == {len(numbers) + 2 for numbers in self.geometry} == {len(x.dim)}
        assert all(type(n) is int and n > 0 for numbers in sizes for n in numbers)
        for H, K, O, P0, P1, S, D in zip(x.dim[2:], W.dim[2:], y.dim[2:], *self.geometry):
            assert (H + P0 + P1 - D * (K - 1) - 1) // S + 1 == O
        groups = x.dim[1] // W.dim[1]
        assert (x.dim[0], W.dim[0], groups * W.dim[1]) == (y.dim[0], y.dim[1], x.dim[1])
        assert W.dim[0] % groups == 0
        assert self.last.output
        assert {t.data_type for t in (*self.given, self.last)} == {self.type}
        self.steps.append("validate")

    def __getattr__(self, name):
        """A step of building, which says nothing here: it must come after the one before it."""
        assert name == ORDER[len(self.steps)], f"{name} after {self.steps[-1]}"

        def step(*values):
            self.steps.append(name)
            self.__dict__[name + "_values"] = values
            if name == "build_operation_graph" and self.operation in refused:
                raise refused[self.operation]

        return step

    def get_workspace_size(self):
        assert self.steps == ORDER
        return prod(self.last.dim) % 100  # 0 too

    def execute(self, addresses, workspace, *, handle):
        assert set(addresses) == {self.last.uid, *[t.uid for t in self.given]}
        assert all(type(address) is int and address and address % 16 == 0 for address in addresses.values())
        if size := self.get_workspace_size():
            at(workspace, "u1", [size], [1])[...] = 0xCB
        *given, y = [at(addresses[t.uid], DTYPES[t.data_type], t.dim, t.stride) for t in (*self.given, self.last)]
        values = {t: array.get().astype("d") for t, array in zip(self.given, given)}
        product = multiply(self.operation, *[values.get(t, t.dim) for t in self.roles], *self.geometry)
        y.set((product + values.get(self.bias_of, 0)).astype(y.dtype))
        executed.append(handles[handle])


def at(address, dtype, dim, stride):
    """The array of CuPy at this address."""
    cupy = import_module("cupy")
    itemsize, numbers = np.dtype(dtype).itemsize, 1 + sum((n - 1) * step for n, step in zip(dim, stride))
    memory = cupy.cuda.UnownedMemory(address, itemsize * numbers, None, cupy.cuda.runtime.getDevice())
    return cupy.ndarray(tuple(dim), dtype, cupy.cuda.MemoryPointer(memory, 0), [itemsize * step for step in stride])


def multiply(operation, x, W, y, before, behind, stride, dilation):
    """The product of two of them, tap by tap, in the shape that stands in the place of the third."""
    x, W, y = [np.zeros(a) if isinstance(a, list) else a for a in (x, W, y)]
    (N, C, *size), (M, c, *kernel) = x.shape, W.shape
    G = C // c
    padded = np.pad(x, [(0, 0), (0, 0), *zip(before, behind)])
    padded = padded.reshape(N, G, c, *padded.shape[2:])
    filters, windows = W.reshape(G, M // G, c, *kernel), y.reshape(N, G, M // G, *y.shape[2:])
    for tap in np.ndindex(*kernel):
        steps = zip(tap, y.shape[2:], stride, dilation)
        pixels = padded[(..., *[slice(k * D, k * D + (O - 1) * S + 1, S) for k, O, S, D in steps])]
        weight = filters[(slice(None),) * 3 + tap]
        if operation == "conv_fprop":
            windows += np.einsum("ngc...,gmc->ngm...", pixels, weight)
        elif operation == "conv_dgrad":
            pixels += np.einsum("ngm...,gmc->ngc...", windows, weight)
        else:
            weight += np.einsum("ngco,ngmo->gmc", *[a.reshape(*a.shape[:3], -1) for a in (pixels, windows)])
    image = padded.reshape(N, C, *padded.shape[3:])[(..., *[slice(P, P + H) for H, P in zip(size, before)])]
    return {"conv_fprop": y, "conv_dgrad": image, "conv_wgrad": W}[operation]
