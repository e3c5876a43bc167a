// Belief from a table of counts, and what an action costs under a belief.

const sum = (values) => values.reduce((total, v) => total + v, 0);

/** The belief over the rows of a table of counts: all columns together, or given that one column was seen. */
export function belief(counts, column = null) {
  const weights = counts.map((row) => (column === null ? sum(row) : row[column]));
  return weights.map((weight) => weight / sum(weights));
}

/** The expected loss of each action, a row of `loss`, under a belief over its columns. */
export function expectedLosses(loss, p) {
  return loss.map((row) => sum(row.map((cost, j) => cost * p[j])));
}
