"""The shape of a twin: one provider's server over the synthetic company, one class in one file, found by itself."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from starlette.routing import BaseRoute

from roastery.evals.twins.tokens import Tokens


class ProviderTwin(Protocol):
    """A provider's server. provider: as its source is named. settings and secrets: what a connection to it is given."""

    provider: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]]
    tokens: Tokens
    routes: Sequence[BaseRoute]

    def secrets(self) -> Mapping[str, str]: ...
