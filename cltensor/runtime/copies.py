"""Copies between a buffer and the host, and the bytes of a buffer where they are."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer, amount, rescued


def write(buffer: Buffer, array: np.ndarray, offset: int = 0) -> None:
    """Copy `array` into `buffer` from byte `offset` on; returns when the host memory is free."""
    if array.nbytes:
        device = buffer.device
        device.check_process()
        whole = np.ascontiguousarray(array)
        copy = partial(device.copy_to, buffer.cl, whole, offset)
        with device.lock:
            try:
                copy()
            except Exception as error:
                rescued(device, error, copy, _copied(array, "to", device))


def download(buffer: Buffer, array: np.ndarray, offset: int = 0, wait: bool = True) -> Any:
    """Fill `array` from `buffer`, from byte `offset` on, when all earlier launches are done;
    returns it, or, without `wait`, the event that will be complete then."""
    if not array.nbytes:
        return array
    device = buffer.device
    device.check_process()
    if device.recorder is not None:
        device.recorder.refuse("reading values on the host")
    copy = partial(device.copy_from, buffer.cl, array, offset, wait)
    try:
        event = copy()
    except Exception as error:
        event = rescued(device, error, copy, _copied(array, "from", device))
    return array if wait else event


def mapped(buffer: Buffer) -> np.ndarray:
    """The bytes of `buffer` where they are, of a device that shows its memory."""
    device = buffer.device
    device.check_process()
    if not buffer.nbytes:
        return np.empty(0, np.uint8)
    if device.recorder is not None:
        device.recorder.refuse("sharing elements with the host")
    show = partial(device.show, buffer.cl, buffer.nbytes)
    try:
        return show()
    except Exception as error:
        return rescued(device, error, show, f"share: {amount(buffer.nbytes)} on '{device.name}'")


def _copied(array: np.ndarray, direction: str, device: Device) -> str:
    return f"copy: {amount(array.nbytes)} {direction} '{device.name}' ({device.title})"
