"""The service's own tables, as SQLAlchemy 2 typed models; migrations/ makes them."""

from roastery.api.store.tables.acting import (
    AlertFiringRow,
    AlertRow,
    ApprovalRow,
    DeliveryRow,
    ScheduleRow,
    SlackEventRow,
)
from roastery.api.store.tables.answers import (
    AnswerRow,
    ConversationRow,
    ExperimentRow,
    MemoryRow,
    ReceiptRow,
    RecommendationRow,
    TraceRow,
    VerifiedAnswerRow,
)
from roastery.api.store.tables.base import Base, Document, Instant
from roastery.api.store.tables.keeping import AuditRow, ErasureRow, ExecutorRow
from roastery.api.store.tables.people import KeyRow, OrganizationRow, SlackWorkspaceRow, UserRow
from roastery.api.store.tables.sources import (
    ConnectionRow,
    ConsentRow,
    IdempotencyRow,
    ImportMappingRow,
    ImportRow,
    ReceivedEventRow,
)

__all__ = [
    "AlertFiringRow",
    "AlertRow",
    "AnswerRow",
    "ApprovalRow",
    "AuditRow",
    "Base",
    "ConnectionRow",
    "ConsentRow",
    "ConversationRow",
    "DeliveryRow",
    "Document",
    "ErasureRow",
    "ExecutorRow",
    "ExperimentRow",
    "IdempotencyRow",
    "ImportMappingRow",
    "ImportRow",
    "Instant",
    "KeyRow",
    "MemoryRow",
    "OrganizationRow",
    "ReceiptRow",
    "ReceivedEventRow",
    "RecommendationRow",
    "ScheduleRow",
    "SlackEventRow",
    "SlackWorkspaceRow",
    "TraceRow",
    "UserRow",
    "VerifiedAnswerRow",
]
