// Frames of the server, for tests.
import { pack } from "../../ravjs/src/frame.js";

/** An assignment's frame: a header and one buffer of two op numbers. */
export function assignFrame(assignment, graph = 7) {
  const plain = pack({ type: "assign", assignment, graph, kinds: [["add", {}]], stored: {}, deadline_s: 1 });
  const start = 20;
  const frame = new Uint8Array(plain.length + 16);
  frame.set(plain.subarray(0, start));
  frame.set(plain.subarray(start), start + 8);
  const view = new DataView(frame.buffer);
  view.setUint16(6, 1, true);
  view.setBigUint64(12, BigInt(frame.length), true);
  view.setBigUint64(start, 8n, true);
  return frame;
}
