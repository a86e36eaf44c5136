"""The service: settings, its own database, HTTP, Slack, delivery, jobs. The only room that wires the others together."""
