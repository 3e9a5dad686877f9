"""Special functions (`ct.special`), and those of the main namespace that are made as they are."""
