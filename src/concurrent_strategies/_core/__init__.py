"""The engine: what every strategy shares. Nothing in here knows any strategy or port by name."""
