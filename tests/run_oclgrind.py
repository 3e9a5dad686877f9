"""Run every kernel template, in both skeletons, under Oclgrind's memory and data-race checks.

    python tests/run_oclgrind.py [more arguments of pytest]

Oclgrind (the package oclgrind, or pip install "pyopencl[oclgrind]") interprets kernels instruction
by instruction and is some hundred times slower than a driver, so this takes a selection of the
suite at small sizes. It finds accesses outside a buffer, races within and between work-groups, and
barriers that only a part of a group reaches. It tells so neither by its exit status nor by an
OpenCL error: the verdict is its log, which must be empty. The tests must pass as well, and no
template may be left out. (Its check for what was never written does not know LLVM's `freeze`, which
its own compiler makes of most of these kernels, so it stays off.)

OCLGRIND_ICD names the driver's library or .icd file where it is not in one of the usual places.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("/usr/lib/oclgrind", "/usr/lib64/oclgrind", "/usr/local/lib", "/opt/homebrew/lib")
#: Tests of each kernel, by regular expression over "file::test[parameters]".
SELECTION = (
    r"conv.py::test_(views|integers|empty_batch)",
    r"conv.py::test_against_sums_written_out\[(cpu|gpu)-x_shape(1|2|4|6|7|8|11|14|15)-",
    r"conv_winograd.py::test_tiles\[[24]-x_shape0-",
    r"conv_winograd.py::test_views",
    r"conv_depth.py::test_sizes_around_the_edges\[(1|5)-(3|9)\]",
    r"conv_depth.py::test_taps_strides_dilations\[(cpu|gpu)-taps0-",
    r"conv_patch.py::test_filters_as_lanes\[size0-17\]",
    r"conv_patch.py::test_every_other_pixel_of_a_row\[1-17\]",
    r"conv.py::test_transposed_convolution_is_the_adjoint\[(cpu|gpu)-2",
    r"linalg.py::test_(strided_views|bool|mixed|nan|ranks)",
    r"linalg.py::test_sizes_around_tile_edges_in_all_orders\[(cpu|gpu)-\w+-(1|5|7|13|17)-",
    r"gemm.py::test_(few_columns_or_few_rows\[(cpu|gpu)-\w+-(1|3)\]|thin_products|one_step)",
    r"rowcode.py::test_(softmax_is|scattered)",
    r"pool.py::test_(nan|max_of_integers|views|max_with_dilation)",
    r"pool.py::test_max_against_windows_written_out\[(cpu|gpu)-size(0|2|5)-",
    # Of later windows its compiler makes llvm.usub.sat, which Oclgrind 21.10 does not know.
    r"pool.py::test_average_against_windows_written_out\[(cpu|gpu)-size[0-3]-",
    r"reduce.py::test_sizes_around_the_edges\[(cpu|gpu)-(1|31|33|65|257)\]",
    r"reduce.py::test_(rows|columns)_of_every_size\[(cpu|gpu)-(1|33|65)\]",
    r"reduce.py::test_(views_are|one_element|nan_wins|a_held|all_axes)",
    r"op.py::test_every_layout_in_both_skeletons\[(cpu|gpu)-deferred-(add|exp|where)-",
    r"index.py::test_reading_and_writing",
    r"index.py::test_(gather_and_scatter_add|one_hot|taking|the_last_of_equal)",
    r"index.py::test_(nonzero\[\w+-bool-sizes[0-3]|index_add\[\w+-sizes[0-2]-float32)",
    r"shape.py::test_(concat|stack|pad|flip|roll|copies)",
    r"sort.py::test_(cumsum|sort_is_stable_along_every_axis)\[\w+-\w+-sizes[0-5]\]",
    r"sort.py::test_topk",
    r"random.py::test_every_form_of_the_kernel_gives_the_same_bits\[[0-5]\]",
    r"nn_loss.py::test_cross_entropy_(of_views|by_hand)",
)


class Selected:
    """A plugin of pytest: keeps the selection, and makes the kernels for CPUs the native ones."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = re.compile("|".join(f"test_{pattern}" for pattern in SELECTION))
        items[:] = [item for item in items if wanted.match(item.nodeid.split("/")[-1])]

    def pytest_sessionstart(self) -> None:
        from cltensor.device import get

        device = get()
        if "oclgrind" not in device.title.lower():
            pytest.exit(f"the default device is {device.title}, not Oclgrind's", returncode=2)
        device.is_cpu = True


def run_tests(arguments: list[str]) -> int:
    """Run the selection in this process; 1 if a test failed or a template was never rendered."""
    sys.path.insert(0, str(ROOT))
    from cltensor import codegen, program

    render, rendered = program.render, set()

    def noting(device: object, template: str, **params: object) -> str:
        rendered.add(template)
        return render(device, template, **params)

    program.render = codegen.render = noting
    status = int(pytest.main(["-q", *arguments, str(ROOT / "tests")], plugins=[Selected()]))
    sources = program.TEMPLATES.glob("*.cl")
    kernels = {path.stem for path in sources if "__kernel" in path.read_text("utf-8")}
    left_out = sorted(kernels - rendered)
    if left_out:
        print(f"templates that no test of the selection rendered: {', '.join(left_out)}")
    return status or bool(left_out)


def driver() -> str:
    """The library of Oclgrind that an OpenCL loader can load."""
    folders = [Path(place) for place in PLACES]
    folders += [Path(entry, "pyopencl", ".libs") for entry in sys.path]
    found = [str(path) for folder in folders for path in folder.glob("liboclgrind-rt-icd*")]
    chosen = os.environ.get("OCLGRIND_ICD") or next(iter(found), None)
    if chosen is None:
        sys.exit("Oclgrind was not found; install it, or name its library in OCLGRIND_ICD")
    return chosen


def main() -> int:
    """Run the tests in a process of their own and judge them by Oclgrind's log."""
    if os.environ.get("OCLGRIND_LOG"):
        return run_tests(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        environment = {
            "OCL_ICD_VENDORS": driver(),
            "OCLGRIND_LOG": str(log),
            "OCLGRIND_DATA_RACES": "1",
            "OCLGRIND_MAX_ERRORS": "1000",
            "CLTENSOR_CACHE": folder,
        }
        command = [sys.executable, __file__, *sys.argv[1:]]
        status = subprocess.run(command, env=os.environ | environment, check=False).returncode
        report = log.read_text("utf-8", "replace") if log.exists() else ""
    print(report or "Oclgrind reports nothing.")
    return 1 if report else status


if __name__ == "__main__":
    sys.exit(main())
