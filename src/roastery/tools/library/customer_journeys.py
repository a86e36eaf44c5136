"""customer_journeys: the paths that people took before they converted, and where they were lost."""

from pydantic import Field

from roastery.tools.crediting import JourneyArguments


class CustomerJourneysArguments(JourneyArguments):
    """How much of the paths to show; `customer` asks for one person's own journey, outside of the agent only."""

    conversion: str = "orders"
    paths: int = Field(default=10, ge=1, le=100, description="How many of the most frequent paths to show.")
    steps: int = Field(default=5, ge=2, le=10, description="Touches of a path that funnel and flow show.")
    customer: str | None = Field(
        default=None, description="One customer's own steps; for people who may see personal data, never for a model."
    )
