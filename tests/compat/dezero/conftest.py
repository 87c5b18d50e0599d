"""`import dezero` means the adapter in the tests of this folder."""

import autograd.dezero  # noqa: F401
