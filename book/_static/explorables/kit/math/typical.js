// The typical set of n tosses of a coin, by exact binomial sums.
import { LN2, surprisal } from "./information.js";

/** Logs of 0!, 1!, …, n!. */
export function logFactorials(n) {
  const logs = [0];
  for (let k = 1; k <= n; k += 1) logs.push(logs[k - 1] + Math.log(k));
  return logs;
}

/** How many heads, from and to, make a sequence whose surprise per toss is within epsilon bits of the entropy. */
export function typicalHeads(n, p, epsilon) {
  const reach = (epsilon * LN2) / Math.abs(Math.log(p / (1 - p)));
  return [Math.max(0, Math.ceil(n * (p - reach) - 1e-9)), Math.min(n, Math.floor(n * (p + reach) + 1e-9))];
}

/** The chance of k heads in n tosses. */
export function headsChance(k, n, p, logs) {
  return Math.exp(logs[n] - logs[k] - logs[n - k] - k * surprisal(p) - (n - k) * surprisal(1 - p));
}

/** Chance of the typical set, its share of all 2^n sequences, and the log2 of how many it holds. */
export function typicalSet(n, p, epsilon, logs) {
  const [from, to] = typicalHeads(n, p, epsilon);
  const middle = Math.min(Math.max(Math.round(n / 2), from), to);
  const most = logs[n] - logs[middle] - logs[n - middle]; // the largest number of sequences, as its log
  let [probability, ways] = [0, 0];
  for (let k = from; k <= to; k += 1) {
    probability += headsChance(k, n, p, logs);
    ways += Math.exp(logs[n] - logs[k] - logs[n - k] - most);
  }
  const size = (Math.log(ways) + most) / LN2;
  return { probability, size: from > to ? -Infinity : size, share: from > to ? 0 : 2 ** (size - n) };
}
