"""DeZero's modules on this framework: scripts written for DeZero 0.0.13 run unmodified.

`register()` puts them into `sys.modules`: from then on `import dezero.functions as F` and the like mean this folder,
whatever else is installed. A file here has the name of the module of DeZero that it holds; `dezero.utils` consists
of several. A name that is missing is an error that says so.

Results are those that DeZero prints, random ones too after `np.random.seed`. Where DeZero fails or is wrong, this
package computes what was meant: layers in a list, second derivatives of convolution and batch normalization, padding
that is never a maximum, `x * 2.0` that stays float32.
Missing are `Conv2DGradW`, `Pooling2DGrad` and `Pooling2DWithIndexes`, which are parts of derivatives, and
`Variable.set_creator`, which a call of a Function does itself.
"""

from __future__ import annotations

from autograd.compat.dezero.modules import register

__all__ = ["register"]
