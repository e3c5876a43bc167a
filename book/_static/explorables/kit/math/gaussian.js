// The Gaussian: its density and its distribution function.

/** Density of the Gaussian. */
export function gaussianPdf(x, mean = 0, sd = 1) {
  const z = (x - mean) / sd;
  return Math.exp((-z * z) / 2) / (sd * Math.sqrt(2 * Math.PI));
}

/** P(X <= x) for the Gaussian; the lower tail keeps its relative precision. */
export function gaussianCdf(x, mean = 0, sd = 1) {
  const z = (x - mean) / sd;
  return z > 0 ? 1 - lowerTail(z) : lowerTail(-z);
}

/** P(Z > z) for z >= 0: a series of positive terms near the centre, Laplace's continued fraction beyond. */
function lowerTail(z) {
  if (z < 3) {
    let term = z;
    let series = z;
    for (let k = 3; term > 1e-17 * series; k += 2) {
      term *= (z * z) / k;
      series += term;
    }
    return 0.5 - gaussianPdf(z) * series;
  }
  let fraction = z;
  for (let k = 120; k > 0; k -= 1) fraction = z + k / fraction;
  return gaussianPdf(z) / fraction;
}
