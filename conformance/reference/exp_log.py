"""Coefficients of the engine's exp and log (core/linalg/variant_math.hpp), and reference values for their test.

exp on [-ln(2)/2, ln(2)/2] is 1 + (r + r^2 q(r)); log(1 + f) with s = f / (2 + f), z = s^2 is 2 s + s z p(z).
q and p are near-minimax: interpolation at Chebyshev points in 60 digits. Run without arguments for the coefficients.
"""

import mpmath

mpmath.mp.dps = 60


def exp_tail(r):
    """(exp(r) - 1 - r) / r^2, by series near 0."""
    return mpmath.nsum(lambda k: r**k / mpmath.factorial(k + 2), [0, 40])


def log_tail(z):
    """(2 atanh(s) - 2 s) / (s z) with s = sqrt(z), by series."""
    return mpmath.nsum(lambda k: 2 * z**k / (2 * k + 3), [0, 80])


def show(name, function, interval, terms):
    """Prints a coefficient table, and the error of the approximation."""
    coefficients, error = mpmath.chebyfit(function, interval, terms, error=True)
    print(f"// {name}, error {mpmath.nstr(error, 3)}")
    for value in reversed(coefficients):
        print(f"    {float(value).hex()},  // {mpmath.nstr(value, 20)}")


def split_ln2():
    """ln 2 with 32 trailing zero bits in its high half, so that its product with an exponent is exact."""
    scale = mpmath.mpf(2) ** 32
    high = mpmath.floor(mpmath.log(2) * scale) / scale
    return float(high).hex(), float(mpmath.log(2) - high).hex()


if __name__ == "__main__":
    half = mpmath.log(2) / 2 * (1 + mpmath.mpf(2) ** -20)
    show("exp", exp_tail, [-half, half], 11)
    s = (mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)
    show("log", log_tail, [0, s * s * (1 + mpmath.mpf(2) ** -20)], 8)
    print("// ln 2", *split_ln2())
