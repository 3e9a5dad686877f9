"""The namespace of the Python array API standard, and libraries that compute through it."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import array_api as xp

RNG = np.random.default_rng(0)


def close(got, want, tolerance=1e-4):
    assert isinstance(got, (ct.Tensor, float))
    got = got.numpy() if isinstance(got, ct.Tensor) else got
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def test_names():
    assert xp.__array_api_version__ == "2025.12"
    functions = [n for n in xp.__all__ if callable(getattr(xp, n)) and n not in ("Array", "bool")]
    assert len(functions) == 135  # and __array_namespace_info__
    assert {"linalg", "fft", "pi", "newaxis", "float32", "bool"} < set(xp.__all__)
    assert len([n for n in vars(xp.fft) if n[0] != "_" and "f" in n and "t" in n]) >= 14


def test_einops(device):
    einops = pytest.importorskip("einops.array_api")
    x = RNG.standard_normal((2, 3, 4)).astype("float32")
    got = einops.rearrange(xp.asarray(x), "a b c -> (a c) b")
    close(got, x.transpose(0, 2, 1).reshape(8, 3))
    close(einops.reduce(xp.asarray(x), "a b c -> b", "mean"), x.mean((0, 2)))


def test_array_api_compat(device):
    compat = pytest.importorskip("array_api_compat")
    x = xp.ones((2, 3))
    assert compat.array_namespace(x, ct.ones(2)) is xp
    assert compat.is_array_api_obj(x)
    assert compat.device(x) is x.device
    assert compat.size(x) == 6


def test_array_api_extra(device):
    extra = pytest.importorskip("array_api_extra")
    x = RNG.standard_normal((3, 4)).astype("float32")
    a = xp.asarray(x)
    for function, more in ((extra.cov, ()), (extra.sinc, ()), (extra.pad, (1,))):
        close(function(a, *more), function(x, *more))
    close(extra.at(a)[0].add(1.0), extra.at(x)[0].add(1.0))


def test_scipy(device, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # read when SciPy is imported
    pytest.importorskip("scipy", minversion="1.15")
    from scipy import fft, integrate, special, stats
    from scipy._lib import _array_api

    if not _array_api.SCIPY_ARRAY_API:
        pytest.skip("SciPy was imported before, without SCIPY_ARRAY_API=1")
    x = RNG.uniform(0.1, 1, 20).astype("float32")
    functions = (
        stats.zscore, stats.skew, stats.gmean, stats.entropy, fft.rfft, special.logsumexp,
        special.softmax, integrate.trapezoid,
    )  # fmt: skip
    for function in functions:
        close(function(xp.asarray(x)), function(x))
    close(stats.pearsonr(xp.asarray(x), xp.asarray(x**2)).statistic, stats.pearsonr(x, x**2)[0])


@pytest.fixture
def sklearn(monkeypatch):
    """scikit-learn that dispatches."""
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    found = pytest.importorskip("sklearn", minversion="1.6")
    try:
        with found.config_context(array_api_dispatch=True):
            yield found
    except RuntimeError as error:
        pytest.skip(f"SciPy was imported before: {error}")


def flowers():
    """Vectors of three kinds, and their kinds."""
    kinds = np.arange(90) % 3
    centres = np.array([[0, 0, 2, 1], [3, 0, -1, 0], [0, 3, 1, -2]])
    return (RNG.standard_normal((90, 4)) + centres[kinds]).astype("float32"), kinds


def test_sklearn_estimators(device, sklearn):
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import Ridge

    x, kinds = flowers()
    a, b = xp.asarray(x), xp.asarray(kinds)
    for solver in ("full", "covariance_eigh"):
        ours, theirs = [PCA(2, svd_solver=solver).fit(data) for data in (a, x)]
        close(ours.explained_variance_, theirs.explained_variance_)
        close(xp.abs(ours.transform(a)), np.abs(theirs.transform(x)), 1e-3)
    target = x @ np.array([1, 2, 3, 4], "float32")
    ours = Ridge(0.5, solver="svd").fit(a, xp.asarray(target))
    close(ours.predict(a), Ridge(0.5, solver="svd").fit(x, target).predict(x))
    ours, theirs = [LinearDiscriminantAnalysis().fit(*data) for data in ((a, b), (x, kinds))]
    close(ours.predict_proba(a), theirs.predict_proba(x))
    assert ours.predict(a).tolist() == theirs.predict(x).tolist()


def test_sklearn_mixture(device, sklearn):
    from sklearn.mixture import GaussianMixture

    x, _ = flowers()
    ours, theirs = [
        GaussianMixture(3, means_init=data[:3], init_params="random", random_state=0, tol=1e-2).fit(
            data
        )
        for data in (xp.asarray(x), x)
    ]
    close(ours.means_, theirs.means_, 1e-3)


def test_sklearn_metrics(device, sklearn):
    from sklearn import metrics

    x, kinds = flowers()
    guessed = (kinds + (np.arange(90) % 7 == 0)) % 3
    pair, arrays = (kinds, guessed), (xp.asarray(kinds), xp.asarray(guessed))
    close(float(metrics.accuracy_score(*arrays)), metrics.accuracy_score(*pair))
    for name in ("f1_score", "precision_score", "recall_score"):
        function = getattr(metrics, name)
        close(float(function(*arrays, average="macro")), function(*pair, average="macro"))
    close(metrics.confusion_matrix(*arrays), metrics.confusion_matrix(*pair))
    pair = (x[:, 0], x[:, 1])
    arrays = tuple(map(xp.asarray, pair))
    for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
        function = getattr(metrics, name)
        close(float(function(*arrays)), function(*pair))
    got = metrics.pairwise.euclidean_distances(xp.asarray(x[:9]), xp.asarray(x[9:20]))
    close(got, metrics.pairwise.euclidean_distances(x[:9], x[9:20]), 1e-3)
