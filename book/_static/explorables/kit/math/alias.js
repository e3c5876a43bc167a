// Walker's alias table, built by pouring as course_lib.AliasTable builds it.

/**
 * The pours that level the bars of p, whose mean height is 1. Each { column, from, amount } fills one column that
 * is too short from the last of those that are tall enough.
 */
export function pours(p) {
  const total = p.reduce((sum, v) => sum + v, 0);
  const heights = p.map((v) => v * (p.length / total));
  const short = [...heights.keys()].filter((i) => heights[i] < 1);
  const tall = [...heights.keys()].filter((i) => heights[i] >= 1);
  const done = [];
  while (short.length && tall.length) {
    const [column, from] = [short.pop(), tall.at(-1)];
    const amount = 1 - heights[column];
    done.push({ column, from, amount });
    heights[from] -= amount;
    if (heights[from] < 1) short.push(tall.pop());
  }
  return done;
}

/** The columns after some pours: { own, lent, from }, the last null where nothing was poured in. */
export function columns(p, poured) {
  const total = p.reduce((sum, v) => sum + v, 0);
  const list = p.map((v) => ({ own: v * (p.length / total), lent: 0, from: null }));
  for (const { column, from, amount } of poured) {
    list[from].own -= amount;
    Object.assign(list[column], { lent: amount, from });
  }
  return list;
}

/** One draw from a finished table by one uniform number: K u has the column before its point, the coin after it. */
export function drawFrom(table, u) {
  const column = Math.floor(u * table.length);
  const coin = u * table.length - column;
  const { own, from } = table[column];
  return { column, coin, own, outcome: coin < own || from === null ? column : from };
}
