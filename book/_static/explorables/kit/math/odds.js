// Evidence as odds, and a race of two stories that ends at a line.

export const odds = (p) => p / (1 - p);

/**
 * A coin of chance p is tossed until one of two stories, heads with chance a or with b, is ahead by `line` (a log
 * ratio, as a gain by heads and a loss by tails). Returns how often a and b win and the mean number of tosses, exact
 * but for a rest of 1e-10.
 */
export function race(p, { heads, tails, line }) {
  const result = { a: 0, b: 0, tosses: 0 };
  let alive = new Map([[0, 1]]); // chance of each number of heads, the race undecided
  for (let n = 1, rest = 1; rest > 1e-10; n += 1) {
    result.tosses += rest;
    const next = new Map();
    rest = 0;
    for (const [k, chance] of alive) {
      for (const [count, part] of [[k + 1, chance * p], [k, chance * (1 - p)]]) {
        const lead = leadOf(count, n, heads, tails);
        if (lead >= line - 1e-9) result.a += part;
        else if (lead <= 1e-9 - line) result.b += part;
        else {
          next.set(count, (next.get(count) ?? 0) + part);
          rest += part;
        }
      }
    }
    alive = next;
  }
  return result;
}

const leadOf = (k, n, heads, tails) => k * heads + (n - k) * tails;
