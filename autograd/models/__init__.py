"""Published networks, each written as the table in its paper, and their weights from files.

    model = models.ResNet18()
    models.load_weights(model, "resnet18-f37072fd.pth")
    with ag.test_mode(), ag.no_grad():
        y = model(x)  # (N, 3, H, W) -> (N, 1000)

The first argument of an image network is the number of `classes`; the others are those of a layer: initializer, dtype,
rng. `gpt` and `bert` are the Transformers, with what belongs to them; SileroVAD hears speech in a sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.formats import read_weights
from autograd.models import bert, gpt
from autograd.models.bert import BERT
from autograd.models.gpt import GPT
from autograd.models.lecture import SimpleConvNet
from autograd.models.mobilenet import EfficientNetLite0, MobileNetV2
from autograd.models.resnet import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from autograd.models.silero_vad import SileroVAD
from autograd.models.squeezenet import SqueezeNet
from autograd.models.torch_state import save_weights, torch_state_dict
from autograd.models.vgg import VGG16
from autograd.models.weights import load_weights
from autograd.names import missing_name

__all__ = [
    "BERT",
    "EfficientNetLite0",
    "GPT",
    "MobileNetV2",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "SileroVAD",
    "SimpleConvNet",
    "SqueezeNet",
    "VGG16",
    "bert",
    "gpt",
    "load_weights",
    "read_weights",
    "save_weights",
    "torch_state_dict",
]

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
