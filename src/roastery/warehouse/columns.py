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
    is_there = np.fromiter((value is not None for value in values), bool, len(values)) if None in values else None
    texts = ["" if value is None else value for value in values] if is_there is not None else values
    joined = "".join(texts)  # type: ignore[arg-type]
    if joined.isascii():
        return _strings(joined.encode(), list(map(len, texts)), is_there)  # type: ignore[arg-type]
    return encoded_column([text.encode(errors="replace") for text in texts], is_there)  # type: ignore[union-attr]


def repeated_column(values: Sequence[str]) -> pa.LargeStringArray:
    """Strings of which few are different.

    >>> repeated_column(["a", "a", "b"]).to_pylist()
    ['a', 'a', 'b']
    """
    known = list(dict.fromkeys(values))
    if len(known) == 1:
        return _strings(known[0].encode() * len(values), [len(known[0].encode())] * len(values), None)
    places = {value: place for place, value in enumerate(known)}
    codes = np.fromiter(map(places.__getitem__, values), np.int32, len(values))
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes.tobytes())])
    return pa.DictionaryArray.from_arrays(indices, text_column(known)).dictionary_decode()


def encoded_column(encoded: Sequence[bytes], is_there: npt.NDArray[np.bool_] | None = None) -> pa.LargeStringArray:
    """Strings that are UTF-8 already; all are there, or those that `is_there` says.

    >>> encoded_column([b"a", b"b"]).to_pylist()
    ['a', 'b']
    """
    return _strings(b"".join(encoded), list(map(len, encoded)), is_there)


def _strings(data: bytes, lengths: Sequence[int], is_there: npt.NDArray[np.bool_] | None) -> pa.LargeStringArray:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    valid = None if is_there is None else pa.py_buffer(np.packbits(is_there, bitorder="little").tobytes())
    return pa.LargeStringArray.from_buffers(len(lengths), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data), valid)


def whole_column(values: Sequence[int] | range | npt.NDArray[np.int64]) -> pa.Int64Array:
    """Whole numbers.

    >>> whole_column([1, 2]).to_pylist()
    [1, 2]
    """
    data = np.asarray(values, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(data), [None, pa.py_buffer(data.tobytes())])


def table(columns: dict[str, pa.Array]) -> pa.Table:
    return pa.Table.from_arrays(list(columns.values()), list(columns))
