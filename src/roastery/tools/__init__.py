"""Tools: typed questions that compute numbers. A model chooses among them and never makes a number itself."""
