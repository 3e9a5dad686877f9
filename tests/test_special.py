"""The namespace of special functions."""

import pytest

import cltensor as ct


def test_it_holds_what_is_declared_for_it_and_names_of_the_main_one():
    assert ct.special.expit is ct.sigmoid
    assert ct.special.erf is ct.erf
    assert "expit" in dir(ct.special)
    with pytest.raises(AttributeError, match="did you mean 'erf'"):
        ct.special.erff  # noqa: B018
