"""A Vega-Lite chart as a PNG small enough to send."""

import io
from typing import Any

SCALE = 2.0
LARGEST_BYTES = 300_000


def picture(chart: dict[str, Any]) -> bytes:
    """PNG of a Vega-Lite spec; its colours are reduced where it would be larger than LARGEST_BYTES."""
    import vl_convert
    from PIL import Image

    png: bytes = vl_convert.vegalite_to_png(chart, scale=SCALE)
    if len(png) <= LARGEST_BYTES:
        return png
    small = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(128).save(small, "PNG", optimize=True)
    return small.getvalue()
