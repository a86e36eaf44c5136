"""Reading ahead: the same items in the same order, errors in their place, an end when the reader stops."""

import threading
from collections.abc import Iterator

import pytest

from roastery.connectors.read_ahead import AHEAD, read_ahead


def test_the_next_items_are_made_while_one_is_at_hand() -> None:
    made, second = [], threading.Event()

    def items() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    reading = read_ahead(items())
    assert next(reading) == 0
    assert second.wait(5)
    assert [0, *reading] == list(range(10)) == made


def test_no_more_than_a_few_are_made_before_they_are_asked_for() -> None:
    made, at_most = [], threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    reading = read_ahead(items())
    next(reading)
    at_most.wait(0.05)
    assert len(made) <= 1 + AHEAD + 1
    reading.close()


def test_what_is_raised_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[str]:
        yield "a"
        yield "b"
        raise LookupError("c")

    reading = read_ahead(items())
    assert [next(reading), next(reading)] == ["a", "b"]
    with pytest.raises(LookupError, match="c"):
        next(reading)


def test_making_ends_when_the_reader_stops() -> None:
    def items() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    before = threading.active_count()
    reading = read_ahead(items())
    next(reading)
    reading.close()
    assert threading.active_count() == before
