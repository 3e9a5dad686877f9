"""Keywords: by any usual name, once, and unknown ones listed, everywhere."""

import inspect

import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.core.names import _OFTEN as OFTEN
from cltensor.core.names import ALIASES, canonical, parameter_of, twice
from cltensor.core.tensor import Tensor

#: Modules whose public functions and classes are called with a keyword that nobody has.
MODULES = {
    "ct": ct,
    "F": F,
    "nn": ct.nn,
    "nn.init": ct.nn.init,
    "nn.utils": ct.nn.utils,
    "optim": ct.optim,
    "optim.lr_scheduler": ct.optim.lr_scheduler,
    "data": ct.data,
    "autograd": ct.autograd,
    "cuda": ct.cuda,
    "linalg": ct.linalg,
    "special": ct.special,
    "models": ct.models,
    "testing": ct.testing,
}


def public(module):
    names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    for name in names:
        value = getattr(module, name)
        if not callable(value) or (isinstance(value, type) and issubclass(value, BaseException)):
            continue
        if getattr(value, "__module__", "cltensor").split(".")[0] == "cltensor":
            yield name, value


def everything():
    found = {}
    for prefix, module in MODULES.items():
        for name, value in public(module):
            if id(value) not in {id(v) for v in found.values()}:
                found[f"{prefix}.{name}"] = value
    return found


EVERYTHING = everything()
#: Methods that operations are made of; wrapping them would cost each of these time.
MACHINERY = {"empty", "from_numpy", "show", "window"}
METHODS = [
    name
    for name in dir(Tensor)
    if name[0] != "_" and name not in MACHINERY and callable(getattr(Tensor, name))
]
#: What takes keywords that it does not know, and why.
TAKES_ANY = {
    "optim.ZeroRedundancyOptimizer": "they are the options of the optimizer it makes",
    "nn.Identity": "as PyTorch's, so that it can stand for any layer",
    "ct.Tensor": "every operation makes one",
    "autograd.Node": "every recorded operation makes one",
    "ct.Size": "a tuple, which takes none",
    "nn.utils.skip_init": "gives them to the class",
    "models.get_model": "gives them to the model's function",
    "data.StackDataset": "they are its data sets",
    "ct.explain": "gives them to the function that is explained",
}


def has_parameters(function):
    parameters = inspect.signature(function).parameters.values()
    return any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)


def refused(function):
    return (
        "there is no keyword 'bogus'; it takes"
        if has_parameters(function)
        else "no keyword 'bogus'|unexpected keyword|takes no (keyword )?arguments"
    )


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - set(TAKES_ANY)))
def test_an_unknown_keyword_is_an_error_that_lists_the_accepted_ones(device, name):
    function = EVERYTHING[name]
    with pytest.raises(TypeError, match=refused(function)):
        function(bogus=1)


#: Objects whose public methods are called with a keyword that nobody has, beside tensors.
OBJECTS = {
    "Module": lambda: ct.nn.Linear(2, 2),
    "Sequential": lambda: ct.nn.Sequential(ct.nn.ReLU()),
    "ModuleList": lambda: ct.nn.ModuleList([ct.nn.ReLU()]),
    "ModuleDict": lambda: ct.nn.ModuleDict({"a": ct.nn.ReLU()}),
    "SGD": lambda: ct.optim.SGD([ct.ones(1, requires_grad=True)], lr=0.1),
    "Adam": lambda: ct.optim.Adam([ct.ones(1, requires_grad=True)]),
    "StepLR": lambda: ct.optim.lr_scheduler.StepLR(OBJECTS["SGD"](), 1),
    "ReduceLROnPlateau": lambda: ct.optim.lr_scheduler.ReduceLROnPlateau(OBJECTS["SGD"]()),
    "DataLoader": lambda: ct.data.DataLoader([1, 2]),
    "TensorDataset": lambda: ct.data.TensorDataset(ct.ones(2)),
    "RandomSampler": lambda: ct.data.RandomSampler([1, 2]),
    "Generator": ct.Generator,
    "Context": ct.autograd.Context,
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_so_it_is_for_methods_of_all_other_objects(device, kind):
    own = OBJECTS[kind]()
    for name in dir(type(own)):
        if name[0] == "_" or name in OFTEN or not callable(getattr(type(own), name)):
            continue
        method = getattr(own, name)
        with pytest.raises(TypeError, match=refused(method)):
            method(bogus=1)


def test_so_it_is_for_calls_of_layers_and_sizes(device):
    x = ct.ones(1, 2)
    with pytest.raises(TypeError, match=r"Linear: there is no keyword 'bogus'; it takes x"):
        ct.nn.Linear(2, 2)(bogus=x)
    with pytest.raises(TypeError, match=r"MSELoss: there is no keyword 'bogus'; it takes input, t"):
        ct.nn.MSELoss()(x, bogus=x)
    with pytest.raises(TypeError, match="MSELoss: 'input' is given twice"):
        ct.nn.MSELoss()(x, input=x)
    assert ct.nn.ReLU()(input=x).tolist() == [[1, 1]]
    with pytest.raises(TypeError, match="size: there is no keyword 'bogus'; it takes dim"):
        x.size(bogus=1)
    assert x.size(axis=1) == 2

    class Own(ct.nn.Module):
        def forward(self, x, dim=0):
            return x.sum(dim)

    assert Own()(x=x, dim=1).tolist() == [2]
    with pytest.raises(TypeError, match="unexpected keyword argument 'axis'"):
        Own()(x, axis=1)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_so_it_is_for_methods(device, name, recorded):
    x = ct.ones(2, 2, requires_grad=recorded) * 1
    method = getattr(x, name)
    with pytest.raises(TypeError, match=refused(method)):
        method(bogus=1)


def test_a_keyword_means_the_parameter_that_is_there():
    assert parameter_of("sum", ("x", "axis", "keepdims"), "axis") == "axis"
    assert parameter_of("sum", ("x", "axis", "keepdims"), "dim") == "axis"
    assert parameter_of("sum", ("x", "axis", "keepdims"), "keepdim") == "keepdims"
    assert parameter_of("sum", ("x", "axis", "keepdims"), "input") == "x"
    assert parameter_of("permute", ("x", "axes"), "dims") == "axes"
    assert parameter_of("add", ("a", "b"), "other") == "b"
    with pytest.raises(TypeError, match="^sum: there is no keyword 'size'; it takes x, axis$"):
        parameter_of("sum", ("x", "axis"), "size")
    with pytest.raises(TypeError, match="there is no keyword 'other'"):
        parameter_of("sum", ("x", "axis"), "other")


def test_no_name_stands_for_itself():
    assert not [name for name, others in ALIASES.items() if name in others]


def test_keywords_get_the_names_of_parameters():
    parameters = ("x", "axis", "keepdims")
    given = canonical("sum", parameters, ("x",), {"dim": 1, "keepdim": True})
    assert given == {"axis": 1, "keepdims": True}
    assert canonical("sum", parameters, (), {}) == {}


@pytest.mark.parametrize(
    ("given", "keywords", "message"),
    [
        (("x",), {"x": 1}, "sum: 'x' is given twice; leave one out"),
        (("x",), {"input": 1}, r"sum: 'x' \(as 'input'\) is given twice"),
        ((), {"axis": 0, "dim": 1}, r"sum: 'axis' \(as 'dim'\) is given twice"),
    ],
)
def test_what_is_given_twice_is_refused(given, keywords, message):
    with pytest.raises(TypeError, match=message):
        canonical("sum", ("x", "axis"), given, keywords)
    assert isinstance(twice("sum", "dim", "axis"), TypeError)


def test_operations_take_the_names_of_all_three_libraries(device):
    x = ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    for keywords in ({"axis": 1, "keepdims": True}, {"dim": 1, "keepdim": True}):
        assert ct.sum(x, **keywords).tolist() == [[3], [7]]
        assert x.sum(**keywords).tolist() == [[3], [7]]
    assert ct.sum(input=x, dim=0).tolist() == [4, 6]
    assert ct.add(input=x, other=x).tolist() == ct.add(x1=x, x2=x).tolist() == [[2, 4], [6, 8]]
    with pytest.raises(TypeError, match=r"'axis' \(as 'dim'\) is given twice"):
        ct.sum(x, 0, dim=1)


#: Calls as public programs write them.
PROGRAMS = {
    "cat": lambda x, i: ct.cat([x, x], dim=0),
    "cat2": lambda x, i: ct.cat(tensors=[x], dim=1),
    "stack": lambda x, i: ct.stack([x, x], dim=0),
    "sum": lambda x, i: ct.sum(x, dim=0, keepdim=True),
    "max": lambda x, i: ct.max(x, dim=1, keepdim=True),
    "softmax": lambda x, i: ct.softmax(x, dim=1, dtype=ct.float32),
    "argmax": lambda x, i: ct.argmax(x, dim=1, keepdim=True),
    "mean": lambda x, i: ct.mean(x, dim=0, keepdim=True, dtype=ct.float32),
    "topk": lambda x, i: ct.topk(x, 2, dim=1),
    "unsq": lambda x, i: ct.unsqueeze(x, dim=0),
    "split": lambda x, i: ct.split(x, 1, dim=0),
    "split2": lambda x, i: ct.split(x, split_size_or_sections=[1, 1], dim=0),
    "var": lambda x, i: ct.var(x, dim=0, keepdim=True, unbiased=False),
    "rep": lambda x, i: ct.repeat_interleave(x, 2, dim=0),
    "rand": lambda x, i: ct.rand(size=(2, 3)),
    "randn": lambda x, i: ct.randn(size=(2, 3), names=None),
    "flatten": lambda x, i: ct.flatten(x, start_dim=0),
    "gather": lambda x, i: ct.gather(input=x, dim=1, index=i),
    "agrad": lambda x, i: ct.grad(
        ct.ones(1, requires_grad=True).sum(),
        [ct.ones(1, requires_grad=True)],
        only_inputs=True,
        allow_unused=True,
    ),
    "maxout": lambda x, i: ct.max(x, 1, out=(ct.empty(2), ct.empty(2, dtype="int64"))),
    "add": lambda x, i: ct.add(x, x, out=ct.empty(2, 3)),
    "argsort": lambda x, i: ct.argsort(x, dim=1, stable=True),
    "adamw": lambda x, i: ct.optim.AdamW(
        [ct.ones(1, requires_grad=True)], fused=True, foreach=False
    ),
    "min": lambda x, i: ct.min(x, dim=1, keepdim=True),
    "gen": lambda x, i: ct.Generator(device="cpu"),
    "randn_like": lambda x, i: ct.randn_like(x, device="cpu"),
    "zl": lambda x, i: ct.zeros_like(x, memory_format=ct.preserve_format),
    "round": lambda x, i: ct.round(x, out=ct.empty(2, 3)),
    "normal": lambda x, i: ct.normal(0, 1, (2,), requires_grad=True),
    "zeros": lambda x, i: ct.zeros(size=(2,)),
    "ones": lambda x, i: ct.ones(size=(2,)),
    "arange": lambda x, i: ct.arange(end=4),
    "zl2": lambda x, i: ct.zeros_like(input=x),
    "sgd": lambda x, i: ct.optim.SGD([ct.ones(1, requires_grad=True)], lr=0.1, fused=True),
    "cumsum": lambda x, i: ct.cumsum(x, dim=0),
    "tensor": lambda x, i: ct.tensor([1.0], names=None),
    "prod": lambda x, i: ct.prod(x, dim=0),
    "roll": lambda x, i: ct.roll(x, shifts=1, dims=0),
    "empty": lambda x, i: ct.empty(size=(2,)),
    "chunk": lambda x, i: ct.chunk(x, 2, dim=0),
    "FT": lambda x, i: ct.FloatTensor([1.0], device="cpu"),
    "squeeze": lambda x, i: ct.squeeze(x, dim=0),
    "matmulout": lambda x, i: ct.matmul(x, x.T, out=ct.empty(2, 2)),
    "mulout": lambda x, i: ct.mul(x, x, out=ct.empty(2, 3)),
    "where": lambda x, i: ct.where(condition=x > 1, input=x, other=x),
    "ls": lambda x, i: ct.log_softmax(x, dim=1),
    "amax": lambda x, i: ct.amax(x, dim=0, keepdim=True),
    "arangeout": lambda x, i: ct.arange(4, out=ct.empty(4, dtype="int64")),
    "norm": lambda x, i: x.norm(dim=1, keepdim=True, p=2),
    "add_": lambda x, i: x.clone().add_(x, alpha=2),
    "to": lambda x, i: x.to("cpu", non_blocking=True, copy=True, memory_format=ct.channels_last),
    "cont": lambda x, i: x.contiguous(memory_format=ct.contiguous_format),
    "std": lambda x, i: x.std(dim=0, unbiased=False, keepdim=True),
    "unbind": lambda x, i: x.unbind(dim=0),
    "any": lambda x, i: (x > 1).any(dim=1, keepdim=True),
    "anyt": lambda x, i: (x > 1).any(dim=(0, 1)),
    "transpose": lambda x, i: x.transpose(dim0=0, dim1=1),
    "ctT": lambda x, i: ct.transpose(x, dim0=0, dim1=1),
    "permute": lambda x, i: x.permute(dims=(1, 0)),
    "reshape": lambda x, i: x.reshape(shape=(3, 2)),
    "view": lambda x, i: x.view(size=(3, 2)),
    "expand": lambda x, i: x.expand(size=(2, 3)),
    "retainv": lambda x, i: (
        (ct.ones(1, requires_grad=True) * 2).sum().backward(retain_variables=True)
    ),
    "DL": lambda x, i: ct.data.DataLoader(
        [1, 2], sampler=None, pin_memory=True, persistent_workers=False, num_workers=0
    ),
    "clamp": lambda x, i: x.clamp(min=0, max=1),
    "pow": lambda x, i: ct.pow(x, exponent=2),
    "full": lambda x, i: ct.full((2,), fill_value=3.0),
    "full2": lambda x, i: ct.full(size=(2,), fill_value=3.0, requires_grad=True),
    "mv": lambda x, i: ct.mv(input=x, vec=ct.ones(3)),
    "mm": lambda x, i: ct.mm(x, mat2=x.T),
    "addmm": lambda x, i: ct.addmm(input=ct.ones(2, 2), mat1=x, mat2=x.T),
    "diag": lambda x, i: x.diagonal(dim1=0, dim2=1),
    "flip": lambda x, i: x.flip(dims=(0,)),
    "flip2": lambda x, i: x.flip(0, 1),
    "tile": lambda x, i: ct.tile(x, dims=(2, 1)),
    "swap": lambda x, i: x.swapaxes(axis0=0, axis1=1),
    "index_add": lambda x, i: x.index_add(0, ct.tensor([0, 1]), source=x),
    "scatter_add": lambda x, i: x.scatter_add(dim=1, index=i, src=ct.ones(2, 1)),
    "scatter": lambda x, i: x.scatter(1, i, src=ct.ones(2, 1)),
    "scatter_": lambda x, i: ct.zeros(2, 3).scatter_(1, i, 1),
    "scatter_v": lambda x, i: ct.zeros(2, 3).scatter_(dim=1, index=i, value=1.0),
    "meshgrid": lambda x, i: ct.meshgrid(ct.ones(2), ct.ones(3), indexing="ij"),
    "meshl": lambda x, i: ct.meshgrid([ct.ones(2), ct.ones(3)]),
    "randint": lambda x, i: ct.randint(low=0, high=3, size=(2,)),
    "linspace": lambda x, i: ct.linspace(start=0, end=1, steps=3),
    "unflatten": lambda x, i: x.unflatten(dim=1, sizes=(3, 1)),
    "masked_fill": lambda x, i: x.masked_fill(mask=x > 1, value=0),
    "lerp": lambda x, i: x.lerp(end=x, weight=0.5),
    "chk": lambda x, i: ct.randperm(n=4),
    "eye": lambda x, i: ct.eye(n=2, requires_grad=True),
    "new": lambda x, i: x.new_zeros(size=(2,), requires_grad=True),
    "view1": lambda x, i: x.view(-1),
    "narrow": lambda x, i: x.narrow(dim=0, start=0, length=1),
    "index_select": lambda x, i: ct.index_select(x, dim=0, index=ct.tensor([0])),
    "matmul": lambda x, i: x.matmul(other=x.T),
    "eq": lambda x, i: x.eq(other=x),
    "movedim": lambda x, i: x.movedim(source=0, destination=1),
    "tril": lambda x, i: x.tril(diagonal=1),
    "sort": lambda x, i: x.sort(dim=1, descending=True, stable=True),
    "size": lambda x, i: x.size(dim=0),
    "F.drop": lambda x, i: F.dropout(input=x, p=0.5, training=False),
    "F.softmax": lambda x, i: F.softmax(x, dim=1, dtype=ct.float32),
    "F.one_hot": lambda x, i: F.one_hot(ct.tensor([0]), num_classes=2),
    "F.relu": lambda x, i: F.relu(x, inplace=False),
    "as_tensor": lambda x, i: ct.as_tensor([1.0]),
    "clamp_min": lambda x, i: x.clamp(min=0),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_keywords_that_programs_pass(device, name):
    x, i = ct.arange(6.0).reshape(2, 3), ct.tensor([[0], [1]])
    PROGRAMS[name](x, i)


@pytest.mark.parametrize(
    ("call", "reduction"),
    [
        (lambda x: F.nll_loss(x, ct.tensor([0, 1]), size_average=False), "sum"),
        (lambda x: ct.nn.MSELoss(size_average=True)(x, x), "mean"),
        (lambda x: ct.nn.MSELoss(reduce=False)(x, x), "none"),
        (lambda x: F.mse_loss(x, x, size_average=False, reduce=False), "none"),
    ],
)
def test_older_words_for_reduction_warn(device, call, reduction):
    with pytest.warns(UserWarning, match=f"are deprecated; use reduction='{reduction}'"):
        call(ct.ones(2, 3))
    with pytest.raises(TypeError, match="size_average and reduce are older words for reduction"):
        F.mse_loss(ct.ones(2), ct.ones(2), size_average=False, reduction="sum")


def test_hints_for_optimizers_ask_for_nothing(device):
    w = ct.ones(1, requires_grad=True)
    for kind in (ct.optim.SGD, ct.optim.Adam, ct.optim.AdamW):
        kind([w], lr=0.1, foreach=None, fused=True, differentiable=False)
        with pytest.raises(TypeError, match="differentiable=True is not supported"):
            kind([w], lr=0.1, differentiable=True)
        with pytest.raises(TypeError, match=f"{kind.__name__}: there is no keyword 'rl'; it takes"):
            kind([w], rl=0.1)


def test_methods_count_self_by_position(device):
    x = ct.ones(1, requires_grad=True)
    with pytest.raises(TypeError, match="backward: 'gradient' is given twice"):
        (x * 2).backward(x.detach(), gradient=x.detach())
    (x * 2).backward(x.detach(), retain_graph=True)
    assert x.grad.tolist() == [2]


def test_variables_of_old_programs(device):
    with pytest.warns(UserWarning, match="volatile has no effect"):
        ct.Variable(ct.ones(1), volatile=True)
