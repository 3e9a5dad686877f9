from cltensor import models
from cltensor.models.examples import EXAMPLES


def test_each_model_has_an_example_in_its_docstring():
    assert sorted(EXAMPLES) == models.list_models()
    for name, (call, result) in EXAMPLES.items():
        assert f">>> {call}\n{result}" in getattr(models, name).__doc__
