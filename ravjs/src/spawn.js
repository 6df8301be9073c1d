// Module workers, also from a page of another site: browsers start workers from the page's own site only, so
// there a line made on the spot imports the module.

/** @param {string} name a module beside this one */
export function spawn(name) {
  const url = new URL(name, import.meta.url).href;
  if (url.startsWith(`${self.origin}/`)) return new Worker(url, { type: "module" });
  const line = new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(line), { type: "module" });
}
