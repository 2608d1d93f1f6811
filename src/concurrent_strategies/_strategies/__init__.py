"""The strategies of this package: one file each, a table from the function's colour to a port."""
