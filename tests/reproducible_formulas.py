"""Formulas that programs drawn at random (reproducible_programs.py) are made of: of x, and of what
a step of reproducible_steps.py calls otherwise.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import cltensor as ct
import cltensor.nn.functional as F
from cltensor import nn

#: What formulas name.
_NAMES = """
    x y AXIS AXES LINEAR SIZE POOL b c k m n p s v leaf length mean var places grid rows cells
    starts order labels weight mask
""".split()


class Formula(NamedTuple):
    """A text, and the function that it is."""

    text: str
    call: Callable[..., Any]


def formulas(lines):
    """Those between bars."""
    known = {"ct": ct, "F": F, "nn": nn}
    parameters = ", ".join(f"{name}=None" for name in _NAMES)
    texts = [text.strip() for text in " ".join(lines.split()).split(" | ")]
    return tuple([Formula(text, eval(f"lambda {parameters}: {text}", known)) for text in texts])


#: Of one tensor.
UNARY = formulas("""
    x.relu() | F.gelu(x) | F.gelu(x, approximate='tanh') | F.silu(x) | F.mish(x) | x.tanh()
    | x.sigmoid() | (-x.abs()).exp() | (x.abs() + 0.5).log() | x.abs().sqrt() | x.sin() | x.cos()
    | (x.abs() + 0.1).rsqrt() | x.atan() | x.tanh().asin() | x.tanh().sinh() | x.tanh().cosh()
    | x.asinh() | (x.abs() + 1.25).acosh() | (x.tanh() * 0.75).atanh() | x.tanh().expm1()
    | x.abs().log1p() | (x.abs() + 0.3).log2() | (x.abs() + 0.3).log10() | x.tanh().exp2() | x.erf()
    | x.tanh().tan() | F.softplus(x) | F.elu(x) | F.selu(x) | F.celu(x, 1.5) | F.hardswish(x)
    | F.hardsigmoid(x) | F.leaky_relu(x, 0.1) | F.softsign(x) | F.logsigmoid(x) | x.square()
    | (x.abs() + 0.5).reciprocal() | -x | x - x.round() | x - x.floor() | x.frac() | x ** 2 | x ** 3
    | x.abs() ** 2.5 | (x.abs() + 0.2) ** -1.5 | x.clamp(-0.5, 0.75) | x.sinc() | x.nan_to_num()
    | x / 3 | x * 0.3 + 0.7 | 1 / (x * x + 1) | (x * 4).fmod(0.7) | (x * 4).remainder(0.7)
    | x * 1e-3
    | x.sign() * x | x.where(x > 0, x * x) | F.threshold(x, 0.1, -0.2) | F.tanhshrink(x)
    | x.logit(0.01) | x.half().to(x.dtype) | x.bfloat16().to(x.dtype) | x.float().to(x.dtype)
    | x * 1e-20 | x / 0.7 | x.deg2rad() * 90 | x.trunc() - x * 0.7 | x.float().exp().to(x.dtype)
""")
#: Of two of one shape.
BINARY = formulas("""
    x + y | x - y | x * y | x / (y.abs() + 0.5) | x.maximum(y) | x.minimum(y) | x.atan2(y)
    | (x.abs() + 0.1) ** y | x.hypot(y) | (4 * x).fmod(y.abs() + 0.3) | x.copysign(y)
    | (4 * x).remainder(y.abs() + 0.3) | x.logaddexp(y) | x.lerp(y, 0.3) | ct.where(x > y, x, y)
    | ct.addcmul(x, x, y, value=0.5) | ct.addcdiv(x, y, y * y + 1, value=2) | x.ldexp(y.int())
    | ct.xlogy(x, y.abs() + 0.1) | x.nextafter(y) | x + y.detach() | x.floor_divide(y.abs() + 1)
""")
BROADCAST = formulas("x + y | x * y | x - y | x / (y.abs() + 1) | y - x | x + y * x")
#: What is refused on all devices, or on those without float64, or might be.
DOUBTFUL = formulas("""
    x.lgamma() | x.digamma() | x.erfc() | x.tanh().erfinv() | ct.special.i0(x) | ct.fft.fft(x).real
    | ct.linalg.svdvals(x.reshape(1, -1)) | x.double().exp().to(x.dtype) | x.mvlgamma(2)
    | ct.special.ndtri(x.sigmoid()) | ct.special.zeta(x.abs() + 2, x.abs() + 1) | x.polygamma(1)
    | ct.special.gammainc(x.abs() + 1, x.abs() + 1) | ct.special.bessel_j0(x) | ct.special.i1e(x)
    | (x.abs() + 0.5).double().log().to(x.dtype) | x.double().sin().to(x.dtype)
    | ct.special.log_ndtr(x) | ct.special.entr(x.abs()) | (x.double().exp() > 1).sum() * x
    | x.double().tanh().argmax() * x
""")
COMPLEX = formulas("""
    x * x | x.conj() | x * (0.5 + 0.25j) | x / (x * x.conj() + 1) | x.exp() | x.sqrt()
    | (x + 3).log()
    | x.tanh() | x.sin() | x + x.abs() | x.real * x | ct.polar(x.abs(), x.angle()) | x.square()
    | (x + 2).reciprocal() | x.sigmoid() | x ** 2 | -x | x.sgn() | x.cos() | x * x.imag
    | ct.complex(x.imag, x.real)
""")
#: Over the axes AXES.
FOLDS = formulas("""
    x.sum(AXES) | x.mean(AXES) | x.var(AXES) | x.std(AXES) | x.norm(2, AXES) | x.norm(1, AXES)
    | x.amax(AXES) | x.amin(AXES) | x.logsumexp(AXES) | x.nansum(AXES) | x.norm(3, AXES)
    | ct.var_mean(x, AXES)[0] | x.abs().max() + x.sum(AXES) | x.median() + x.sum(AXES)
    | x.softmax(-1).sum(AXES) | (x > 0).sum(AXES).to(x.dtype) * x.sum(AXES)
    | x.var(AXES, correction=0) | x.sum(AXES, True) * x
""")
COMPLEX_FOLDS = formulas(
    "x.sum(AXES) | x.mean(AXES) | x.sum(AXES, True) * x | x - x.mean(AXES, True)"
)
#: Along the axis AXIS.
ALONG = formulas("""
    x.softmax(AXIS) | x.log_softmax(AXIS) | x.cumsum(AXIS) | x.cumprod(AXIS) | x.logcumsumexp(AXIS)
    | x.sort(AXIS)[0] | x.sort(AXIS, descending=True)[0] | x.cummax(AXIS)[0] | x.flip(AXIS)
    | x.gather(AXIS, x.argsort(AXIS)) | x.topk(1, AXIS)[0] + x | x.prod(AXIS, keepdim=True)
    | x.kthvalue(1, AXIS, keepdim=True)[0] * x | x.median(AXIS, keepdim=True)[0] * x
    | x.diff(dim=AXIS) | x.quantile(0.3, AXIS, keepdim=True) + x | F.normalize(x, dim=AXIS)
    | x.roll(1, AXIS) | x.renorm(2, AXIS, 0.5) | x.mode(AXIS, keepdim=True)[0] + x
    | x.unfold(AXIS, 2, 1).sum(-1) | x.argmax(AXIS, keepdim=True) * x | ct.cat([x, x * x], AXIS)
    | ct.stack([x, -x], AXIS).sum(AXIS) | x.max(AXIS, keepdim=True)[0] + x | x - x.mean(AXIS, True)
    | x.narrow(AXIS, 0, 1) * x | x.index_select(AXIS, x.argmax().reshape(1) % 2) | x.cummin(AXIS)[0]
""")
VIEWS = formulas("""
    x.transpose(AXIS, -1) | x.flip(AXIS) | x.reshape(-1) | x[1:] if x.shape[0] > 1 else x
    | x[..., ::2]
    | x.unsqueeze(AXIS) | x.movedim(AXIS, 0) | x.contiguous() * 2 | x.tril() if x.ndim > 1 else x
    | x.unsqueeze(AXIS).expand(*x.shape[:AXIS], 3, *x.shape[AXIS:]) | F.pad(x, (1, 2), value=0.5)
    | x.split(2, AXIS)[-1] | x.chunk(2, AXIS)[0] | x.diagonal() if x.ndim == 2 else x.clone()
    | F.pad(x, (-1, 3)) if x.shape[-1] > 1 else x | x[x.shape[0] // 2]
""")
IN_PLACE = formulas("""
    x.add_(y) | x.mul_(y) | x.sub_(y, alpha=0.3) | x.copy_(y) | x.div_(y * y + 1) | x.mul_(0.7)
    | x.add_(1) | x.addcmul_(y, y) | x.fill_(0.3) | x.zero_() | x.lerp_(y, 0.5) | x.neg_()
""")
#: Of x (b, m, k) or (m, k), and tensors that leaf(...) makes.
PRODUCTS = formulas("""
    x[0] @ leaf(k, n) | x[0] @ leaf(n, k).T | x[0].T @ leaf(m, n) | x @ leaf(b, n, k).mT
    | x @ leaf(k, n)
    | ct.einsum('bij,bkj->bik', x, leaf(b, n, k)) | ct.einsum('bij,bkj->ik', x, leaf(b, n, k))
    | ct.einsum('bij,bkj->bki', x, leaf(b, n, k)) | ct.einsum('bij,bkj->k', x, leaf(b, n, k))
    | ct.einsum('ij,jk,kl->il', x[0], leaf(k, n), leaf(n, b)) | x[0] @ leaf(k) | leaf(k) @ x[0].T
    | ct.mv(x[0], leaf(k)) | ct.outer(x[0, :, 0], leaf(n)) | ct.dot(x[0, 0], leaf(k))
    | ct.addmm(leaf(n), x[0], leaf(k, n), beta=0.5, alpha=2) | ct.bmm(x, leaf(b, k, n))
    | ct.baddbmm(leaf(b, m, n), x, leaf(b, k, n)) | F.linear(x, leaf(n, k), leaf(n))
    | ct.tensordot(x, leaf(k, b, n), dims=([2, 0], [0, 1])) | x[0].T @ x[0]
    | ct.kron(x[0], leaf(2, 2))
    | F.bilinear(x[0], leaf(m, 3), leaf(4, k, 3), leaf(4)) | ct.addmv(leaf(m), x[0], leaf(k))
    | x.transpose(0, 1) @ leaf(k, n) | ct.addbmm(leaf(m, n), x, leaf(b, k, n))
""")
#: Of images of any dimension, D; and of two.
POOLS = formulas("""
    POOL['max_pool'](x, 2) | POOL['max_pool'](x, 3, 2, 1) | POOL['avg_pool'](x, 2)
    | POOL['adaptive_avg_pool'](x, 3)
    | POOL['avg_pool'](x, 3, 2, 1, count_include_pad=False) | POOL['adaptive_max_pool'](x, 3)
    | POOL['max_pool'](x, 2, 1, dilation=2) | POOL['lp_pool'](x, 2, 2)
    | F.interpolate(x, scale_factor=2)
    | F.interpolate(x, size=7, mode=LINEAR) | F.interpolate(x, size=5, mode='area')
    | F.local_response_norm(x, 2)
""")
PLANE_POOLS = formulas("""
    F.interpolate(x, scale_factor=1.5, mode='bicubic') | F.unfold(x, 2, padding=1)
    | F.fold(F.unfold(x, 2), x.shape[2:], 2) | F.pad(x, (1, 2, 1, 1), mode='reflect')
    | F.grid_sample(x, x[:, :1].movedim(1, 3).repeat(1, 1, 1, 2).tanh(), align_corners=False)
    | F.pad(x, (1, 2, 1, 1), mode='replicate') | F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2)
    | F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)
    | F.fractional_max_pool2d(x, 2, output_size=3)
""")
#: Of x (n, c, length), with leaves (c,).
NORMS = formulas("""
    F.batch_norm(x, mean, var, leaf(c), leaf(c), training=True)
    | F.batch_norm(x, mean, var, leaf(c), leaf(c))
    | F.layer_norm(x, (length,), leaf(length), leaf(length))
    | F.group_norm(x, 2, leaf(c), leaf(c)) | F.instance_norm(x, weight=leaf(c), bias=leaf(c))
    | F.rms_norm(x, (length,), leaf(length)) | F.layer_norm(x, (c, length))
""")
#: Of x (n, m), places (any) and grid (23, m) of whole numbers below n, rows and cells for them.
INDICES = formulas("""
    x.index_add(0, places, rows) | x.index_add(0, places, rows, alpha=0.5) | x.gather(0, grid)
    | x.scatter_add(0, grid, cells) | x.scatter_reduce(0, grid, cells, 'mean', include_self=False)
    | x.scatter_reduce(0, grid, cells, 'sum') | x.scatter_reduce(0, grid, cells, 'amax')
    | x.scatter_reduce(0, grid, cells, 'prod') | x[places] | x.index_select(0, places)
    | x.index_put((places,), rows, accumulate=True) | F.embedding(places, x, padding_idx=1)
    | F.embedding(places, x, scale_grad_by_freq=True) | F.embedding_bag(grid, x, mode='sum')
    | F.embedding_bag(grid, x, mode='mean') | F.embedding_bag(grid, x, mode='max')
    | F.embedding_bag(places, x, starts, mode='sum', per_sample_weights=rows[:, 0])
    | x[x > 0].sum() + x.masked_fill(x > 0.3, 0.25) | ct.take_along_dim(x, grid, 0)
    | x.index_copy(0, order, cells[:1].expand(x.shape)) | x.take(places) * rows[:, 0]
    | x.index_reduce(0, places, rows, 'mean') | x.index_fill(0, places, 0.5)
    | x[places, :1] | x.masked_scatter(x > 0, cells.repeat(9, 1))
    | x.put(order, rows[0, 0].expand(order.shape))
""")
#: Of scores x (n, c), labels and weight.
LABEL_LOSSES = formulas("""
    F.cross_entropy(x, labels) | F.cross_entropy(x, labels, weight) | F.multi_margin_loss(x, labels)
    | F.cross_entropy(x, labels, label_smoothing=0.1) | F.cross_entropy(x, labels, reduction='sum')
    | F.nll_loss(x.log_softmax(1), labels, weight, reduction='none')
    | F.cross_entropy(x, weight.softmax(0).expand(x.shape)) | F.one_hot(labels, x.shape[1]) * x
    | F.cross_entropy(x, labels, weight, reduction='none', label_smoothing=0.2)
""")
#: Of x and y (n, 5).
LOSSES = formulas("""
    F.mse_loss(x, y) | F.l1_loss(x, y) | F.smooth_l1_loss(x, y) | F.huber_loss(x, y)
    | F.kl_div(x, y.softmax(-1)) | F.binary_cross_entropy_with_logits(x, y.sigmoid())
    | F.binary_cross_entropy(x.sigmoid(), y.sigmoid()) | F.poisson_nll_loss(x.tanh(), y.abs())
    | F.soft_margin_loss(x, y.sign()) | F.cosine_similarity(x, y) | F.pairwise_distance(x, y)
    | F.gaussian_nll_loss(x, y, y.abs() + 0.1) | F.triplet_margin_loss(x, y, y * y)
    | F.hinge_embedding_loss(x, y.sign()) | ct.cdist(x, y) | F.margin_ranking_loss(x, y, y.sign())
    | F.multilabel_soft_margin_loss(x, y.sigmoid()) | ct.cdist(x, y, p=1.5) | F.pdist(x)
""")
#: Modules for x (steps, n, size) and more.
RECURRENT = formulas("""
    nn.RNN(*SIZE) | nn.LSTM(*SIZE) | nn.GRU(*SIZE) | nn.LSTM(*SIZE, num_layers=2, dropout=0.5)
    | nn.GRU(*SIZE, bidirectional=True) | nn.LSTM(*SIZE, batch_first=True)
    | nn.RNN(*SIZE, num_layers=2)
    | nn.LSTM(*SIZE, bidirectional=True) | nn.GRU(*SIZE, num_layers=2)
    | nn.RNN(*SIZE, nonlinearity='relu')
""")
CELLS = formulas("nn.RNNCell(*SIZE) | nn.LSTMCell(*SIZE) | nn.GRUCell(*SIZE)")
ATTENTIVE = formulas("""
    nn.MultiheadAttention(8, 2) | nn.MultiheadAttention(8, 2, dropout=0.2)
    | nn.MultiheadAttention(8, 2, batch_first=True) | nn.TransformerEncoderLayer(8, 2, 12)
    | nn.TransformerEncoderLayer(8, 2, 12, activation='gelu', norm_first=True)
""")
#: Of queries x, keys and values, and masks.
ATTENTION = formulas("""
    F.scaled_dot_product_attention(x, k, v)
    | F.scaled_dot_product_attention(x, k, v, is_causal=True)
    | F.scaled_dot_product_attention(x, k, v, dropout_p=0.25)
    | F.scaled_dot_product_attention(x, k, v, scale=0.3)
    | F.scaled_dot_product_attention(x, k, v, attn_mask=mask)
    | F.scaled_dot_product_attention(x, k, v, attn_mask=mask > 0)
""")
#: Random numbers of the shape s.
CHANCES = formulas("""
    x * ct.rand(s, dtype=x.dtype) | x + ct.randn(s, dtype=x.dtype) | F.dropout(x, 0.3)
    | x * ct.randint(0, 5, s) | x + ct.bernoulli(ct.full(s, 0.3)).to(x.dtype)
    | x.reshape(-1)[ct.randperm(x.numel())] | F.gumbel_softmax(x.reshape(1, -1))
    | x + ct.poisson(ct.full(s, 2.5)).to(x.dtype) | x + ct.multinomial(ct.full((3,), 0.3), 2)[0]
    | x + ct.empty(s, dtype=x.dtype).exponential_() | F.rrelu(x, training=True)
    | x + ct.empty(s).uniform_(-1, 1).to(x.dtype) | x + ct.normal(0.5, 2, s).to(x.dtype)
    | F.alpha_dropout(x, 0.2, True) | x * ct.empty(s).geometric_(0.4).to(x.dtype)
    | x + ct.empty(s, dtype=x.dtype).cauchy_().tanh() | x + ct.empty(s).log_normal_().to(x.dtype)
    | x + nn.init.trunc_normal_(ct.empty(s)).to(x.dtype) | F.feature_alpha_dropout(x, 0.2, True)
    | x + ct.distributions.Gamma(2.5, 1.5).sample(s).to(x.dtype)
    | x + ct.distributions.Beta(0.5, 1.5).sample(s).to(x.dtype)
    | x + ct.distributions.Binomial(9, ct.tensor(0.4)).sample(s).to(x.dtype)
    | x + ct.distributions.VonMises(0.5, 1.5).sample(s).to(x.dtype)
    | x + ct.distributions.StudentT(3.0).sample(s).to(x.dtype)
""")
OPTIMIZERS = formulas("""
    ct.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01) | ct.optim.Adam(p, lr=0.01)
    | ct.optim.SGD(p, 0.1) | ct.optim.AdamW(p, lr=0.01, amsgrad=True) | ct.optim.Adagrad(p)
    | ct.optim.RMSprop(p, lr=0.01, centered=True) | ct.optim.Adamax(p) | ct.optim.NAdam(p)
    | ct.optim.RAdam(p) | ct.optim.Adadelta(p) | ct.optim.Rprop(p) | ct.optim.ASGD(p)
    | ct.optim.Lion(p) | ct.optim.Adam(p, lr=0.01, weight_decay=0.1, maximize=True)
    | ct.optim.LAMB(p) | ct.optim.SGD(p, 0.1, momentum=0.5, nesterov=True)
""")
