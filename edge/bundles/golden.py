"""Reads what a model is known to answer: `golden.npz`."""

from __future__ import annotations

import contextlib
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundles.folder import Bundle, DetectionBundle
from edge.errors import ModelCorruptError

# A damaged npz fails in zipfile, struct, zlib or numpy, wherever the damage shows first; arrays that are not
# what they should be fail where they are compared.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    TokenError,
    EOFError,
    OSError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)


@contextlib.contextmanager
def golden_arrays(bundle: Bundle | DetectionBundle) -> Iterator[Mapping[str, npt.NDArray[Any]]]:
    """The arrays of a bundle's golden.npz, to be compared within the `with`.

    Raises:
        ModelCorruptError: the file is damaged, or its arrays cannot be compared.
    """
    try:
        with np.load(bundle.golden) as golden:
            yield golden
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        model = "detector" if isinstance(bundle, DetectionBundle) else "model"
        raise ModelCorruptError(f"{bundle.golden}: {reason}: install the {model} again") from error
