"""The notebooks in examples/, each executed from its first cell to its last."""

import json
import os

import numpy as np
import pytest
import samples
from example_runs import EXAMPLES

NAMES = ["loops", "basics", "autograd", "mlp", "cifar10"]
FOLDER = EXAMPLES / "notebooks"


def tiny_data(monkeypatch, folder):
    """A cell that has the data sets of a kernel be small ones, whose files are in `folder`."""
    from cltensor.data import cifar, mnist

    arrays = samples.tiny_mnist(monkeypatch, train=128, test=32)
    samples.write_digits(folder / "mnist", {n: samples.idx(a) for n, a in arrays.items()})
    (folder / "cifar10").mkdir()
    for name, batch in samples.tiny_cifar10(monkeypatch, 13).items():
        (folder / "cifar10" / f"{name}.bin").write_bytes(batch.tobytes())
    digests = [{n: tuple(c) for n, c in files.FILES.items()} for files in (mnist, cifar)]
    return (
        "import json, warnings\n"
        "warnings.simplefilter('error')\n"
        "from cltensor.data import cifar, files, mnist\n"
        f"of_mnist, of_cifar = json.loads({json.dumps(digests)!r})\n"
        "mnist.FILES = {name: files.Content(*c) for name, c in of_mnist.items()}\n"
        "cifar.FILES = {name: files.Content(*c) for name, c in of_cifar.items()}\n"
        f"cifar._SIZE = {cifar._SIZE}\n"
    )


def test_all_are_named():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(NAMES)
    page = (FOLDER / "README.md").read_text("utf-8")
    assert all(f"`{name}.py`" in page for name in NAMES)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those of Jupyter's packages
@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name, monkeypatch, tmp_path):
    why = "needs the extra 'notebooks'"
    jupytext = pytest.importorskip("jupytext", reason=why)
    nbclient = pytest.importorskip("nbclient", reason=why)
    pytest.importorskip("ipykernel", reason=why)
    from nbformat.v4 import new_code_cell

    book = jupytext.read(FOLDER / f"{name}.py")
    assert {cell.cell_type for cell in book.cells} == {"code", "markdown"}
    book.cells.insert(0, new_code_cell(tiny_data(monkeypatch, tmp_path)))
    for key, value in {
        "CLTENSOR_DATA": tmp_path,
        "NOTEBOOK_COUNT": 2000 if name == "loops" else 64,
        "NOTEBOOK_EPOCHS": 1,
        "PYTHONPATH": os.pathsep.join([str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")]),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": tmp_path / "ipython",
    }.items():
        monkeypatch.setenv(key, str(value))
    client = nbclient.NotebookClient(book, timeout=900, kernel_name="python3")
    done = client.execute(cwd=tmp_path)
    printed = "".join(
        output.text
        for cell in done.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stdout"
    )
    assert len(printed.splitlines()) >= 3
    assert not np.char.count(printed, "nan")
