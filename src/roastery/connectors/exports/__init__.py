"""Files that people export from a provider's own screens: recognized by their headers, read, and shown before use."""
