"""Analyses: pure, set-based functions on arrays; no input or output, no clock, no knowledge of other rooms.

Every file is one family of methods. Values come in as arrays and leave as frozen dataclasses of arrays or Decimals.
What cannot be answered raises a sentence of `errors`; nothing returns NaN.
"""
