"""Python values as Arrow columns, built from buffers: pa.array would import pandas first, which takes a second."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def text_column(values: Sequence[str | None]) -> pa.LargeStringArray:
    """Strings; None is null. Half of a surrogate pair, which JSON may carry and UTF-8 cannot, becomes `?`.

    >>> text_column(["a", None, "ü"]).to_pylist()
    ['a', None, 'ü']
    """
    encoded = [b"" if value is None else value.encode(errors="replace") for value in values]
    return encoded_column(encoded, np.array([value is not None for value in values], dtype=bool))


def encoded_column(encoded: Sequence[bytes], is_there: npt.NDArray[np.bool_] | None = None) -> pa.LargeStringArray:
    """Strings that are UTF-8 already; all are there, or those that `is_there` says.

    >>> encoded_column([b"a", b"b"]).to_pylist()
    ['a', 'b']
    """
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    valid = None if is_there is None else pa.py_buffer(np.packbits(is_there, bitorder="little").tobytes())
    buffers = [pa.py_buffer(part) for part in (offsets.tobytes(), b"".join(encoded))]
    return pa.LargeStringArray.from_buffers(len(encoded), buffers[0], buffers[1], valid)


def whole_column(values: Sequence[int] | range | npt.NDArray[np.int64]) -> pa.Int64Array:
    """Whole numbers.

    >>> whole_column([1, 2]).to_pylist()
    [1, 2]
    """
    data = np.asarray(values, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(data), [None, pa.py_buffer(data.tobytes())])


def table(columns: dict[str, pa.Array]) -> pa.Table:
    return pa.Table.from_arrays(list(columns.values()), list(columns))
