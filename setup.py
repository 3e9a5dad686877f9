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
        for pattern in ("*.cl", "*.json"):
            for source in sorted(Path("cl_kernels").glob(pattern)):
                shutil.copyfile(source, target / source.name)


setup(cmdclass={"build_py": BuildWithKernels})
