"""Matrix products: square, skinny, batched and with a transposed operand."""

from benchmarks.case import Case, Library

FAMILY = "matmul"


def _case(name: str, a: tuple[int, ...], b: tuple[int, ...], transposed: bool = False) -> Case:
    """a @ b; with transposed, b is given with its last two axes exchanged."""

    def build(lib: Library):
        x, y = lib.normal(*a), lib.normal(*b)
        if transposed:
            return lambda: x @ y.swapaxes(-1, -2)
        return lambda: x @ y

    *batch, m, k = a
    n = b[-2] if transposed else b[-1]
    work = 2.0 * m * n * k
    for extent in batch:
        work *= extent
    return Case(FAMILY, name, build, work, "GFLOP/s")


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        *[_case(f"{n}", (n, n), (n, n)) for n in (256, 512, 1024, 2048)],
        _case("512, second transposed", (512, 512), (512, 512), transposed=True),
        _case("64x784 @ 784x256", (64, 784), (784, 256)),
        _case("128x784 @ 784x10", (128, 784), (784, 10)),
        _case("1024x1024 @ 1024x1", (1024, 1024), (1024, 1)),
        _case("32 of 128", (32, 128, 128), (32, 128, 128)),
    ]
