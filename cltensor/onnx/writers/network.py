"""Products, convolutions, pooling, normalization, attention and recurrent layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import int32, int64
from cltensor.onnx.record import Recorder, writes


@writes("matmul")
def _matmul(g: Recorder, a: Any, b: Any, *, out: Any) -> Any:
    return g.node("MatMul", g.value(a, out.dtype), g.value(b, out.dtype))


@writes("linear")
def _product(g: Recorder, x: Any, w: Any, *, out: Any) -> Any:
    return _linear(g, x, w, None, out)


@writes("linear", composite=True)
def _layer(g: Recorder, given: Any, *, out: Any) -> Any:
    return _linear(g, given("input"), given("weight"), given("bias"), out)


def _linear(g: Recorder, x: Any, w: Any, bias: Any, out: Any) -> Any:
    names = g.value(x, out.dtype), g.value(w, out.dtype)
    more = [] if bias is None else [g.value(bias, out.dtype)]
    if x.ndim == 2:
        return g.node("Gemm", *names, *more, transB=1)
    found = g.node("MatMul", names[0], g.node("Transpose", names[1], perm=[1, 0]))
    return g.node("Add", found, *more) if more else found


def _several(value: Any, n: int) -> list[int]:
    return [int(value)] * n if isinstance(value, (int, np.integer)) else [int(v) for v in value]


@writes("conv1d", "conv2d", "conv3d", composite=True)
def _conv(g: Recorder, given: Any, *, out: Any) -> Any:
    x, w, bias = given("input"), given("weight"), given("bias")
    n = w.ndim - 2
    if x.ndim != w.ndim:
        return NotImplemented
    padding = given("padding", 0)
    strides, dilations = _several(given("stride", 1), n), _several(given("dilation", 1), n)
    pads: list[int] | None = None
    if padding == "same":
        total = [(k - 1) * d for k, d in zip(w.shape[2:], dilations, strict=True)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    elif padding != "valid":
        pads = _several(padding, n) * 2
    names = [g.value(t, out.dtype) for t in (x, w, bias) if t is not None]
    return g.node(
        "Conv", *names, strides=strides, dilations=dilations, pads=pads or [0] * 2 * n,
        group=int(given("groups", 1)), kernel_shape=list(w.shape[2:]),
    )  # fmt: skip


@writes("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", composite=True)
def _conv_transpose(g: Recorder, given: Any, *, out: Any) -> Any:
    x, w, bias = given("input"), given("weight"), given("bias")
    n = w.ndim - 2
    if x.ndim != w.ndim:
        return NotImplemented
    names = [g.value(t, out.dtype) for t in (x, w, bias) if t is not None]
    return g.node(
        "ConvTranspose", *names, strides=_several(given("stride", 1), n),
        pads=_several(given("padding", 0), n) * 2, group=int(given("groups", 1)),
        output_padding=_several(given("output_padding", 0), n),
        dilations=_several(given("dilation", 1), n), kernel_shape=list(w.shape[2:]),
    )  # fmt: skip


def _pool(g: Recorder, operator: str, given: Any, n: int, out: Any, **more: Any) -> Any:
    x = given("input")
    if x.ndim != n + 2 or isinstance(out, tuple):
        return NotImplemented
    kernel = _several(given("kernel_size"), n)
    stride = given("stride")
    strides = kernel if stride is None or stride == () else _several(stride, n)
    return g.node(
        operator, g.value(x), kernel_shape=kernel, strides=strides,
        pads=_several(given("padding", 0), n) * 2, ceil_mode=int(bool(given("ceil_mode"))), **more,
    )  # fmt: skip


def _declare_pools() -> None:
    def max_pool(n: int) -> Any:
        def write(g: Recorder, given: Any, *, out: Any) -> Any:
            return _pool(g, "MaxPool", given, n, out, dilations=_several(given("dilation", 1), n))

        return write

    def avg_pool(n: int) -> Any:
        def write(g: Recorder, given: Any, *, out: Any) -> Any:
            if given("divisor_override") or (given("ceil_mode") and g.version < 19):
                return NotImplemented
            counts = given("count_include_pad", True)
            return _pool(g, "AveragePool", given, n, out, count_include_pad=int(bool(counts)))

        return write

    for n in (1, 2, 3):
        writes(f"max_pool{n}d", composite=True)(max_pool(n))
        writes(f"avg_pool{n}d", composite=True)(avg_pool(n))


_declare_pools()


@writes("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", composite=True)
def _adaptive(g: Recorder, given: Any, *, out: Any) -> Any:
    x = given("input")
    inner = x.shape[2:]
    if any(n != 1 for n in out.shape[2:]) or not inner:
        sizes = [n // m for n, m in zip(inner, out.shape[2:], strict=True)]
        if any(n % m for n, m in zip(inner, out.shape[2:], strict=True)):
            return NotImplemented
        return g.node("AveragePool", g.value(x), kernel_shape=sizes, strides=sizes)
    return g.node("GlobalAveragePool", g.value(x))


def _ones_and_zeros(g: Recorder, weight: Any, bias: Any, n: int, dtype: Any) -> list[str]:
    return [
        g.value(weight, dtype) if weight is not None else g.constant(np.ones(n), dtype),
        g.value(bias, dtype) if bias is not None else g.constant(np.zeros(n), dtype),
    ]


@writes("batch_norm", composite=True)
def _batch_norm(g: Recorder, given: Any, *, out: Any) -> Any:
    if given("training") or given("running_mean") is None:
        return NotImplemented
    x, dtype = given("input"), out.dtype
    own = _ones_and_zeros(g, given("weight"), given("bias"), x.shape[1], dtype)
    known = [g.value(given(n), dtype) for n in ("running_mean", "running_var")]
    return g.node("BatchNormalization", g.value(x), *own, *known, epsilon=float(given("eps", 1e-5)))


@writes("instance_norm", composite=True)
def _instance_norm(g: Recorder, given: Any, *, out: Any) -> Any:
    if not given("use_input_stats", True):
        return NotImplemented
    x = given("input")
    own = _ones_and_zeros(g, given("weight"), given("bias"), x.shape[1], out.dtype)
    return g.node("InstanceNormalization", g.value(x), *own, epsilon=float(given("eps", 1e-5)))


@writes("layer_norm", composite=True)
def _layer_norm(g: Recorder, given: Any, *, out: Any) -> Any:
    x, shape = given("input"), given("normalized_shape")
    sizes = [shape] if isinstance(shape, int) else list(shape)
    weight, bias = given("weight"), given("bias")
    names = [g.value(weight, out.dtype) if weight is not None
             else g.constant(np.ones(sizes), out.dtype)]  # fmt: skip
    names += [] if bias is None else [g.value(bias, out.dtype)]
    return g.node(
        "LayerNormalization", g.value(x, out.dtype), *names, axis=-len(sizes),
        epsilon=float(given("eps", 1e-5)),
    )  # fmt: skip


@writes("group_norm", composite=True)
def _group_norm(g: Recorder, given: Any, *, out: Any) -> Any:
    # As a normalization of each group as one channel: ONNX's own came late, and changed.
    x, groups = given("input"), int(given("num_groups"))
    dtype, channels = out.dtype, x.shape[1]
    rows = g.node("Reshape", g.value(x), g.ints([x.shape[0], groups, -1]))
    plain = _ones_and_zeros(g, None, None, groups, dtype)
    found = g.node("InstanceNormalization", rows, *plain, epsilon=float(given("eps", 1e-5)))
    found = g.node("Reshape", found, g.ints(x.shape))
    shape = g.ints([channels, *[1] * (x.ndim - 2)])
    for operator, own in (("Mul", given("weight")), ("Add", given("bias"))):
        if own is not None:
            found = g.node(operator, found, g.node("Reshape", g.value(own, dtype), shape))
    return found


@writes("embedding", composite=True)
def _embedding(g: Recorder, given: Any, *, out: Any) -> Any:
    if given("max_norm") is not None:
        return NotImplemented
    index = given("input")
    dtype = None if index.dtype in (int32, int64) else int64
    return g.node("Gather", g.value(given("weight")), g.value(index, dtype), axis=0)


@writes("scaled_dot_product_attention", composite=True)
def _attention(g: Recorder, given: Any, *, out: Any) -> Any:
    q, k, v = given("query"), given("key"), given("value")
    if given("dropout_p") or q.ndim != k.ndim or q.shape[:-2] != k.shape[:-2]:
        return NotImplemented
    dtype, scale = out.dtype, given("scale")
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else float(scale)
    order = [*range(k.ndim - 2), k.ndim - 1, k.ndim - 2]
    scores = g.node("MatMul", g.value(q, dtype), g.node("Transpose", g.value(k, dtype), perm=order))
    scores = g.node("Mul", scores, g.constant(factor, dtype))
    mask = given("attn_mask")
    if given("is_causal"):
        allowed = np.tril(np.ones((q.shape[-2], k.shape[-2]), bool))
        scores = g.node("Where", g.constant(allowed), scores, g.constant(-np.inf, dtype))
    elif mask is not None and mask.dtype.kind == "b":
        scores = g.node("Where", g.value(mask), scores, g.constant(-np.inf, dtype))
    elif mask is not None:
        scores = g.node("Add", scores, g.value(mask, dtype))
    return g.node("MatMul", g.node("Softmax", scores, axis=-1), g.value(v, dtype))


@writes("interpolate", "upsample", composite=True)
def _interpolate(g: Recorder, given: Any, *, out: Any) -> Any:
    x, mode = given("input"), given("mode", "nearest")
    kinds = {"nearest": "nearest", "nearest-exact": "nearest", "linear": "linear",
             "bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}  # fmt: skip
    if mode not in kinds or x.ndim < 3:
        return NotImplemented
    corners = given("align_corners")
    way = "align_corners" if corners else "pytorch_half_pixel"
    way = "asymmetric" if mode == "nearest" else "half_pixel" if mode == "nearest-exact" else way
    more: dict[str, Any] = {"nearest_mode": "floor" if mode == "nearest" else "round_prefer_ceil"}
    more = more if kinds[mode] == "nearest" else {}
    antialias = 1 if given("antialias") else None
    factor = given("scale_factor")
    target = ["", "", g.ints(out.shape)]
    if factor is not None and not given("recompute_scale_factor"):
        factors = [float(factor)] * (x.ndim - 2) if isinstance(factor, (int, float)) else factor
        scales = np.array([1, 1, *factors], np.float32)
        if [int(n * s) for n, s in zip(x.shape, scales, strict=True)] == list(out.shape):
            target = ["", g.constant(scales)]
    return g.node(
        "Resize", g.value(x), *target, mode=kinds[mode], cubic_coeff_a=-0.75,
        coordinate_transformation_mode=way, antialias=antialias, **more,
    )  # fmt: skip


#: ONNX's order of the gates of a layer, as places in ours.
_GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "tanh": (0,), "relu": (0,)}
_LAYERS = {"lstm": "LSTM", "gru": "GRU", "tanh": "RNN", "relu": "RNN"}


@writes("recurrent")
def _recurrent(
    g: Recorder, x: Any, wi: Any, bi: Any, h: Any, c: Any, w: Any, p: Any, b: Any, cell: str,
    sizes: Any, reverse: bool, *, out: Any,
) -> Any:  # fmt: skip
    if p is not None or wi is None or len(set(sizes)) != 1:
        return NotImplemented
    dtype, size, batch = x.dtype, h.shape[1], sizes[0]

    def ordered(t: Any, axis: int = 0) -> str:
        parts = [
            g.node("Slice", g.value(t), g.ints([i * size]), g.ints([(i + 1) * size]), g.ints([0]))
            for i in _GATES[cell]
        ]
        return g.node("Concat", *parts, axis=0) if len(parts) > 1 else g.value(t)

    def one(name: str) -> str:
        return g.node("Unsqueeze", name, g.ints([0]))

    zeros = g.constant(np.zeros(w.shape[0]), dtype)
    halves = [zeros if t is None else ordered(t) for t in (bi, b)]
    given = [
        g.node("Reshape", g.value(x), g.ints([len(sizes), batch, x.shape[1]])),
        one(ordered(wi)), one(ordered(w)), one(g.node("Concat", *halves, axis=0)), "",
        one(g.value(h)),
    ]  # fmt: skip
    given += [one(g.value(c))] if cell == "lstm" else []
    names = {"tanh": ["Tanh"], "relu": ["Relu"]}.get(cell)
    found = g.node(
        _LAYERS[cell], *given, outputs=3 if cell == "lstm" else 2, hidden_size=size,
        direction="reverse" if reverse else "forward", activations=names,
        linear_before_reset=1 if cell == "gru" else None,
    )  # fmt: skip
    steps = g.node("Reshape", found[0], g.ints([len(sizes) * batch, size]))
    last = [g.node("Squeeze", name, g.ints([0])) for name in found[1:]]
    # What the layer keeps for its gradients is no result.
    hidden = len(out) - 1 - len(last)
    return (steps, *last, *[""] * hidden) if isinstance(out[0], Tensor) else NotImplemented
