"""What setup.cfg cannot say: the kernel templates, beside the package here, travel inside it.

As a package of their own (package_dir) they would make of an editable install an import hook,
which neither mypy nor editors follow.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithKernels(build_py):
    """Copies cl_kernels/ to cltensor/cl_kernels/ of what is built."""

    def run(self) -> None:
        super().run()
        if getattr(self, "editable_mode", False):
            return
        target = Path(self.build_lib, "cltensor", "cl_kernels")
        target.mkdir(parents=True, exist_ok=True)
        here = Path("cl_kernels")
        for source in sorted([*here.glob("*/*.cl"), *here.glob("*.json")]):
            inside = target / source.relative_to(here)
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, inside)


setup(cmdclass={"build_py": BuildWithKernels})
