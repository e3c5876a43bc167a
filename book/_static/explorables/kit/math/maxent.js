// The distribution of largest entropy with given averages, by Newton's method on the dual.

const dot = (u, v) => u.reduce((total, value, i) => total + value * v[i], 0);

/** Solve A x = b for a small positive definite A, by elimination. */
function solve(A, b) {
  const rows = A.map((row, i) => [...row, b[i]]);
  for (let i = 0; i < rows.length; i += 1) {
    for (let k = i + 1; k < rows.length; k += 1) {
      const factor = rows[k][i] / rows[i][i];
      rows[k] = rows[k].map((v, j) => v - factor * rows[i][j]);
    }
  }
  const x = Array(b.length).fill(0);
  for (let i = b.length - 1; i >= 0; i -= 1) x[i] = (rows[i].at(-1) - dot(rows[i].slice(0, -1), x)) / rows[i][i];
  return x;
}

/** The softmax of the features' weighted sums, and the log of its normalising sum. */
function tilted(features, weights) {
  const scores = features[0].map((_, x) => features.reduce((sum, f, j) => sum + weights[j] * f[x], 0));
  const most = Math.max(...scores);
  const parts = scores.map((s) => Math.exp(s - most));
  const total = parts.reduce((sum, v) => sum + v, 0);
  return { p: parts.map((v) => v / total), logZ: most + Math.log(total) };
}

/**
 * Among the distributions p with E[f] = target for each feature f (a list of its values), the one of largest entropy:
 * p proportional to exp of the features' weighted sum, the weights minimising log Z minus weights times targets.
 * Returns null if no distribution has these averages.
 */
export function maximumEntropy(features, targets, size) {
  if (!features.length) return Array(size).fill(1 / size);
  let weights = features.map(() => 0);
  const loss = (w) => tilted(features, w).logZ - dot(w, targets);
  for (let step = 0; step < 200; step += 1) {
    const { p } = tilted(features, weights);
    const means = features.map((f) => dot(p, f));
    const gradient = means.map((m, j) => m - targets[j]);
    if (Math.max(...gradient.map(Math.abs)) < 1e-9) return p;
    const ridge = (j, k) => (j === k ? 1e-11 : 0);
    const covariance = features.map((f, j) => features.map((g, k) => dot(p, f.map((v, x) => v * (g[x] - means[k]))) + ridge(j, k)));
    const move = solve(covariance, gradient);
    let length = 1;
    const at = (t) => weights.map((w, j) => w - t * move[j]);
    while (length > 1e-6 && !(loss(at(length)) <= loss(weights) - 1e-4 * length * dot(gradient, move))) length /= 2;
    weights = at(length);
  }
  return null;
}
