"""The namespace of linear algebra."""

import cltensor as ct


def test_it_holds_what_is_declared_for_it_and_names_of_the_main_one():
    assert ct.linalg.matmul is ct.matmul
    assert ct.linalg.cholesky is ct.cholesky
    assert ct.linalg.inv is ct.inverse
    assert ct.linalg.householder_product is ct.orgqr
    assert ct.linalg.solve is not getattr(ct, "solve", None)
    assert "matmul" in dir(ct.linalg)


def test_names_of_both_namespaces_may_mean_other_functions():
    for name in ("svd", "qr", "lu", "lu_solve", "cross", "norm", "diagonal"):
        assert getattr(ct.linalg, name) is not getattr(ct, name)


def test_operands_go_by_pytorchs_and_by_other_names():
    x = ct.eye(2)
    assert ct.linalg.inv(A=x).tolist() == ct.linalg.inv(input=x).tolist() == x.tolist()
    assert ct.linalg.solve(A=x, B=x).tolist() == ct.linalg.solve(x, other=x).tolist()
    assert ct.det(input=x).item() == x.det().item() == 1
