"""The recipes of docs/from-pytorch.md, one after the other, as they are written."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "from-pytorch.md"


def test_the_recipes_run(device, tmp_path, monkeypatch):
    pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["loss"].dtype.name == "float32"
    assert names["scaler"].get_scale() > 0
    assert names["optimizer"].param_groups[0]["lr"] < 1e-3
