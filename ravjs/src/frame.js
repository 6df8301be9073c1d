// Frames: a JSON header and raw buffers, as docs/protocol.md has them. The arrays inside are Python's affair.

const MAGIC = 0x31464452; // "RDF1", little-endian
const VERSION = 1;
const PREFIX = 20;

const padded = (size) => Math.ceil(size / 8) * 8;

/**
 * A frame's header and views of its buffers.
 * @param {ArrayBuffer | Uint8Array} frame
 * @returns {{header: any, buffers: Uint8Array[]}}
 */
export function split(frame) {
  const bytes = frame instanceof Uint8Array ? frame : new Uint8Array(frame);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX || view.getUint32(0, true) !== MAGIC) throw new Error("that is no frame of RDF");
  if (view.getUint16(4, true) !== VERSION) {
    throw new Error(`the server speaks protocol version ${view.getUint16(4, true)}, this page ${VERSION}: reload it`);
  }
  const count = view.getUint16(6, true);
  const headerLength = view.getUint32(8, true);
  if (Number(view.getBigUint64(12, true)) !== bytes.length) throw new Error("a frame came cut short");
  let at = PREFIX + 8 * count;
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(at, at + headerLength)));
  at = padded(at + headerLength);
  const buffers = [];
  for (let i = 0; i < count; i++) {
    const size = Number(view.getBigUint64(PREFIX + 8 * i, true));
    if (at + size > bytes.length) throw new Error("a frame's buffers are longer than it is");
    buffers.push(bytes.subarray(at, at + size));
    at += padded(size);
  }
  return { header, buffers };
}

/** A frame without buffers: all that a tab writes itself. @param {object} header */
export function pack(header) {
  const encoded = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(padded(PREFIX + encoded.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint32(8, encoded.length, true);
  view.setBigUint64(12, BigInt(bytes.length), true);
  bytes.set(encoded, PREFIX);
  return bytes;
}
