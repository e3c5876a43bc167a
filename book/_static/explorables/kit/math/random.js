// Random numbers from a seed, and the running means of draws.
import { surprisal } from "./information.js";

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
