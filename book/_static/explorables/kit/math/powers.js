// Sums of powers over evenly spaced numbers, as long as they come.

const DIRECT = 1000; // terms added one by one before the formula takes over

/**
 * Sum of n^-s over n = start, start + step, … below `end`: by Euler and Maclaurin's formula after the first terms,
 * whose last correction is smaller than 1e-10 of the sum.
 */
export function powerSum(s, start, end, step) {
  const terms = Math.max(0, Math.ceil((end - start) / step));
  const direct = Math.min(terms, DIRECT);
  let sum = 0;
  for (let j = 0; j < direct; j += 1) sum += (start + j * step) ** -s;
  if (direct === terms) return sum;
  const [a, b] = [start + direct * step, start + (terms - 1) * step];
  const slope = (n) => -s * step * n ** (-s - 1);
  return sum + integral(s, a, b) / step + (a ** -s + b ** -s) / 2 + (slope(b) - slope(a)) / 12;
}

const integral = (s, a, b) => (s === 1 ? Math.log(b / a) : (b ** (1 - s) - a ** (1 - s)) / (1 - s));
