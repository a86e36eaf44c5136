"""Advice by tool: one module a tool, named as the tool, with a function `advise`."""
