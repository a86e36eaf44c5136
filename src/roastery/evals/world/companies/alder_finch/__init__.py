"""Alder & Finch, consultants: leads from LinkedIn and search, consultations, proposals, retainers, three currencies."""
