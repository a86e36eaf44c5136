"""The service: settings, its own database, HTTP, Slack, delivery, jobs. The one room that wires all others."""
