"""What each slice and each factor contributes to a change: additive, mix and rate, and factors of a formula.

Every split is exact: its parts, rounded to the metric's quantum, sum to the rounded change.
Source: shift-share identity with two-period means; Ang 2005 for LMDI-I; Shapley 1953 (Sun 1998) where a factor is zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import numpy as np

from roastery.tools.analysis.apportion import settle
from roastery.tools.analysis.arrays import Floats, floats, same_length
from roastery.tools.analysis.errors import CannotTell, UnfitInput

Exact = Decimal | int | float


@dataclass(frozen=True)
class AdditiveSplit:
    """Change of a sum over slices. `shares` are parts / change, None where the change is zero."""

    change: Decimal
    parts: tuple[Decimal, ...]
    shares: tuple[float, ...] | None


@dataclass(frozen=True)
class MixRateSplit:
    """Change of a ratio over slices: `rate` of slices that got better, `mix` of weight that moved between them."""

    before: Decimal
    after: Decimal
    change: Decimal
    rate: tuple[Decimal, ...]
    mix: tuple[Decimal, ...]

    @property
    def rate_total(self) -> Decimal:
        return sum(self.rate, Decimal(0))

    @property
    def mix_total(self) -> Decimal:
        return sum(self.mix, Decimal(0))


@dataclass(frozen=True)
class FactorSplit:
    """Change of a formula over its factors. `method` is 'lmdi', or 'shapley' where a product met a zero."""

    before: Decimal
    after: Decimal
    change: Decimal
    effects: dict[str, Decimal]
    method: str


@dataclass(frozen=True)
class Product:
    """A product of factors over a product of divisors; a factor is a name or a formula."""

    factors: tuple["Formula", ...]
    divisors: tuple["Formula", ...] = ()


@dataclass(frozen=True)
class Total:
    """A sum of terms less a sum of others; a term is a name or a formula."""

    terms: tuple["Formula", ...]
    less: tuple["Formula", ...] = ()


Formula = str | Product | Total


def additive_split(
    before: Sequence[Exact], after: Sequence[Exact], quantum: Decimal = Decimal("0.01")
) -> AdditiveSplit:
    """Split the change of a total into the change of each slice: share of slice i is its change over the change.

    Shape: one entry a slice; a slice absent in one period stands with zero.
    """
    same_length(before=before, after=after)
    deltas = [_fraction("after", b) - _fraction("before", a) for a, b in zip(before, after, strict=True)]
    change = sum(deltas, Fraction(0))
    parts = settle([float(d) for d in deltas], _decimal(change), quantum)
    shares = tuple(float(d / change) for d in deltas) if change else None
    return AdditiveSplit(_rounded(change, quantum), parts, shares)


def mix_rate_split(
    numerator_before: Sequence[Exact],
    denominator_before: Sequence[Exact],
    numerator_after: Sequence[Exact],
    denominator_after: Sequence[Exact],
    quantum: Decimal = Decimal("0.000001"),
) -> MixRateSplit:
    """Split the change of a ratio of sums: rate w̄ᵢ·Δrᵢ, mix Δwᵢ·(r̄ᵢ − R̄), bars being two-period means.

    A slice without denominator in one period has no rate there: it takes its other rate, so that coming or going is
    mix; a numerator without denominator (revenue without spend) counts as rate.
    Errors: CannotTell when a period's denominators sum to zero; UnfitInput when one is negative.
    """
    n0, d0 = floats("numerator_before", numerator_before), floats("denominator_before", denominator_before)
    n1, d1 = floats("numerator_after", numerator_after), floats("denominator_after", denominator_after)
    same_length(numerator_before=n0, denominator_before=d0, numerator_after=n1, denominator_after=d1)
    if min(d0.min(initial=0.0), d1.min(initial=0.0)) < 0:
        raise UnfitInput("A denominator is negative; the ratio has no mix.")
    before = _ratio(numerator_before, denominator_before, "first")
    after = _ratio(numerator_after, denominator_after, "second")
    mean = (float(before) + float(after)) / 2
    w0, w1 = d0 / d0.sum(), d1 / d1.sum()
    r0, r1 = _rates(n0, d0), _rates(n1, d1)
    r0, r1 = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    middle = np.where(np.isnan(r0), mean, (r0 + r1) / 2)
    mix = (w1 - w0) * (middle - mean)
    rate = n1 / d1.sum() - n0 / d0.sum() - (w1 - w0) * mean - mix
    settled = settle(np.concatenate([rate, mix]), _decimal(after - before), quantum)
    change = _rounded(after - before, quantum)
    return MixRateSplit(
        _rounded(before, quantum), _rounded(after, quantum), change, settled[: len(rate)], settled[len(rate) :]
    )


def factor_split(
    formula: Formula,
    before: Mapping[str, Exact],
    after: Mapping[str, Exact],
    quantum: Decimal = Decimal("0.000001"),
) -> FactorSplit:
    """Split the change of a formula into one effect a name, by LMDI; Shapley where a product meets zero or a sign.

    LMDI: effect of factor k = L(V₁,V₀)·ln(xₖ₁/xₖ₀) with L(a,b) = (a−b)/ln(a/b), opposite sign in a divisor. A name
    that stands in several places gets the sum of its effects.
    Errors: UnfitInput when a name has no value; CannotTell when a divisor is zero.
    """
    names = leaves(formula)
    missing = sorted(set(names) - (set(before) & set(after)))
    if missing:
        raise UnfitInput(f"The formula needs a value of {', '.join(missing)} in both periods.")
    x0 = {name: float(floats(name, [before[name]])[0]) for name in names}
    x1 = {name: float(floats(name, [after[name]])[0]) for name in names}
    effects = dict.fromkeys(names, 0.0)
    split = _Split(x0, x1, effects)
    v0, v1 = split.value(formula, x0), split.value(formula, x1)
    split.spread(formula, 1.0)
    total = _decimal(Fraction(v1) - Fraction(v0))
    settled = settle(list(effects.values()), total, quantum)
    return FactorSplit(
        _rounded(Fraction(v0), quantum),
        _rounded(Fraction(v1), quantum),
        _rounded(Fraction(v1) - Fraction(v0), quantum),
        dict(zip(effects, settled, strict=True)),
        "shapley" if split.met_zero else "lmdi",
    )


def leaves(formula: Formula) -> tuple[str, ...]:
    """The names of a formula, each once, in order of reading.

    >>> leaves(Product(("conversion_rate", "aov"), ("cpc",)))
    ('conversion_rate', 'aov', 'cpc')
    """
    if isinstance(formula, str):
        return (formula,)
    return tuple(dict.fromkeys(name for part in _parts(formula) for name in leaves(part)))


def log_mean(a: float, b: float) -> float:
    """The logarithmic mean (a − b) / ln(a / b) of two numbers of one sign, a itself where they are equal."""
    if a == b:
        return a
    spread = math.log(a / b)
    # Near a = b the quotient loses its digits; the series of the mean around the midpoint does not.
    return (a + b) / 2 * (1 - spread * spread / 12) if abs(spread) < 1e-4 else (a - b) / spread


class _Split:
    """Walks a formula and gives every name its effect: a node's effect is its multiplier times its change."""

    def __init__(self, x0: dict[str, float], x1: dict[str, float], effects: dict[str, float]) -> None:
        self.x0, self.x1, self.effects = x0, x1, effects
        self.met_zero = False

    def value(self, formula: Formula, at: Mapping[str, float]) -> float:
        if isinstance(formula, str):
            return at[formula]
        if isinstance(formula, Total):
            return math.fsum([self.value(t, at) for t in formula.terms] + [-self.value(t, at) for t in formula.less])
        divisor = math.prod(self.value(d, at) for d in formula.divisors)
        if divisor == 0:
            raise CannotTell(f"{' × '.join(leaves(formula))}: a divisor is zero, so there is no ratio to explain.")
        return math.prod(self.value(f, at) for f in formula.factors) / divisor

    def spread(self, formula: Formula, multiplier: float) -> None:
        if isinstance(formula, str):
            self.effects[formula] += multiplier * (self.x1[formula] - self.x0[formula])
        elif isinstance(formula, Total):
            for term in formula.terms:
                self.spread(term, multiplier)
            for term in formula.less:
                self.spread(term, -multiplier)
        else:
            slopes = self._slopes(formula)
            for part, slope in zip(_parts(formula), slopes, strict=True):
                self.spread(part, multiplier * slope)

    def _slopes(self, product: Product) -> list[float]:
        """Effect over change of each part; finite also where a part did not change but its own parts did."""
        a = [self.value(part, self.x0) for part in _parts(product)]
        b = [self.value(part, self.x1) for part in _parts(product)]
        v0, v1 = self.value(product, self.x0), self.value(product, self.x1)
        powers = [1] * len(product.factors) + [-1] * len(product.divisors)
        if v0 * v1 > 0 and all(p * q > 0 for p, q in zip(a, b, strict=True)):
            whole = log_mean(v1, v0)
            return [power * whole / log_mean(q, p) for p, q, power in zip(a, b, powers, strict=True)]
        self.met_zero = True
        return _shapley_slopes(a, b, powers)


def _shapley_slopes(a: list[float], b: list[float], powers: list[int]) -> list[float]:
    """Mean effect of switching one part over all orders of switching, over that part's change."""
    x0 = [p if power > 0 else 1 / p for p, power in zip(a, powers, strict=True)]
    x1 = [q if power > 0 else 1 / q for q, power in zip(b, powers, strict=True)]
    n = len(x0)
    slopes = []
    for k in range(n):
        others = [i for i in range(n) if i != k]
        mean = 0.0
        for size in range(n):
            weight = 1 / (n * math.comb(n - 1, size))
            for switched in combinations(others, size):
                mean += weight * math.prod(x1[i] if i in switched else x0[i] for i in others)
        slopes.append(mean if powers[k] > 0 else -mean / (a[k] * b[k]))
    return slopes


def _parts(formula: Product | Total) -> tuple[Formula, ...]:
    return formula.factors + formula.divisors if isinstance(formula, Product) else formula.terms + formula.less


def _rates(numerator: Floats, denominator: Floats) -> Floats:
    rates: Floats = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
    return rates


def _ratio(numerator: Sequence[Exact], denominator: Sequence[Exact], period: str) -> Fraction:
    below = sum((_fraction("denominator", d) for d in denominator), Fraction(0))
    if below == 0:
        raise CannotTell(f"The denominator of the {period} period is zero, so the ratio does not exist there.")
    return sum((_fraction("numerator", n) for n in numerator), Fraction(0)) / below


def _fraction(name: str, value: Exact) -> Fraction:
    try:
        return Fraction(value) if not isinstance(value, np.generic) else Fraction(value.item())
    except (TypeError, ValueError, OverflowError) as error:
        raise UnfitInput(f"'{name}' holds {value!r}, which is no number.") from error


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _rounded(value: Fraction, quantum: Decimal) -> Decimal:
    return settle([0.0], _decimal(value), quantum)[0]
