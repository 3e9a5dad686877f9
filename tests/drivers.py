"""Files that name OpenCL drivers."""


def driver_file(folder, library, name="broken.icd"):
    """A file in `folder` that names `library`; returns its path."""
    path = folder / name
    path.write_text(library + "\n")
    return path
