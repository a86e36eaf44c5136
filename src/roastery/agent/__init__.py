"""The agent: plans tool calls, verifies and narrates. It never sees SQL or providers, and never makes a number."""
