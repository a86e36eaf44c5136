"""Northgate Home Services: enquiries by form and call, proposals, jobs; HubSpot, QuickBooks and card payments."""
