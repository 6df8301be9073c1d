// What was given, in numbers that only grow: a slot or a hub that ends takes nothing away. Pure.

export const NOTHING = { ops: 0, failedOps: 0, subgraphs: 0, seconds: 0, flops: 0, gotBytes: 0, sentBytes: 0 };

/** @typedef {typeof NOTHING} Figures */

/** @param {Partial<Figures>[]} parts @returns {Figures} */
export function total(parts) {
  const names = Object.keys(NOTHING);
  return Object.fromEntries(names.map((name) => [name, parts.reduce((sum, part) => sum + (part[name] ?? 0), 0)]));
}

/** Of all lives of a slot. @param {{tally: object, flops: number}} slot @returns {Partial<Figures>} */
export function ofSlot({ tally, flops }) {
  const { assignments, execSeconds, ...others } = tally;
  return { ...others, subgraphs: assignments, seconds: execSeconds, flops };
}
