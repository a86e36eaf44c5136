"""The warehouse: what connectors land, curated and asked through the semantic layer. Imports nothing of ours."""
