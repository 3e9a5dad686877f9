"""Run every kernel template, in both skeletons, under Oclgrind's memory and data-race checks.

    python tests/run_oclgrind.py [more arguments of pytest]

Oclgrind (the package oclgrind, or pip install "pyopencl[oclgrind]") interprets kernels instruction
by instruction and is some hundred times slower than a driver, so this takes a selection of the
suite at small sizes. It finds accesses outside a buffer, races within and between work-groups, and
barriers that only a part of a group reaches. It tells so neither by its exit status nor by an
OpenCL error: the verdict is its log, which must be empty. The tests must pass as well, every line
of the selection must name a test, and every template with a kernel must be launched. Buffers end
where their elements end, not where the pool's size class does, so what reads or writes beyond is
seen. Windows, paddings and indices are also drawn at random, anew in each run; DRAWS_SEED, which is
printed, repeats one, and DRAWS says how many there are of each kind. (Its check
for what was never written does not know LLVM's `freeze`, which its own compiler makes of most of
these kernels, so it stays off.)

With --collect-only it only lists the tests of the selection, which needs no Oclgrind.
OCLGRIND_ICD names the driver's library or .icd file where it is not in one of the usual places.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("/usr/lib/oclgrind", "/usr/lib64/oclgrind", "/usr/local/lib", "/opt/homebrew/lib")
#: By bytes of local memory and by module: regular expressions for the beginnings of tests. The
#: memory is as small as devices have it, so what asks for more is found; Winograd's kernels X
SELECTION = {
    32 << 10: {
        "ops/shape/border": (r"drawn",),
        "ops/conv/conv": (
            r"drawn",
            r"views",
            r"integers",
            r"against_sums_written_out\[(cpu|gpu)-x_shape(1|2|4|6|7|8|11|14|15)-",
            r"transposed_convolution_is_the_adjoint\[(cpu|gpu)-2",
            r"an_expression_over_a_convolution\[(cpu|gpu)-x_shape(0|1|4)-",
        ),
        "ops/conv/fixed": (r"bits_of_convolutions",),
        "ops/conv/implicit": (r"both_gradients\[x_shape(0|1|3|6|8|9)-",),
        "ops/conv/direct": (
            r"depthwise_sizes",
            r"depthwise_taps\w+\[(16|19)-taps[1249]-",
            r"several_filters\w+\[1-5\]",
            r"few_channels\[image[0267]-",
            r"operands_that_begin\w+\[1-1\]",
        ),
        "ops/conv/minimal": (r"sizes\[image[134]-",),
        "ops/conv/depthwise": (
            r"sizes_around_the_edges",
            r"taps_strides_dilations\[(cpu|gpu)-taps0-",
            r"taps_strides_dilations\[cpu-",
            r"groups_of_two",
        ),
        "ops/conv/patch": (
            r"filters_as_lanes",
            r"tiles_of_several_shapes",
            r"every_other_pixel_of_a_row",
            r"padding_beyond_the_filter",
        ),
        "ops/linalg/gemm": (
            r"few_columns_or_few_rows\[(cpu|gpu)-\w+-(1|3)\]",
            r"thin_products",
            r"one_step",
            r"views_that_begin\w+\[gpu-(nn|tn)-[14]\]",
            r"an_expression_over_a_product\[(cpu|gpu)-(7-17|9-1|1-9|33-3-90)-",
            r"an_expression_over_a_product_of_another_width",
            r"views_and_batches_without_local_memory\[(small|large)\]",
        ),
        "ops/index/pick": (
            r"reading_and_writing",
            r"nonzero\[\w+-bool-sizes[0-3]\]",
            r"taking",
        ),
        "ops/index/nonzero": (r"blocks_and_their_edges\[gpu-0.5-",),
        "ops/fft/run": (r"every_kind_of_length\[(cpu|gpu)-(7|16|36|97|1000)\]", r"lines_along"),
        "ops/fft/real": (r"spectra_of_real_lines_and_back\[(cpu|gpu)-(6|9)\]",),
        "ops/shape/windows": (r"windows_and_their_sum",),
        "ops/shape/parts": (r"rows_on_both", r"what_is_written"),
        "ops/shape/join": (r"joining", r"padding", r"roll", r"triangles", r"drawn"),
        "ops/linalg/cholesky": (r"factors\[(cpu|gpu)-batch2-(5|65)\]", r"complex_factors\[\w+-5\]"),
        "ops/linalg/eigh": (
            r"values_and_vectors\[(cpu|gpu)-batch1-(1|5)\]",
            r"hermitian_matrices\[\w+-5\]",
        ),
        "ops/linalg/ldl": (
            r"systems\[(cpu|gpu)-batch1-5\]",
            r"complex_systems\[(cpu|gpu)-5-",
            r"factors_are_those",
        ),
        "ops/linalg/lu": (
            r"factors\[(cpu|gpu)-batch2-shape(3|5)\]",
            r"factors\[cpu-batch0-shape7\]",
            r"solutions\[\w+-5\]",
        ),
        "ops/linalg/qr": (
            r"factors\[(cpu|gpu)-batch2-shape(4|5)\]",
            r"complex_factors\[\w+-shape(0|1)\]",
        ),
        "ops/linalg/rotations": (r"(eigenvalues|singular_values)\w+\[\w+-\w+-(1|9)\]",),
        "ops/linalg/svd": (
            r"values_and_vectors\[\w+-\w+-shape(2|3|7)\]",
            r"complex_values_and_vectors\[\w+-shape(0|1)\]",
        ),
        "ops/linalg/triangular": (
            r"both_sides\w+\[\w+-batch1-5\]",
            r"batches",
            r"complex_triangles",
        ),
        "ops/linalg/solve": (r"complex_systems\[\w+-5\]",),
        "ops/linalg/matrix_units": (r"products_are_exact\[(mma m16n8k8|wmma_f32)",),
        "ops/linalg/matmul": (
            r"strided_views",
            r"bool",
            r"integers_of_several_types",
            r"nan",
            r"ranks",
            r"sizes_around_tile_edges_in_all_orders\[(cpu-own|cpu-other|gpu-own)-\w+-(1|5|7|11)-",
        ),
        "nn/recurrent_launches": (
            r"tiles_that_are_not_full\[(cpu|gpu)-own-8-sizes0\]",
            r"gradients_where_tiles\w+\[(cpu|gpu)-own-lstm\]",
            r"groups_compute\w+\[gru\]",
        ),
        "nn/functional/criteria": (r"cross_entropy_of_views", r"cross_entropy_by_hand"),
        "ops/elementwise/bounds": (r"a_value_outside_is_found\w+\[(cpu|gpu)-(0|9999)-nan\]",),
        "core/declare": (r"every_layout_in_both_skeletons\[(cpu|gpu)-deferred-(add|exp|where)-",),
        "ops/kernels/merge_sort": (
            r"equal_elements_keep_their_order\[(cpu|gpu)-\w+-(1|33)\]",
            r"nan",
        ),
        "ops/kernels/radix_sort": (
            r"sizes_around_the_edges_of_blocks\[(cpu|gpu)-(2|513)\]",
            r"a_lane_of_equal_elements",
            r"a_lane_alone\w+\[cpu-(101|700)-(float32|uint8)",
            r"drawn",
        ),
        "ops/kernels/select": (r"the_best_of_each_lane\[8-sizes[0-2]-", r"the_place_of_a_rank"),
        "ops/reduce/running": (
            r"running_extremes\[(cpu|gpu)-1-sizes[0-2]\]",
            r"logcumsumexp\[\w+-sizes[0-2]\]",
            r"a_recurrence_by_hand",
            r"drawn",
        ),
        "ops/index/combine": (r"scatter_reduce\[\w+-float32-True-\w+\]", r"drawn"),
        "ops/index/put": (r"reading_by_drawn", r"assigning_and", r"the_last_value_written"),
        "ops/count": (r"places_in", r"what_is_outside"),
        "ops/network/pool": (
            r"drawn",
            r"a_window_wholly_in_the_padding",
            r"nan",
            r"max_of_integers",
            r"views",
            r"max_with_dilation",
            r"max_against_windows_written_out\[(cpu|gpu)-size(0|2|5)-",
            # Of later windows its compiler makes llvm.usub.sat, which Oclgrind 21.10 lacks.
            r"average_against_windows_written_out\[(cpu|gpu)-size[0-3]-",
        ),
        "ops/network/labels": (
            r"losses_of_scores\w+\[(cpu|gpu)-(3|33|100)\]",
            r"means_in_one_launch",
            r"a_label_out_of_range_in_one_launch",
        ),
        "ops/network/normalize": (
            r"running_statistics_move_with_the_moments\[(cpu|gpu)-shape[0-3]\]",
            r"running_statistics_in_one_buffer",
        ),
        "ops/network/pool_launch": (r"gradients_by_taps",),
        "ops/network/attention": (
            r"odd_sizes\[(cpu|gpu)-own",
            r"dropout_is_the_same\w+\[(cpu|gpu)-own",
            r"grouped_heads\[gpu-True\]",
            r"rows_that_begin_anywhere",
            r"floats_of_16_bits\w+\[8-",
            r"second_derivatives\[0.4\]",
        ),
        "ops/network/ctc": (r"against_all_paths",),
        "ops/network/resample": (r"as_a_product_with_a_matrix", r"many_taps"),
        "ops/random/draw": (r"every_form_of_the_kernel_gives_the_same_bits\[[0-5]\]",),
        "ops/random/choose": (r"a_class_without_a_chance_is_never_drawn",),
        "ops/random/sample": (r"every_device_and_form_gives_the_same_bits", r"empty_and_broadcast"),
        "ops/reduce/fold": (
            r"sizes_around_the_edges\[(cpu|gpu)-(1|31|33|65|257)\]",
            r"rows_of_every_size\[(cpu|gpu)-(1|33|65)\]",
            r"columns_of_every_size\[(cpu|gpu)-(1|33|65)\]",
            r"all_axes\[(cpu|gpu)-(None|0|1|2|axis[456])\]",
            r"views_are",
            r"one_element",
            r"nan_wins",
            r"a_held",
            r"moments\[(cpu|gpu)-0.0-shape[0-3]-",
            r"sums\[(cpu|gpu)-shape[0-2]-",
            r"best_elements",
        ),
        "reproducibility": (r"ways\w+\[(cpu|gpu)-lazy-\w+/SGD\]",),
        "lazy/fixed": (
            r"bits_of_reductions\[(cpu|gpu)-shape[03-6]-\S+-(sum|amax)\]",
            r"complex_sums",
        ),
        "ops/index/fixed": (r"bits_of_sums\[(cpu|gpu)-", r"several_indices"),
        "ops/linalg/fixed": (r"bits_of_products\[(cpu|gpu)-shape[0-5]\]", r"bits_do\w+lie\["),
        "lazy/walks": (
            r"broadcast_operands\[gpu-(float32|float16|complex64)-shape[0126]\]",
            r"views_are_read",
            r"turned_operands\[gpu-(float32|uint8)-shape4-",
        ),
        "lazy/grids": (r"blocks_cover_all_elements\[256-(0|17)\]",),
        "lazy/reducecode": (
            r"parts_of_a_range_are_merged",
            r"operands_that_are_held_are_whole\[(cpu|gpu)-\w+-shape[03]\]",
        ),
        "lazy/rowcode": (
            r"softmax_is",
            r"results_kept_for_a_later_loop\[(cpu|gpu)-\w*-33\]",
            r"rows_keep",
            r"a_whole_shape",
            r"every_stored_node_is_whole\[(cpu|gpu)-[0-2]\]",
            r"scattered",
            r"rows_of_teams_of_every_size\[3-(5|17|20|68|1030|6000)\]",
        ),
        "ops/reduce/scan": (
            r"cumsum\[\w+-\w+-sizes[0-5]\]",
            r"a_view",
            r"lanes_around\w+\[gpu-(65|2049)\]",
        ),
        "ops/index/gather": (r"gather_and_scatter_add", r"take_along"),
        "ops/index/scatter": (
            r"index_add\[\w+-sizes[0-2]-float32\]",
            r"one_hot",
            r"the_last_of_equal",
            r"drawn",
        ),
        "ops/sort": (r"sort_is_stable_along_every_axis\[\w+-\w+-sizes[0-5]\]", r"topk"),
    },
    256 << 10: {
        "ops/conv/conv": (
            r"an_expression_over_a_convolution\[cpu-x_shape[23]-",
            r"drawn_images\[cpu-",
        ),
        "ops/conv/winograd": (r"tiles\[(own|other)-[24]-x_shape(0|1|13)-", r"views"),
    },
}


def file_of(module: str) -> Path:
    """The file of tests of a module, which SELECTION names by its place in the package."""
    folder, _, name = module.rpartition("/")
    return ROOT / "tests" / folder / f"test_{name}.py"


class Selected:
    """A plugin of pytest: keeps the selection, and makes the kernels for CPUs the native ones."""

    def __init__(self, *local_memories: int) -> None:
        chosen = [pair for size in local_memories for pair in SELECTION[size].items()]
        self.files = sorted({str(file_of(module)) for module, _ in chosen})
        self.patterns = [
            (file_of(module), re.compile(f"test_{test}"))
            for module, tests in chosen
            for test in tests
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = set()
        for file, pattern in self.patterns:
            found = [item for item in items if item.path == file and pattern.match(item.name)]
            if not found:
                raise pytest.UsageError(f"no test of {file} is called {pattern.pattern}")
            wanted.update(found)
        items[:] = [item for item in items if item in wanted]

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            return
        from cltensor.runtime import memory
        from cltensor.runtime.device import get

        device = get()
        if "oclgrind" not in device.title.lower():
            pytest.exit(f"the default device is {device.title}, not Oclgrind's", returncode=2)
        device.is_cpu = True
        memory.size_class = lambda nbytes: max(1, nbytes)


def run_tests(local_memory: int, arguments: list[str]) -> int:
    """Run the tests for so much local memory in this process, and note which kernels it launches
    in the file LAUNCHED names."""
    sys.path.insert(0, str(ROOT))
    from cltensor.runtime.events import listen

    launched = set()
    listen(lambda event: launched.add(event.kernel.name))
    plugin = Selected(local_memory)
    status = int(pytest.main(["-q", "-m", "", *arguments, *plugin.files], plugins=[plugin]))
    with Path(os.environ["LAUNCHED"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in launched)
    return status


def kernels() -> set[str]:
    """The templates that have a kernel of their own."""
    sources = (ROOT / "cl_kernels").glob("*/*.cl")
    return {path.stem for path in sources if "__kernel" in path.read_text("utf-8")}


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
    """Run the tests in processes of their own and judge them by Oclgrind's logs."""
    if "LAUNCHED" in os.environ:
        return run_tests(int(os.environ["OCLGRIND_LOCAL_MEM_SIZE"]), sys.argv[1:])
    if "--collect-only" in sys.argv:
        plugin = Selected(*SELECTION)
        return int(pytest.main(["-q", "-m", "", *sys.argv[1:], *plugin.files], plugins=[plugin]))
    failed, report = False, ""
    seed = os.environ.get("DRAWS_SEED") or str(secrets.randbelow(1 << 31))
    print(f"DRAWS_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        launched = Path(folder, "launched")
        for local_memory in SELECTION:
            log = Path(folder, f"log{local_memory}")
            environment = {
                "OCL_ICD_VENDORS": driver(),
                "CLTENSOR_DEVICE": "cl:oclgrind",
                "OCLGRIND_LOG": str(log),
                "OCLGRIND_DATA_RACES": "1",
                "OCLGRIND_MAX_ERRORS": "1000",
                "OCLGRIND_LOCAL_MEM_SIZE": str(local_memory),
                "CLTENSOR_CACHE": folder,
                "DRAWS": os.environ.get("DRAWS") or "8",
                "DRAWS_SEED": seed,
                "LAUNCHED": str(launched),
            }
            command = [sys.executable, __file__, *sys.argv[1:]]
            done = subprocess.run(command, env=os.environ | environment, check=False)
            failed = failed or done.returncode != 0
            report += log.read_text("utf-8", "replace") if log.exists() else ""
        left_out = sorted(kernels() - set(launched.read_text("utf-8").split()))
    if left_out:
        print(f"templates that no test of the selection launched: {', '.join(left_out)}")
    print(report or "Oclgrind reports nothing.")
    return 1 if failed or left_out or report else 0


if __name__ == "__main__":
    sys.exit(main())
