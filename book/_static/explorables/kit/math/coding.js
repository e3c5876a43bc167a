// Codes: Huffman's joins and word lengths, and the canonical words of given lengths, as in course_lib.coding.

/**
 * Huffman's joins: pairs of nodes, the lightest first. Leaves are numbered as their weights, then each join takes the
 * next number. Leaves and joins are two queues in ascending order; of equal weights the leaf goes first.
 */
export function joins(weights) {
  const weight = [...weights];
  const leaves = [...weights.keys()].sort((i, j) => weights[i] - weights[j]);
  const joined = [];
  const lightest = () => {
    const leafFirst = joined.length === 0 || (leaves.length > 0 && weight[leaves[0]] <= weight[joined[0]]);
    return (leafFirst ? leaves : joined).shift();
  };
  const pairs = [];
  while (leaves.length + joined.length > 1) {
    const pair = [lightest(), lightest()];
    joined.push(weight.length);
    weight.push(weight[pair[0]] + weight[pair[1]]);
    pairs.push(pair);
  }
  return pairs;
}

/** How many joins lie above each of the `size` leaves: the lengths of their words, in bits. */
export function depths(size, pairs) {
  const depth = Array(size + pairs.length).fill(0);
  for (let s = pairs.length - 1; s >= 0; s -= 1) for (const node of pairs[s]) depth[node] = depth[size + s] + 1;
  return depth.slice(0, size);
}

/** Lengths of a Huffman code's words, in bits. */
export const huffmanLengths = (weights) => depths(weights.length, joins(weights));

/** Words of the given lengths, none the start of another: in order of length, count in binary. */
export function canonicalWords(lengths) {
  const words = [];
  let [word, reached] = [0, 0];
  for (const symbol of [...lengths.keys()].sort((i, j) => lengths[i] - lengths[j])) {
    word *= 2 ** (lengths[symbol] - reached);
    reached = lengths[symbol];
    words[symbol] = reached ? word.toString(2).padStart(reached, "0") : "";
    word += 1;
  }
  return words;
}
