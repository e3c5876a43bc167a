// The formulas behind the explorables. No DOM here: the same code runs in a page, at build time and under test.
// Natural logs throughout, as in course_lib; divide by LN2 for bits.

export const LN2 = Math.LN2;

const sum = (values) => values.reduce((total, v) => total + v, 0);

/** Surprise log(1/p) of an event, in nats; +0 for a certain event, Infinity for an impossible one. */
export function surprisal(p) {
  return p === 0 ? Infinity : Math.abs(Math.log(p));
}

/** Entropy in nats. The largest term goes through log1p of the rest, exact where one outcome is near certain. */
export function entropy(p) {
  const top = p.indexOf(Math.max(...p));
  const others = p.filter((v, i) => i !== top && v > 0);
  return p[top] * Math.log1p(sum(others) / p[top]) + sum(others.map((v) => v * surprisal(v)));
}

/** p log(p/q) - p + q: the part of one outcome in KL, never negative. By Loader's series where p is near q. */
export function divergenceTerm(p, q) {
  if (p === 0) return q;
  if (q === 0) return Infinity;
  const u = (p - q) / (p + q);
  if (Math.abs(u) > 0.1) return p * Math.log(p / q) - (p - q);
  let total = (p - q) * u;
  let power = 2 * p * u;
  for (let k = 3; k < 40; k += 2) {
    power *= u * u;
    total += power / k;
  }
  return total;
}

/** KL divergence D(p||q) in nats; Infinity where q rules out what p allows. */
export function kl(p, q) {
  return sum(p.map((v, i) => divergenceTerm(v, q[i])));
}

/** Cross-entropy H(p, q) in nats: the mean surprise of a believer in q when p is true. */
export function crossEntropy(p, q) {
  return sum(p.map((v, i) => (v === 0 ? 0 : v * surprisal(q[i]))));
}

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

/** Seeded uniform numbers strictly between 0 and 1: the mulberry32 generator, 32 bits each. */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

/** One draw from the Gaussian by Box and Muller's transform. */
export function gaussianDraw(uniform, mean, sd) {
  const radius = Math.sqrt(2 * surprisal(uniform()));
  return mean + sd * radius * Math.cos(2 * Math.PI * uniform());
}

/** Running means of n draws, kept at the counts in `at` (increasing). */
export function runningMeans(draw, at) {
  const means = [];
  let total = 0;
  let n = 0;
  for (const count of at) {
    for (; n < count; n += 1) total += draw();
    means.push(total / n);
  }
  return means;
}

/** Counts 1 to n, evenly spaced on a log scale, without repeats. */
export function logSpaced(n, perDecade) {
  const steps = Math.round(perDecade * Math.log10(n));
  return [...new Set(Array.from({ length: steps + 1 }, (_, i) => Math.round(10 ** (i / perDecade))))];
}
