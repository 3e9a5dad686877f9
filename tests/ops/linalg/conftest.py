"""Matrix units, played by work-items."""

import pytest

import cltensor as ct
from cltensor.ops.linalg import unit_choice
from cltensor.ops.linalg.unit_tiles import UnitTile
from cltensor.runtime import tuning


@pytest.fixture
def use_units(device, use_skeletons, monkeypatch):
    """use_units(unit, ...) has the kernels for GPUs use these units for what they are, untried,
    until the test ends."""
    use_skeletons("gpu")

    def use(*units, gain=2.0):
        tiles = [UnitTile(unit, *groups) for unit in units for groups in unit.groups]
        if not all(tile.fits(device) for tile in tiles):
            pytest.skip(f"'{device}' ({device.title}) has no room for a tile of {units}")
        monkeypatch.setattr(unit_choice, "_tried", {})
        monkeypatch.setattr(unit_choice, "units_of", lambda device: units)
        monkeypatch.setattr(unit_choice, "gains", lambda _, unit: (gain,) * len(unit.groups))
        tuning.forget_plans()

    yield use
    ct.set_float32_matmul_precision("highest")
    tuning.forget_plans()
