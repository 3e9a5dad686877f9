"""The families of checks, each in a module of its own."""

#: The modules, in the order in which they run.
MODULES = (
    "copies", "pointwise", "special", "halves", "folds", "products", "convolutions", "pooling",
    "indexing", "ordering", "matrices", "spectra", "chance", "learning", "recurrent", "attention",
    "replays", "bits",
)  # fmt: skip
