// Fetches NumPy's wheel from the release of Pyodide, by Pyodide's own loader, which knows where that is:
// node release.mjs NODE_MODULES FOLDER. The wheel is in FOLDER afterwards, or the exit code is 1.
import { pathToFileURL } from "node:url";

const [modules, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${modules}/pyodide/pyodide.mjs`));
const pyodide = await loadPyodide({ packageCacheDir: folder });
const failed = [];
const callbacks = { messageCallback: () => {}, errorCallback: (text) => failed.push(text) };
await pyodide.loadPackage("numpy", callbacks);
if (!("numpy" in pyodide.loadedPackages)) {
  process.stderr.write(`${failed.join("\n")}\n`);
  process.exitCode = 1;
}
