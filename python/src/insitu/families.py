"""Families of generalised linear models: what is known of a response's distribution, and its link.

Example:
    >>> from insitu import families
    >>> families.binomial("probit"), families.tweedie(1.5)
    (Family(name='binomial', link='probit'), Family(name='Tweedie', power=1.5))
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from .errors import SpecError


@dataclass(frozen=True)
class Family:
    """A family with its link; made by the functions of this module.

    Arguments:
        name: as R names it: "gaussian", "binomial", "poisson", "Gamma", "inverse.gaussian", "quasibinomial",
            "quasipoisson", "quasi", "negative.binomial", "Tweedie".
        link: None is the family's default; "mu^p" is a power of the mean.
        theta: of the negative binomial, whose variance is mu + mu² / theta; None: estimated. power: of Tweedie's
            variance mu^power. variance: of "quasi".
    """

    name: str
    link: str | None = None
    theta: float | None = None
    power: float | None = None
    variance: str | None = None

    def spec(self) -> dict[str, Any]:
        """As the engine is asked for it."""
        found: dict[str, Any] = {"name": self.name, "link": self.link}
        if self.theta is not None:
            found["theta"] = "Infinity" if self.theta == math.inf else _number("theta", self.theta)
        found |= {} if self.variance is None else {"variance": self.variance}
        return found | ({} if self.power is None else {"power": _number("power", self.power)})

    def __repr__(self) -> str:
        parts = [f"name={self.name!r}"]
        for key in ("link", "theta", "power", "variance"):
            if (value := getattr(self, key)) is not None:
                parts.append(f"{key}={value!r}")
        return f"Family({', '.join(parts)})"


def _number(name: str, value: object) -> float:
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise SpecError(f"{name} of a family is a finite number, and was given as {value!r}.")


def gaussian(link: str = "identity") -> Family:
    """Variance constant. Links: identity, log, inverse."""
    return Family("gaussian", link)


def binomial(link: str = "logit") -> Family:
    """Shares of successes; variance mu (1 - mu). Links: logit, probit, cauchit, log, cloglog."""
    return Family("binomial", link)


def poisson(link: str = "log") -> Family:
    """Counts; variance mu. Links: log, identity, sqrt."""
    return Family("poisson", link)


def gamma(link: str = "inverse") -> Family:
    """Positive numbers; variance mu². Links: inverse, identity, log."""
    return Family("Gamma", link)


def inverse_gaussian(link: str = "1/mu^2") -> Family:
    """Positive numbers; variance mu³. Links: 1/mu^2, inverse, identity, log."""
    return Family("inverse.gaussian", link)


def quasibinomial(link: str = "logit") -> Family:
    """As binomial, with the dispersion estimated."""
    return Family("quasibinomial", link)


def quasipoisson(link: str = "log") -> Family:
    """As poisson, with the dispersion estimated."""
    return Family("quasipoisson", link)


def quasi(link: str = "identity", variance: str = "constant") -> Family:
    """Any link, any of five variances, and the dispersion estimated; without a likelihood (Wedderburn 1974).

    Arguments:
        link: identity, log, inverse, 1/mu^2, sqrt, logit, probit, cauchit, cloglog, or a power of the mean.
        variance: "constant", "mu(1-mu)" (responses from 0 to 1), "mu" (at least 0), "mu^2" and "mu^3" (above 0).
    """
    return Family("quasi", link, variance=re.sub(r"\s", "", variance))


def negative_binomial(theta: float | None = None, link: str = "log") -> Family:
    """Counts; variance mu + mu² / theta. Links: log, identity, sqrt.

    Arguments:
        theta: above 0; None estimates it by maximum likelihood with the coefficients, as `MASS::glm.nb` does. Where
            the counts are not overdispersed it is infinite, which is Poisson's model, and a warning says so.
    """
    return Family("negative.binomial", link, theta=theta)


def tweedie(var_power: float = 0.0, link_power: float | None = None) -> Family:
    """Variance mu^var_power: 0 normal, 1 Poisson, 2 gamma, 3 inverse Gaussian, between 1 and 2 with exact zeros.

    Arguments:
        var_power: not between 0 and 1.
        link_power: eta = mu^link_power; 0 is log, 1 identity; None is 1 - var_power, as in the original (whose users
            often want 0).
    """
    link = None
    if link_power is not None:
        link_power = _number("link_power", link_power)
        link = {0.0: "log", 1.0: "identity"}.get(float(link_power), f"mu^{float(link_power)!r}")
    return Family("Tweedie", link, power=var_power)


_BY_NAME: dict[str, Callable[..., Family]] = {
    "gaussian": gaussian,
    "normal": gaussian,
    "binomial": binomial,
    "poisson": poisson,
    "gamma": gamma,
    "inversegaussian": inverse_gaussian,
    "quasibinomial": quasibinomial,
    "quasipoisson": quasipoisson,
    "quasi": quasi,
    "negativebinomial": negative_binomial,
}
_NEEDS_MORE = {
    "tweedie": "families.tweedie(var_power)",
}


def as_family(value: object) -> Family:
    """A family from a Family, its name, or its name and link: "poisson", "binomial(probit)", "Gamma-log".

    Raises: SpecError for what is none of these, with the families there are.

    Example:
        >>> as_family("binomial(probit)")
        Family(name='binomial', link='probit')
    """
    if isinstance(value, Family):
        return value
    if callable(value) and value in _BY_NAME.values():
        made: Family = value()
        return made
    if not isinstance(value, str):
        raise SpecError(
            f"family is a name such as 'poisson' or a Family, and is a {type(value).__name__}."
        )
    found = re.fullmatch(
        r"\s*([\w. ]+?)\s*(?:\(\s*(?:link\s*=\s*)?['\"]?([^'\"()]*?)['\"]?\s*\)|-(.+))?\s*", value
    )
    name = re.sub(r"[._ ]", "", found[1]).lower() if found else ""
    if name in _NEEDS_MORE:
        raise SpecError(f"The family {value!r} has a parameter: give {_NEEDS_MORE[name]}.")
    if found is None or name not in _BY_NAME:
        known = ", ".join(dict.fromkeys(maker().name for maker in _BY_NAME.values()))
        raise SpecError(
            f"There is no family {value!r}: there are {known}, and families.tweedie(var_power)."
        )
    link = found[2] or found[3]
    return _BY_NAME[name](link=link) if link else _BY_NAME[name]()
