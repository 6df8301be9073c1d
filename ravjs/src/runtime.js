// Python, NumPy and ravspec, started in this thread. No DOM and no network of its own: the worker runs it in
// a browser, the tests in Node.

/** Where our Python is inside the runtime. */
const HOME = "/lib/rdf";

/**
 * @typedef {object} Parts
 * @property {(options: object) => Promise<any>} loadPyodide
 * @property {string} indexURL where Pyodide's files are
 * @property {ArrayBuffer} modules a zip of ravspec and of ravjs/python
 * @property {ArrayBuffer | null} kernel the matmul kernel, or null to do without
 * @property {string} [numpy] NumPy's wheel, where it is not beside Pyodide's files
 * @property {(phase: string) => void} [onPhase] told what comes next
 */

/** The runtime: executes frames. */
export class Runtime {
  /** @param {any} pyodide @param {any} tab the Python module */
  constructor(pyodide, tab) {
    this.pyodide = pyodide;
    this.python = tab;
    this.tab = null;
  }

  /** Begin a life: nothing of an earlier one is kept. @param {string} life */
  begin(life) {
    this.tab?.destroy();
    this.tab = this.python.Tab(life);
  }

  /**
   * Execute an assignment.
   * @param {Uint8Array} frame
   * @param {Map<string, Uint8Array>} given bytes of its stored operands, by digest
   * @param {number} pace which part of the time it computes
   * @returns {{answer: Uint8Array, ready: [string, Uint8Array][]}} the answer, and arrays to send before it
   */
  execute(frame, given, pace = 1) {
    const bytes = this.tab.execute(frame, given, pace);
    const answer = copied(bytes);
    const outputs = this.tab.ready;
    const ready = [];
    for (const digest of outputs) {
      ready.push([digest, copied(outputs.get(digest))]);
    }
    outputs.destroy();
    return { answer, ready };
  }

  /** Flops since this was asked last, of large operands. */
  flops() {
    return this.python.flops();
  }

  /** What this runtime measures of itself: {speed, numeric_class, versions}. */
  about() {
    return JSON.parse(this.python.about());
  }
}

/** A Python buffer's bytes, copied out of Python's memory. @param {any} proxy */
function copied(proxy) {
  const buffer = proxy.getBuffer("u8");
  try {
    return buffer.data.slice();
  } finally {
    buffer.release();
    proxy.destroy();
  }
}

/** Start everything. @param {Parts} parts */
export async function startRuntime({ loadPyodide, indexURL, modules, kernel, numpy, onPhase }) {
  const tell = onPhase ?? (() => {});
  tell("python");
  const pyodide = await loadPyodide({ indexURL, packages: numpy ? [] : ["numpy"] });
  if (numpy) await pyodide.loadPackage(numpy, { messageCallback() {} });
  tell("numpy");
  pyodide.unpackArchive(modules, "zip", { extractDir: HOME });
  pyodide.runPython(`import sys; sys.path.insert(0, "${HOME}")`);
  const tab = pyodide.pyimport("tab");
  const exports = kernel ? await instance(kernel, pyodide._module?.memory) : null;
  tab.start(exports?.matmul, exports?.packBytes() ?? 0); // undefined is Python's None
  const runtime = new Runtime(pyodide, tab);
  runtime.hasKernel = exports !== null;
  return runtime;
}

/** The kernel in Python's memory; null where that cannot be: without SIMD, or if Pyodide hides its memory. */
async function instance(kernel, memory) {
  if (!(memory instanceof WebAssembly.Memory) || !WebAssembly.validate(kernel)) return null;
  const { instance: made } = await WebAssembly.instantiate(kernel, { env: { memory, abort() {} } });
  return made.exports;
}
