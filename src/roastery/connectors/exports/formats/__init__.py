"""Export formats, one file each: the headers in every language, and how rows fill the contracts."""
