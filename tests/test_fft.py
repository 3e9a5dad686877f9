"""The namespace of Fourier transforms."""

import cltensor as ct


def test_it_holds_pytorchs_names():
    one = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
    names = one + [f"{n}{k}" for n in one for k in "2n"]
    assert {*names, "fftfreq", "rfftfreq", "fftshift", "ifftshift"} <= set(ct.fft.__all__)
    assert not hasattr(ct.Tensor, "fftn")
