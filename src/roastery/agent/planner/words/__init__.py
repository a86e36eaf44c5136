"""Word lists of the offline model: data, not code."""
