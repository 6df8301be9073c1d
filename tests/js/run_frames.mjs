// Answers frames as a tab does: node run_frames.mjs RUNTIME-FOLDER MODULES.zip FRAMES ANSWERS [--no-kernel]
// FRAMES and ANSWERS hold frames one after the other.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { startRuntime } from "../../ravjs/src/runtime.js";

const [folder, modules, frames, answers, ...flags] = process.argv.slice(2);
const bytes = (path) => new Uint8Array(readFileSync(path)).buffer;
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")).href);

const runtime = await startRuntime({
  loadPyodide,
  indexURL: `${folder}/`,
  numpy: join(folder, readdirSync(folder).find((name) => name.startsWith("numpy"))),
  modules: bytes(modules),
  kernel: flags.includes("--no-kernel") ? null : bytes(join(folder, "matmul.wasm")),
});
runtime.begin("a tab");
const all = new Uint8Array(bytes(frames));
const out = [];
for (let at = 0; at < all.length; ) {
  const length = Number(new DataView(all.buffer, at + 12).getBigUint64(0, true));
  out.push(Buffer.from(runtime.execute(all.slice(at, at + length), new Map()).answer));
  at += length;
}
writeFileSync(answers, Buffer.concat(out));
console.log(JSON.stringify({ kernel: runtime.hasKernel, ...runtime.about() }));
