"""Attributes that are not there."""

import copy
import pickle
import traceback
from types import ModuleType

import pytest

import cltensor as ct
from cltensor.core.suggestions import NoAttribute, no_attribute


@pytest.mark.parametrize(
    ("owner", "name", "near"),
    [
        (lambda: ct, "zerso", "'zeros'"),
        (lambda: ct.ones(2), "resahpe", "'reshape'"),
        (lambda: ct.nn, "Linaer", "'Linear'"),
        (lambda: ct.nn.functional, "sofmax", "'softmax'"),
        (lambda: ct.nn.init, "xavier_unifrom_", "'xavier_uniform_'"),
        (lambda: ct.optim, "Adm", "'Adam'"),
        (lambda: ct.optim.lr_scheduler, "StepLr", "'StepLR'"),
        (lambda: ct.data, "DataLoder", "'DataLoader'"),
        (lambda: ct.autograd, "Varable", "'Variable'"),
        (lambda: ct.cuda, "is_availble", "'is_available'"),
        (lambda: ct.array_api, "concta", "'concat'"),
        (lambda: ct.array_api.fft, "rfftt", "'rfft'"),
        (lambda: ct.array_api.linalg, "invv", "'inv'"),
        (lambda: ct.autograd.functional, "jacobain", "'jacobian'"),
        (lambda: ct.backends, "cudn", "'cudnn'"),
        (lambda: ct.distributions.constraints, "positiv", "'positive'"),
        (lambda: ct.distributions.transforms, "ExpTransfrom", "'ExpTransform'"),
        (lambda: ct.models, "ResNet21", "'ResNet20'"),
        (lambda: ct.signal, "window", "'windows'"),
        (lambda: ct.testing, "gradchek", "'gradcheck'"),
        (lambda: ct.utils.checkpoint, "chekpoint", "'checkpoint'"),
        (lambda: ct.weights, "lod", "'load'"),
        (lambda: ct.nn.Linear(2, 3), "wieght", "'weight'"),
        (lambda: ct.nn.Sequential(ct.nn.ReLU()), "evla", "'eval'"),
    ],
)
def test_the_nearest_name_is_suggested(owner, name, near):
    thing = owner()
    assert not hasattr(thing, name)
    with pytest.raises(
        AttributeError, match=f"has no attribute '{name}'; did you mean .*{near}"
    ) as e:
        getattr(thing, name)
    assert e.value.name == name


def test_a_name_like_no_other_gets_no_suggestion():
    with pytest.raises(AttributeError, match="^a tensor has no attribute 'qqqqqq'$"):
        ct.ones(2).qqqqqq  # noqa: B018


def test_a_traceback_has_the_usual_name_and_one_hint():
    with pytest.raises(AttributeError) as error:
        ct.ones(2).sofmax  # noqa: B018
    (last,) = traceback.format_exception_only(error.value)
    assert last.startswith("AttributeError: a tensor has no attribute 'sofmax'; did you mean")
    assert "Did you mean" not in last


def test_probing_looks_for_no_names():
    asked = []
    error = no_attribute("it", "x", lambda: asked.append(1) or ["xx"])
    assert not asked
    assert str(error) == "it has no attribute 'x'; did you mean 'xx'?"


def test_tensors_have_attributes_of_their_own_and_copies_too(device):
    x = ct.ones(2)
    x.label = "a"
    assert x.label == "a"
    assert getattr(x, "other", 5) == 5
    assert copy.deepcopy(x).label == "a"
    assert pickle.loads(pickle.dumps(x)).label == "a"
    with pytest.raises(NoAttribute):
        x.lable  # noqa: B018


def test_the_error_can_be_pickled():
    with pytest.raises(AttributeError) as error:
        ct.ones(2).resahpe  # noqa: B018
    assert "'reshape'" in str(pickle.loads(pickle.dumps(error.value)))


def test_every_public_module_lists_what_is_public():
    modules = [
        getattr(ct, name) for name in ct.__all__ if isinstance(getattr(ct, name), ModuleType)
    ]
    modules += [ct.nn.functional, ct.nn.init, ct.nn.utils, ct.optim.lr_scheduler]
    modules += [ct.autograd.functional, ct.distributions.constraints, ct.utils.checkpoint]
    modules += [ct.distributions.transforms, ct.array_api.fft, ct.array_api.linalg]
    for module in modules:
        listed = dir(module)
        assert {"Any", "annotations", "Tensor"}.isdisjoint(listed), module
        with pytest.raises(AttributeError, match="has no attribute 'qqqqqq'$"):
            module.qqqqqq  # noqa: B018


class Odd(ct.nn.Module):
    @property
    def width(self):
        return self.body.width


def test_what_a_property_lacks_is_named_not_the_property():
    with pytest.raises(AttributeError, match="^'Odd' object has no attribute 'body'$"):
        Odd().width  # noqa: B018
    assert not hasattr(Odd(), "width")


def test_what_a_tensor_s_property_lacks_is_named(monkeypatch):
    monkeypatch.setattr(ct.Tensor, "nbytes", property(lambda x: x.bodyy))
    with pytest.raises(AttributeError, match="^a tensor has no attribute 'bodyy'$"):
        ct.ones(2).nbytes  # noqa: B018
