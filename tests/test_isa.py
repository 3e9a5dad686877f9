"""What the compilers of GPUs make of the kernels for GPUs, which no GPU need run for it: registers,
memory, and how much of the innermost loops is multiply-adds. All targets: see docs/testing.md."""

import pytest
from isa import compilers, kernels, listing, units

from cltensor.ops.linalg.unit_tiles import tiles_of

ALL = [target for targets in compilers.TARGETS.values() for target in targets]
#: The rest take minutes.
USUAL = ("gfx1030",)


@pytest.fixture
def target(request):
    missing = compilers.missing(request.param)
    if missing:
        pytest.skip(f"{request.param}: {missing}")
    return request.param


def each_target(names, usual=ALL):
    marked = [
        name if name in usual else pytest.param(name, marks=pytest.mark.thorough) for name in names
    ]
    return pytest.mark.parametrize("target", marked, indirect=True, ids=names)


@pytest.mark.slow
@each_target(ALL, USUAL)
def test_kernels_stay_within_registers_and_local_memory(target):
    found = [
        f"{kernel.name} of '{kernel.workload}' {fault}"
        for kernel in kernels.used(kernels.vendor_of(target))
        for fault in kernels.faults(kernel, target)
    ]
    assert found == []


@pytest.mark.parametrize("workload", kernels.SHARES)
@each_target(["gfx1030", "sm_86"])
def test_share_of_multiply_adds(target, workload):
    names = (*kernels.TILES, *kernels.DIRECT)
    found = [loop.share for loop in kernels.tiles(workload, target, names)]
    least = kernels.SHARES[workload][target]
    assert len(found) == len(least)
    assert all(share >= bound for share, bound in zip(found, least, strict=True)), found


@each_target(["gfx1030", "sm_86"])
def test_share_of_multiply_adds_of_recurrent_layers(target):
    loops = list(kernels.recurrent(target))
    least = kernels.RECURRENT_SHARES[target]
    assert all(loop.share >= bound for loop, bound in zip(loops, least, strict=True)), loops
    assert all(loop.count("load", "local load") == 0 for loop in loops)


@pytest.mark.parametrize("workload", kernels.SHARES)
@each_target(["gfx1030"])
def test_a_block_is_staged_while_the_one_before_is_multiplied(target, workload):
    for loop in kernels.tiles(workload, target):
        assert loop.count("barrier") == 2
        assert loop.round_trips <= kernels.WAITS, listing.summary(loop)
        assert loop.count("local load") == 0 < loop.count("local load 16")
        if workload in kernels.STAGED:
            assert loop.count("load 16") >= 2


@pytest.mark.parametrize("workload", kernels.STRAIGHT["mali"])
@pytest.mark.parametrize("vendor", kernels.STRAIGHT)
@each_target(["gfx1030", "sm_86"])
def test_products_straight_from_memory(target, vendor, workload):
    """Those for makers whose chips nothing here compiles for, too."""
    (product,) = [each for each in kernels.launched(vendor) if each.workload == workload]
    assert (product.name, product.local) == ("gemm_gpu", (8, 8, 1))
    made = kernels.compiled(product.source, target)
    assert (made.shared, made.scratch, made.spills) == (0, 0, 0)
    assert made.registers <= kernels.REGISTERS["nvidia"]
    loop = made.loops.hottest
    assert loop.multiply_adds % 128 == 0
    assert loop.share >= kernels.STRAIGHT[vendor][workload][target], listing.summary(loop)
    # Twelve vectors for four steps of four rows and eight columns.
    assert loop.count("load 16") * 128 == 12 * loop.multiply_adds
    assert loop.count("load", "local load", "local load 16", "local store", "barrier") == 0


@pytest.mark.parametrize("target", compilers.TARGETS["intel"])
@pytest.mark.parametrize("workload", kernels.STRAIGHT["mali"])
def test_products_keep_to_the_registers_of_intels_chips(target, workload):
    """Of which the staged ones of the largest tiles are too many."""
    missing = compilers.missing(target)
    if missing:
        pytest.skip(missing)
    (product,) = [each for each in kernels.launched("intel") if each.workload == workload]
    assert kernels.compiled(product.source, target).spills == 0


@pytest.mark.parametrize("tile", [0, 1], ids=["large", "small"])
@each_target(units.UNITS, ["gfx90a", "gfx1100", "ptx", "sm_86", "dg2"])
def test_matrix_units(target, tile):
    found = [
        f"{unit.name} with {layout}: {fault}"
        for unit in units.UNITS[target]
        for layout in units.LAYOUTS[: 1 if tile else 4]
        for fault in units.faults(
            units.compiled(units.source(target, tiles_of(unit)[tile], layout), target),
            tiles_of(unit)[tile],
        )
    ]
    assert found == []


@each_target(["gfx90a", "sm_86"])
def test_float32_for_units_of_16_bits(target):
    for unit in units.UNITS[target]:
        if unit.kind == "bfloat16":
            tile = tiles_of(unit)[0]
            for layout in units.LAYOUTS:
                made = units.compiled(units.source(target, tile, layout, "float32"), target)
                assert [*units.faults(made, tile, rounds=True)] == []


@pytest.mark.parametrize("workload", kernels.BOUNDS)
@each_target(["gfx1030", "sm_86"])
def test_instructions_for_an_element(target, workload):
    for bound in kernels.BOUNDS[workload]:
        found = kernels.busiest(workload, bound, target).turns / bound.elements
        assert found <= bound.most[target], bound.name


@pytest.mark.parametrize("workload", ["sum", "sum of rows", "variance"])
@each_target(["gfx1030"])
def test_sums_load_several_vectors_before_they_wait(target, workload):
    (bound,) = kernels.BOUNDS[workload]
    loop = kernels.busiest(workload, bound, target)
    assert (loop.count("load 16"), loop.count("load"), loop.round_trips) == (4, 0, 1)


@each_target(["gfx1030"])
def test_a_row_is_read_once_and_reduced_between_few_barriers(target):
    (bound,) = kernels.BOUNDS["softmax"]
    loop = kernels.busiest("softmax", bound, target)
    assert (loop.count("load 16"), loop.count("store 16"), loop.count("barrier")) == (4, 4, 4)


def test_every_workload_launches_a_kernel():
    for vendor in compilers.TARGETS:
        names = {kernel.name for kernel in kernels.used(vendor)}
        assert {
            "gemm_gpu",
            "conv_gpu",
            "attention_gpu",
            "recurrent_step",
            "scan",
            "pool_gpu",
        } <= names
        assert not {name for name in names if name.endswith("_cpu")}


AMD = """\
kernel:
; %bb.0:
	s_load_dword s0, s[4:5], 0x0
.LBB0_1:                                ; =>This Loop Header: Depth=1
	global_load_dwordx4 v[0:3], v[4:5], off
	global_load_dword v6, v[4:5], off
	s_waitcnt vmcnt(0)
	ds_write_b128 v7, v[0:3]
.LBB0_2:                                ;   Parent Loop BB0_1 Depth=1
	ds_read_b128 v[0:3], v7
	v_fmac_f32_e32 v8, v0, v1
	v_dual_fmac_f32 v9, v0, v1 :: v_dual_fmac_f32 v10, v2, v3
	v_add_nc_u32_e32 v7, 16, v7
	s_cbranch_scc1 .LBB0_2
	s_cbranch_scc0 .LBB0_4
; %bb.3:
	s_branch .LBB0_1
.LBB0_4:
	s_endpgm
.Lfunc_end0:
"""


def test_loops_of_a_listing():
    whole = listing.of_amd(AMD)
    (outer,) = whole.inner
    assert whole.count("other") == outer.count("other") + 2 == 5
    assert (outer.count("load 16"), outer.count("load"), outer.round_trips) == (1, 1, 1)
    assert outer.count("local load 16") == outer.count("local store") == 1
    assert whole.hottest is outer.inner[0]
    assert (whole.hottest.multiply_adds, whole.hottest.share) == (3, 75)


SASS = """\
.text.kernel:
        /*0000*/                   MOV R1, c[0x0][0x28] ;
.L_x_0:
        /*0010*/                   LDG.E.128 R4, [R2.64] ;
        /*0020*/              @P1  BRA `(.L_x_2) ;
        /*0030*/                   FFMA R8, R4, R5, R8 ;
.L_x_1:
        /*0040*/              @!P0 BRA `(.L_x_0) ;
        /*0050*/                   EXIT ;
.L_x_2:
        /*0060*/                   FFMA R8, R6, R7, R8 ;
        /*0070*/                   BRA `(.L_x_1) ;
"""


def test_a_loop_has_the_blocks_that_lie_behind_it():
    (loop,) = listing.of_sass(SASS).inner
    assert (loop.count("load 16"), loop.multiply_adds, len(loop.kinds)) == (1, 2, 6)
    assert loop.share == pytest.approx(100 * 2 / 6)


PTX = """\
.entry kernel(
	.param .u64 kernel_param_0
)
{
	mov.u32 	%r1, %tid.x;
$L__BB0_1:
	ld.global.v4.f32 	{%f1, %f2, %f3, %f4}, [%rd1];
	fma.rn.f32 	%f5, %f1, %f2, %f5;
	@%p1 bra 	$L__BB0_1;
	ret;
}
"""


def test_ptx():
    (loop,) = listing.of_ptx(PTX).inner
    assert loop.kinds == ("load 16", "multiply-add", "vector")
