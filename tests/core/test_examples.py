from cltensor.core.examples import EXAMPLES
from cltensor.core.op import OPERATIONS


def test_examples_are_of_operations_and_in_their_docstrings():
    assert EXAMPLES.keys() <= OPERATIONS.keys()
    for name, (call, result) in EXAMPLES.items():
        assert f">>> {call}\n{result}" in OPERATIONS[name].__doc__
