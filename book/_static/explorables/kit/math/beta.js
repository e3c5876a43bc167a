// The Beta distribution: density, distribution function and quantiles.

// Lanczos's coefficients for g = 7.
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Log of the Gamma function for x >= 0.5. */
export function logGamma(x) {
  const sum = LANCZOS.reduce((total, c, i) => total + (i ? c / (x - 1 + i) : c), 0);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const logBeta = (a, b) => logGamma(a) + logGamma(b) - logGamma(a + b);

/** c log x with 0 log 0 = 0. */
const xlogy = (c, x) => (c === 0 ? 0 : c * Math.log(x));

/** Density of Beta(a, b) for a, b >= 1. */
export function betaPdf(x, a, b) {
  return Math.exp(xlogy(a - 1, x) + xlogy(b - 1, 1 - x) - logBeta(a, b));
}

/** P(X <= x) for Beta(a, b), by the continued fraction of the side that converges fast. */
export function betaCdf(x, a, b) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  return x < (a + 1) / (a + b + 2) ? lowerPart(x, a, b) : 1 - lowerPart(1 - x, b, a);
}

/** The continued fraction, summed from its far end. */
function lowerPart(x, a, b) {
  let fraction = 0;
  for (let m = 200; m > 0; m -= 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    fraction = even / (1 + odd / (1 + fraction));
  }
  const first = (-(a + b) * x) / (a + 1);
  return (x * (1 - x) * betaPdf(x, a, b)) / (a * (1 + first / (1 + fraction)));
}

/** The x below which Beta(a, b) has the probability p, by halving. */
export function betaQuantile(p, a, b) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i += 1) {
    const middle = (low + high) / 2;
    if (betaCdf(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
