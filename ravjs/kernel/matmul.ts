// C = A B for float64 matrices in rows, in the memory it is given (Pyodide's own, so nothing is copied).
//
// Columns of B are taken eight at a time, and 256 rows of those are packed side by side (16 KiB: they stay in
// the processor's first cache). Four rows of A against them make a tile of C of 4 x 8, held in registers.
// Every element is the sum of its products in order of k, first to last, so it equals the plain triple loop
// bit for bit. Products and sums are rounded apart (no fused multiply-add): the same on every processor.

/** Columns of a tile. */
const WIDE: u32 = 8;
/** Rows of B that are packed at a time. */
const DEEP: u32 = 256;

/** The room that `matmul` needs at `pack`, in bytes. */
export function packBytes(): u32 {
  return WIDE * DEEP * 8 + 4 * WIDE * 8;
}

/** a: m x k, b: k x n, c: m x n, each at its address; pack: `packBytes` bytes of room. */
export function matmul(a: usize, b: usize, c: usize, m: u32, k: u32, n: u32, pack: usize): void {
  const edge: usize = pack + WIDE * DEEP * 8;
  if (k == 0) memory.fill(c, 0, <usize>m * n * 8);
  for (let k0: u32 = 0; k0 < k; k0 += DEEP) {
    const deep = min(DEEP, k - k0);
    for (let j: u32 = 0; j < n; j += WIDE) {
      const wide = min(WIDE, n - j);
      packPanel(b + (<usize>k0 * n + j) * 8, n, deep, wide, pack);
      let i: u32 = 0;
      for (; i < m; i += 4) {
        const rows = min<u32>(4, m - i);
        const at = a + (<usize>i * k + k0) * 8;
        const to = c + (<usize>i * n + j) * 8;
        if (rows == 4 && wide == WIDE) {
          tile(at, k, pack, deep, to, n, k0 > 0);
        } else {
          partial(at, k, pack, deep, to, n, k0 > 0, rows, wide, edge);
        }
      }
    }
  }
}

/** `deep` rows of `wide` columns of B, side by side; columns that are missing are zeros. */
function packPanel(b: usize, n: u32, deep: u32, wide: u32, pack: usize): void {
  const row = <usize>n * 8;
  if (wide == WIDE) {
    for (let p: u32 = 0; p < deep; p++) {
      v128.store(pack, v128.load(b), 0);
      v128.store(pack, v128.load(b, 16), 16);
      v128.store(pack, v128.load(b, 32), 32);
      v128.store(pack, v128.load(b, 48), 48);
      pack += WIDE * 8;
      b += row;
    }
    return;
  }
  for (let p: u32 = 0; p < deep; p++) {
    for (let j: u32 = 0; j < WIDE; j++) {
      store<f64>(pack + <usize>j * 8, j < wide ? load<f64>(b + <usize>j * 8) : 0);
    }
    pack += WIDE * 8;
    b += row;
  }
}

/** A tile at the edge of C: computed as a whole beside it, then the part that exists is copied. */
function partial(
  a: usize, lda: u32, pack: usize, deep: u32, c: usize, ldc: u32, add: bool, rows: u32, wide: u32, edge: usize,
): void {
  for (let i: u32 = 0; i < rows; i++) {
    for (let j: u32 = 0; j < wide; j++) {
      store<f64>(edge + <usize>(i * WIDE + j) * 8, load<f64>(c + (<usize>i * ldc + j) * 8));
    }
  }
  for (let i: u32 = 0; i < rows; i++) {
    line(a + <usize>i * lda * 8, pack, deep, edge + <usize>(i * WIDE) * 8, add);
    for (let j: u32 = 0; j < wide; j++) {
      store<f64>(c + (<usize>i * ldc + j) * 8, load<f64>(edge + <usize>(i * WIDE + j) * 8));
    }
  }
}

/** One row of A against the packed panel. */
function line(a: usize, pack: usize, deep: u32, c: usize, add: bool): void {
  const zero = f64x2.splat(0);
  let c0 = add ? v128.load(c) : zero;
  let c1 = add ? v128.load(c, 16) : zero;
  let c2 = add ? v128.load(c, 32) : zero;
  let c3 = add ? v128.load(c, 48) : zero;
  for (let p: u32 = 0; p < deep; p++) {
    const x = v128.load64_splat(a);
    c0 = f64x2.add(c0, f64x2.mul(x, v128.load(pack)));
    c1 = f64x2.add(c1, f64x2.mul(x, v128.load(pack, 16)));
    c2 = f64x2.add(c2, f64x2.mul(x, v128.load(pack, 32)));
    c3 = f64x2.add(c3, f64x2.mul(x, v128.load(pack, 48)));
    a += 8;
    pack += WIDE * 8;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
}

/** Four rows of A against the packed panel: the 4 x 8 tile of C at `c`, added to what is there if `add`. */
function tile(a: usize, lda: u32, pack: usize, deep: u32, c: usize, ldc: u32, add: bool): void {
  const down = <usize>lda * 8;
  const next = <usize>ldc * 8;
  const r1 = c + next;
  const r2 = r1 + next;
  const r3 = r2 + next;
  const zero = f64x2.splat(0);
  let c00 = add ? v128.load(c) : zero;
  let c01 = add ? v128.load(c, 16) : zero;
  let c02 = add ? v128.load(c, 32) : zero;
  let c03 = add ? v128.load(c, 48) : zero;
  let c10 = add ? v128.load(r1) : zero;
  let c11 = add ? v128.load(r1, 16) : zero;
  let c12 = add ? v128.load(r1, 32) : zero;
  let c13 = add ? v128.load(r1, 48) : zero;
  let c20 = add ? v128.load(r2) : zero;
  let c21 = add ? v128.load(r2, 16) : zero;
  let c22 = add ? v128.load(r2, 32) : zero;
  let c23 = add ? v128.load(r2, 48) : zero;
  let c30 = add ? v128.load(r3) : zero;
  let c31 = add ? v128.load(r3, 16) : zero;
  let c32 = add ? v128.load(r3, 32) : zero;
  let c33 = add ? v128.load(r3, 48) : zero;
  let a1 = a + down;
  let a2 = a1 + down;
  let a3 = a2 + down;
  for (let p: u32 = 0; p < deep; p++) {
    const b0 = v128.load(pack);
    const b1 = v128.load(pack, 16);
    const b2 = v128.load(pack, 32);
    const b3 = v128.load(pack, 48);
    let x = v128.load64_splat(a);
    c00 = f64x2.add(c00, f64x2.mul(x, b0));
    c01 = f64x2.add(c01, f64x2.mul(x, b1));
    c02 = f64x2.add(c02, f64x2.mul(x, b2));
    c03 = f64x2.add(c03, f64x2.mul(x, b3));
    x = v128.load64_splat(a1);
    c10 = f64x2.add(c10, f64x2.mul(x, b0));
    c11 = f64x2.add(c11, f64x2.mul(x, b1));
    c12 = f64x2.add(c12, f64x2.mul(x, b2));
    c13 = f64x2.add(c13, f64x2.mul(x, b3));
    x = v128.load64_splat(a2);
    c20 = f64x2.add(c20, f64x2.mul(x, b0));
    c21 = f64x2.add(c21, f64x2.mul(x, b1));
    c22 = f64x2.add(c22, f64x2.mul(x, b2));
    c23 = f64x2.add(c23, f64x2.mul(x, b3));
    x = v128.load64_splat(a3);
    c30 = f64x2.add(c30, f64x2.mul(x, b0));
    c31 = f64x2.add(c31, f64x2.mul(x, b1));
    c32 = f64x2.add(c32, f64x2.mul(x, b2));
    c33 = f64x2.add(c33, f64x2.mul(x, b3));
    a += 8;
    a1 += 8;
    a2 += 8;
    a3 += 8;
    pack += WIDE * 8;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r1, c12, 32);
  v128.store(r1, c13, 48);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r2, c22, 32);
  v128.store(r2, c23, 48);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r3, c32, 32);
  v128.store(r3, c33, 48);
}
