// Surprise, entropy and divergence. Natural logs throughout, as in course_lib; divide by LN2 for bits.

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
