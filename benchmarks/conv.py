"""Convolutions forward and backward, and whole training steps with them, against PyTorch: times and peak memory.

    python benchmarks/conv.py            both
    python benchmarks/conv.py simple     only what has this in its name

Results are compared before anything is timed. The memory of a step is what it adds to the process at its peak.
"""

import gc
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from timing import seconds

import autograd.functions as F
import autograd.optimizers as O
from autograd import Variable
from autograd.models.lecture import SimpleConvNet
from autograd.models.resnet import ResNet18
from autograd.variable import grad

nn = torch.nn

LAYERS = {  # images, filters, options
    "64 -> 64, 3x3, 32x32, batch 16": ((16, 64, 32, 32), (64, 64, 3, 3), {"pad": 1}),
    "1 -> 30, 5x5, 28x28, batch 100": ((100, 1, 28, 28), (30, 1, 5, 5), {}),
    "3 -> 32, 3x3, 64x64, batch 32": ((32, 3, 64, 64), (32, 3, 3, 3), {"pad": 1}),
    "64 -> 128, 3x3 / 2, 32x32, batch 16": ((16, 64, 32, 32), (128, 64, 3, 3), {"pad": 1, "stride": 2}),
    "64 -> 128, 1x1, 32x32, batch 16": ((16, 64, 32, 32), (128, 64, 1, 1), {}),
    "256 -> 256, 3x3, 4x4, batch 16": ((16, 256, 4, 4), (256, 256, 3, 3), {"pad": 1}),
    "depthwise 64, 3x3, 32x32, batch 16": ((16, 64, 32, 32), (64, 1, 3, 3), {"pad": 1, "groups": 64}),
}


def layer(images, filters, options):
    """A convolution and its gradients, ours and theirs; the first layer of a network needs none of its images."""
    rng = np.random.default_rng(0)
    x, W, b = (rng.standard_normal(s).astype(np.float32) for s in (images, filters, filters[:1]))
    given = [Variable(a) for a in (x, W, b)]
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, W, b)]
    theirs = {{"pad": "padding"}.get(name, name): value for name, value in options.items()}
    gy = rng.standard_normal(F.conv2d(x, W, b, **options).shape).astype(np.float32)
    seed = torch.tensor(gy)
    wanted = slice(1 if images[1] <= 3 else 0, 3)

    def ours():
        inputs = [x, *given[1:]] if wanted.start else given
        return [g.data for g in grad(F.conv2d(*inputs, **options), given[wanted], gy)]

    def torchs():
        inputs = [torch.from_numpy(x), *tensors[1:]] if wanted.start else tensors
        return torch.autograd.grad(nn.functional.conv2d(*inputs, **theirs), tensors[wanted], seed)

    for g, t in zip(ours(), torchs()):
        np.testing.assert_allclose(g, t.numpy(), rtol=0, atol=1e-4 * np.abs(g).max())
    return ours, torchs


def pooling():
    x = np.random.default_rng(0).standard_normal((100, 30, 24, 24)).astype(np.float32)
    given, tensor = Variable(x), torch.tensor(x, requires_grad=True)

    def ours():
        return grad(F.max_pool2d(given, 2).sum(), given).data

    def torchs():
        return torch.autograd.grad(nn.functional.max_pool2d(tensor, 2).sum(), tensor)[0]

    np.testing.assert_array_equal(ours(), torchs().numpy())
    return ours, torchs


class Block(nn.Module):
    """A residual block, its parts in the order of ours."""

    def __init__(self, C, M, stride):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(C, M, 3, stride, 1, bias=False), nn.BatchNorm2d(M), nn.ReLU(),
            nn.Conv2d(M, M, 3, 1, 1, bias=False), nn.BatchNorm2d(M),
        )  # fmt: skip
        same = C == M and stride == 1
        self.shortcut = None if same else nn.Sequential(nn.Conv2d(C, M, 1, stride, bias=False), nn.BatchNorm2d(M))

    def forward(self, x):
        return nn.functional.relu(self.f(x) + (x if self.shortcut is None else self.shortcut(x)))


def networks(name):
    """Model, optimizer and images of a training step: ours and theirs, with the same weights."""
    if name == "SimpleConvNet":
        size, model, optimizer, lr = (100, 1, 28, 28), SimpleConvNet(rng=0), "Adam", 1e-3
        theirs = nn.Sequential(
            nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(30 * 12 * 12, 100), nn.ReLU(), nn.Linear(100, 10),
        )  # fmt: skip
    else:
        size, model, optimizer, lr = (16, 3, 32, 32), ResNet18(rng=0), "SGD", 1e-3
        shapes = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
        theirs = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
            *[Block(*shape) for shape in [*shapes, (512, 512, 1)]],
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000),
        )  # fmt: skip
    with torch.no_grad():
        for p, t in zip(model.params(), theirs.parameters(), strict=True):
            t.copy_(torch.tensor(p.data.T if p.ndim == 2 else p.data))
    x = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    ours = model, getattr(O, optimizer)(model, lr=lr), x, np.arange(len(x)) % 10
    return ours, (theirs, getattr(torch.optim, optimizer)(theirs.parameters(), lr=lr), *map(torch.tensor, ours[2:]))


def steps(name, check=True):
    """One training step, ours and theirs."""
    (model, optimizer, x, t), (module, torch_optimizer, images, classes) = networks(name)

    def ours():
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss.item()

    def torchs():
        loss = nn.functional.cross_entropy(module(images), classes)
        torch_optimizer.zero_grad()
        loss.backward()
        torch_optimizer.step()
        return loss.item()

    for _ in range(3 if check else 0):
        np.testing.assert_allclose(ours(), torchs(), rtol=1e-3)
    return ours, torchs


def compare(name, ours, theirs, rounds=20):
    """Prints medians, minima and the median of the ratios, in turns.

    Both leave threads behind that look for work for a while, and would take a core from the other: each turn begins
    with a pause and with a call that does not count.
    """
    times = ([], [])
    for _ in range(rounds):
        for f, found in zip((ours, theirs), times):
            time.sleep(0.02)
            f()
            found.append(min(seconds(f) for _ in range(3)))
    ratio = statistics.median(a / b for a, b in zip(*times))
    shown = [f"{1e3 * f(found):9.2f}" for found in times for f in (statistics.median, min)]
    print(f"{name:40} {shown[0]} {shown[1]}   {shown[2]} {shown[3]}   {ratio:6.2f}", flush=True)


def status(field):
    """A size from Linux's account of this process, in bytes: VmRSS is now, VmHWM the peak."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))


def added(name, who):
    """The bytes that three steps of one of the two add to this process at the peak."""
    step = steps(name, check=False)[who]
    gc.collect()
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew
    for _ in range(3):
        step()
    return status("VmHWM") - before


def main(wanted):
    torch.set_num_threads(2)
    print(f"{'times in ms':40} {'ours: median, min':>19}   {'PyTorch: median, min':>19}    ratio")
    for name, sizes in LAYERS.items():
        if wanted in name:
            compare(name, *layer(*sizes))
    if wanted in "max pooling 2x2":
        compare("max pooling 2x2, (100, 30, 24, 24)", *pooling())
    names = [name for name in ("SimpleConvNet", "ResNet18") if wanted.lower() in name.lower()]
    for name in names:
        compare(f"{name}, a training step", *steps(name))
    for name in names:
        call = [sys.executable, __file__, "--memory", name]
        ours, theirs = (float(subprocess.check_output([*call, who])) / 1e6 for who in "01")
        print(f"{name}, MB of a step: {ours:.0f}, PyTorch {theirs:.0f}, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    if "--memory" in sys.argv:
        print(added(sys.argv[2], int(sys.argv[3])))
    else:
        main(*sys.argv[1:] or [""])
