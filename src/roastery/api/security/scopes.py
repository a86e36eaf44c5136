"""What a credential may see of the rows: dimension to values, checked before it is stored."""

from collections.abc import Mapping, Sequence

from roastery.api.errors import BadBody
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.own import semantics_of


def checked_scope(organization: Organization, scope: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The scope as given. Errors: UnknownName for what is no dimension, BadBody for one without values."""
    semantics = semantics_of(organization.metrics)
    for dimension, values in scope.items():
        semantics.dimension(dimension)
        if not values:
            raise BadBody(f"row_scope names no value of '{dimension}'. Name at least one, or leave it out to show all.")
    return {dimension: tuple(values) for dimension, values in scope.items()}
