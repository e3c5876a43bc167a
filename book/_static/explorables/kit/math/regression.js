// Least squares, and a Gaussian prior as more of the same: one row for each weight.

const dot = (u, v) => u.reduce((total, value, i) => total + value * v[i], 0);

/** The weights with the least |t - A w|², and the triangle R of A = QR, by modified Gram and Schmidt. */
export function leastSquares(A, t) {
  const columns = A[0].map((_, j) => A.map((row) => row[j]));
  let rest = [...t];
  const size = columns.length;
  const R = columns.map(() => new Array(size).fill(0));
  const z = columns.map((_, j) => {
    R[j][j] = Math.hypot(...columns[j]);
    const q = columns[j].map((v) => v / R[j][j]);
    const off = (v, by) => v.map((value, i) => value - by * q[i]);
    for (let k = j + 1; k < size; k += 1) {
      R[j][k] = dot(q, columns[k]);
      columns[k] = off(columns[k], R[j][k]);
    }
    const along = dot(q, rest);
    rest = off(rest, along);
    return along;
  });
  const w = new Array(size).fill(0);
  for (let j = size - 1; j >= 0; j -= 1) w[j] = (z[j] - dot(R[j].slice(j + 1), w.slice(j + 1))) / R[j][j];
  return { w, R };
}

/** The posterior of w in y = Xw + noise of deviation sigma, with w ~ N(0, tau²) each: d rows say "w is 0". */
export function posterior(X, y, size, sigma, tau) {
  const data = X.map((row) => row.map((v) => v / sigma));
  const prior = Array.from({ length: size }, (_, j) => Array.from({ length: size }, (_, k) => (j === k ? 1 / tau : 0)));
  return leastSquares([...data, ...prior], [...y.map((v) => v / sigma), ...new Array(size).fill(0)]);
}

/** Standard deviation of the line at features x under that posterior: |R⁻ᵀ x|. */
export function deviation(R, x) {
  const u = [];
  for (const [j, v] of x.entries()) u.push((v - dot(u, u.map((_, i) => R[i][j]))) / R[j][j]);
  return Math.hypot(...u);
}

/** Features 1, x, …, x^degree. */
export const powers = (x, degree) => Array.from({ length: degree + 1 }, (_, k) => x ** k);

export const predict = (w, x) => dot(w, x);
