"""Who owns a gradient: .grad shares its elements with no other gradient, saved value, or seed."""

import cltensor as ct


def leaf(*values):
    return ct.tensor(list(values), requires_grad=True)


def test_operands_of_one_operation():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).sum().backward()
    a.grad.mul_(5)
    assert a.grad.tolist() == [5, 5]
    assert b.grad.tolist() == [1, 1]


def test_operands_that_are_the_others_gradient():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a * b).sum().backward()
    a.grad.zero_()
    assert b.tolist() == [3, 4]
    assert b.grad.tolist() == [1, 2]


def test_the_seed():
    for function in (lambda a: a * 1, lambda a: a.reshape(2, 1).reshape(2), lambda a: a + 0):
        a, seed = leaf(1.0, 2.0), ct.tensor([1.0, 1.0])
        function(a).backward(seed)
        a.grad.mul_(7)
        assert seed.tolist() == [1, 1]
        seed.fill_(9)
        assert a.grad.tolist() == [7, 7]
    a, seed = ct.ones((2, 2), requires_grad=True), ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    a.T.backward(seed)
    a.grad[0, 1] = 9.0
    assert seed.tolist() == [[1, 2], [3, 4]]


def test_accumulation_is_in_place():
    a = leaf(1.0, 2.0)
    (a * 2).sum().backward()
    first, view = a.grad, a.grad[0:1]
    (a * 3).sum().backward()
    assert a.grad is first
    assert first.tolist() == [5, 5]
    assert view.tolist() == [5]
    a.grad = given = ct.tensor([1.0, 1.0])
    (a * 2).sum().backward()
    assert a.grad is given
    assert given.tolist() == [3, 3]


def test_what_hooks_keep_and_return():
    a, kept = leaf(1.0, 2.0), []
    a.register_hook(kept.append)
    for _ in range(2):
        (a * 2).sum().backward()
    a.grad.zero_()
    assert [k.tolist() for k in kept] == [[2, 2], [2, 2]]
    a, mine = leaf(1.0, 1.0), ct.tensor([5.0, 5.0])
    a.register_hook(lambda g: mine)
    for _ in range(3):
        (a * 2).sum().backward()
    assert a.grad.tolist() == [15, 15]
    assert mine.tolist() == [5, 5]


def test_hooks_and_kept_gradients_inside_the_graph():
    a, kept = leaf(1.0, 1.0), []
    y = a * 3
    y.register_hook(kept.append)
    z = y + 0
    y.retain_grad()
    z.retain_grad()
    z.sum().backward()
    y.grad.mul_(10)
    assert kept[0].tolist() == [1, 1]
    assert z.grad.tolist() == [1, 1]
    assert y.grad.tolist() == [10, 10]
    assert a.grad.tolist() == [3, 3]


def test_parts_of_one_gradient():
    p, q = leaf(1.0, 2.0), leaf(3.0, 4.0)
    ct.cat([p, q]).sum().backward()
    p.grad.zero_()
    assert q.grad.tolist() == [1, 1]
    a = leaf(1.0, 2.0, 3.0, 4.0)
    p, q = (part * 1 for part in a.chunk(2))
    p.retain_grad()
    q.retain_grad()
    ct.cat([p, q]).sum().backward()
    p.grad.zero_()
    assert q.grad.tolist() == [1, 1]
    assert a.grad.tolist() == [1, 1, 1, 1]


def test_results_of_grad():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for graph in (False, True):
        ga, gb = ct.autograd.grad((a + b).sum(), (a, b), create_graph=graph)
        with ct.no_grad():
            ga.mul_(3)
        assert ga.tolist() == [3, 3]
        assert gb.tolist() == [1, 1]
        seed = ct.tensor([1.0, 1.0])
        (g,) = ct.autograd.grad(a.reshape(2), a, seed, create_graph=graph)
        with ct.no_grad():
            g.zero_()
        assert seed.tolist() == [1, 1]


def test_broadcast_gradients_can_be_written():
    a = leaf(1.0, 2.0)
    a.sum().backward()
    a.grad[0] = 5.0
    assert a.grad.tolist() == [5, 1]


def test_saved_values():
    a = leaf(0.0, 0.0)
    y = a.exp()
    for _ in range(2):
        a.grad = None
        y.sum().backward(retain_graph=True)
        a.grad.mul_(4)
    assert y.tolist() == [1, 1]
    assert a.grad.tolist() == [4, 4]
