// Bets on what comes next: guess until right, each guess with a confidence; and a predictor of tosses that learns.
import { LN2, surprisal } from "./information.js";

const bits = (p) => surprisal(p) / LN2;

/** What a guess with confidence c is charged, in bits: log2 1/c if it is right, log2 1/(1 - c) if it is wrong. */
export const charge = (c, right) => bits(right ? c : 1 - c);

/**
 * The game so far. A play { letter, c } says that the next letter is this one with probability c; one without a letter
 * spreads the bet evenly over all that are not ruled out, and so ends the letter. Charges of one letter add up, as the
 * probabilities of its plays multiply. Returns each letter's cost in bits, and of the letter that is open now what it
 * has cost and which letters are ruled out.
 */
export function guessed(letters, alphabet, plays) {
  const costs = [];
  let open = { cost: 0, out: [] };
  let last = null;
  for (const { letter, c } of plays) {
    if (costs.length === letters.length) break;
    const truth = letters[costs.length];
    const again = open.out.includes(letter);
    const right = letter === null || letter === truth;
    const left = alphabet.length - open.out.length;
    const paid = again ? 0 : letter === null ? Math.log2(left) : charge(left === 1 ? 1 : c, right);
    last = { letter, truth, right, again, paid };
    if (right) {
      costs.push(open.cost + paid);
      open = { cost: 0, out: [] };
    } else if (!again) open = { cost: open.cost + paid, out: [...open.out, letter] };
  }
  return { costs, open, last };
}

/**
 * The chance of heads that a predictor gives before each toss. For each number m = 0 … order it counts what followed the
 * last m tosses, and believes (heads + 1/2) / (tosses + 1); the m are weighed by how well each has predicted so far.
 */
export function expectations(heads, order) {
  const models = Array.from({ length: order + 1 }, () => ({ weight: 1, seen: new Map() }));
  return heads.map((head, t) => {
    const voices = models.map(({ weight, seen }, m) => {
      const context = heads.slice(Math.max(0, t - m), t).map(Number).join("");
      const counts = seen.get(context) ?? [0, 0];
      seen.set(context, counts);
      return { weight, counts, p: (counts[1] + 0.5) / (counts[0] + counts[1] + 1) };
    });
    const total = voices.reduce((sum, { weight }) => sum + weight, 0);
    voices.forEach(({ weight, counts, p }, m) => {
      models[m].weight = (weight / total) * (head ? p : 1 - p);
      counts[Number(head)] += 1;
    });
    return voices.reduce((sum, { weight, p }) => sum + (weight / total) * p, 0);
  });
}
