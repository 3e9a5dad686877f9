"""The namespace of linear algebra."""

import cltensor as ct


def test_it_holds_what_is_declared_for_it_and_names_of_the_main_one():
    assert ct.linalg.matmul is ct.matmul
    assert ct.linalg.diagonal is ct.diagonal
    assert "matmul" in dir(ct.linalg)
