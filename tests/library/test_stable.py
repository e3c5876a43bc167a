"""The elementwise forms that never cancel, against exact arithmetic."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from course_lib._stable import deviance, log_pdf_normal, log_ratio, log_sum_exp, stirling_remainder

mpmath.mp.dps = 50


@pytest.mark.parametrize("k", [*range(40), 100, 12_345, 10**9, 10**15])
def test_stirling_remainder(k):
    k_log_k = k * mpmath.log(k) if k else 0
    truth = mpmath.loggamma(k + 1) - k_log_k + k
    assert float(stirling_remainder(k)) == pytest.approx(float(truth), rel=1e-15, abs=1e-15)


@given(st.floats(1e-10, 1e10), st.floats(-12, 2), st.booleans())
def test_deviance_is_accurate_however_close_the_two_are(m, log10_gap, above):
    gap = 10.0**log10_gap
    x = m * (1 + gap) if above else m / (1 + gap)
    a, b = mpmath.mpf(x), mpmath.mpf(m)
    truth = a * mpmath.log(a / b) - a + b
    found = float(deviance(x, m))
    assert found >= 0
    assert abs(found - truth) <= 2e-14 * truth


def test_deviance_at_the_edges():
    np.testing.assert_array_equal(deviance([0, 0, 3, 3], [0, 2, 3, 0]), [0, 2, 0, np.inf])


def test_log_sum_exp_agrees_with_scipy_where_exp_overflows():
    rows = np.random.default_rng(0).normal(scale=500, size=(20, 30))
    np.testing.assert_allclose(log_sum_exp(rows), scipy.special.logsumexp(rows, axis=-1), rtol=1e-15)
    assert log_sum_exp(np.array([[-1e5, -1e5]]))[0] == pytest.approx(np.log(2) - 1e5, rel=1e-15)


@given(st.floats(1e-300, 1e300), st.floats(-12, 2), st.booleans())
def test_log_ratio_is_accurate_however_close_or_far_the_two_are(q, log10_gap, above):
    p = q * (1 + 10.0**log10_gap) if above else q / (1 + 10.0**log10_gap)
    truth = float(mpmath.log(mpmath.mpf(p) / mpmath.mpf(q)))
    assert log_ratio(np.array([p]), np.array([q]))[0] == pytest.approx(truth, rel=1e-14)


@pytest.mark.parametrize(("p", "q"), [(1e300, 1e-300), (1e-300, 1e300), (5e-324, 1.0), (1.0, 5e-324)])
def test_log_ratio_of_numbers_whose_quotient_is_no_float(p, q):
    with np.errstate(all="ignore"):
        found = log_ratio(np.array([p]), np.array([q]))[0]
    assert found == pytest.approx(math.log(p) - math.log(q), rel=1e-15)


def test_log_pdf_normal_agrees_with_scipy():
    x, mean, sd = np.random.default_rng(0).random((3, 50)) + 0.1
    np.testing.assert_allclose(log_pdf_normal(x, mean, sd), scipy.stats.norm.logpdf(x, mean, sd), rtol=1e-13)
