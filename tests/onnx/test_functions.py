from cltensor.onnx import functions


def test_the_namespaces_are_those_of_the_library():
    assert callable(functions.main.matmul)
    assert callable(functions.of_linalg.vector_norm)
    assert callable(functions.of_fft.rfft)
