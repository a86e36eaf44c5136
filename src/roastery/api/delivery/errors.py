"""Errors of delivery, classed by who acts next.

StoreError
└── NotDelivered        did not get through this time; try again
    └── NotDeliverable      will not get through until somebody changes something
"""

from roastery.warehouse.errors import StoreError


class NotDelivered(StoreError):
    """The message did not get through this time."""


class NotDeliverable(NotDelivered):
    """The message will not get through until the channel or a setting is changed; the sentence says which."""
