// A computing worker: Python and NumPy for one life. It does what slot.js says, one thing at a time.

import { startRuntime } from "./runtime.js";

/** @type {import("./runtime.js").Runtime} */
let runtime;

const COMMANDS = {
  /** Load everything, measure. */
  async start({ assets }) {
    const { loadPyodide } = await import(assets.pyodide);
    const [modules, kernel] = await Promise.all([bytes(assets.modules), bytes(assets.kernel)]);
    const onPhase = (phase) => postMessage({ type: "phase", phase });
    runtime = await startRuntime({ loadPyodide, indexURL: assets.runtime, modules, kernel, onPhase });
    onPhase("measuring");
    postMessage({ type: "ready", about: runtime.about(), hasKernel: runtime.hasKernel });
  },
  begin({ life }) {
    runtime.begin(life);
  },
  execute({ frame, given, pace }) {
    const { answer, ready } = runtime.execute(frame, given, pace);
    const owned = [answer.buffer, ...ready.map(([, data]) => data.buffer)];
    postMessage({ type: "computed", answer, ready, flops: runtime.flops() }, owned);
  },
};

async function bytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be loaded: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

async function obey(data) {
  try {
    await COMMANDS[data.type](data);
  } catch (error) {
    // of Python's tracebacks the last line says what happened
    const lines = String(error?.message ?? error).trim().split("\n");
    postMessage({ type: "failed", reason: lines.at(-1) });
  }
}

/** What was told while it was busy or still loading is done in order. */
let before = Promise.resolve();
self.onmessage = ({ data }) => {
  before = before.then(() => obey(data));
};

/** How much has been loaded, for people to see. */
let loaded = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) loaded += entry.encodedBodySize;
  postMessage({ type: "loaded", bytes: loaded });
}).observe({ type: "resource", buffered: true });
