"""Juniper Wellness, four practices in three countries' cities: enquiries, appointments, packages, memberships."""
