"""Sequences that hold something narrower than their items and make these only where somebody asks for one."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

Item = TypeVar("Item", covariant=True)


class MadeWhenAsked(Sequence[Item]):
    """A sequence by its length and its iterator alone: asked for one item, it makes all of them."""

    @abstractmethod
    def __len__(self) -> int: ...
    @abstractmethod
    def __iter__(self) -> Iterator[Item]: ...

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        return list(self)[place]

    def __repr__(self) -> str:
        return repr(list(self))
