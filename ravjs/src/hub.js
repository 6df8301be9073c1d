// The tab's one worker for sockets and downloads: no kernel and no hidden page ever delays a heartbeat.
// It has a slot, a life with a computing worker, for each core that may be used.

import { randomId } from "./core.js";
import { Data } from "./data.js";
import { NOTHING, ofSlot, total } from "./figures.js";
import { MEMORY_BYTES, Slot } from "./slot.js";
import { spawn } from "./spawn.js";
import { overall } from "./states.js";

/** So many graphs are shown. */
const GRAPHS = 6;
/** The page is told of changes at most so often, in milliseconds. */
const TELL_MS = 100;
/**
 * What is assumed of the line to the server: this machine's, by benchmarks/browser.py, and another's. Assumed, not
 * measured, as ravpy does (ravpy/benchmark.py): the scheduler compares contributors, and a tab whose runtime came
 * from the browser's cache has seen nothing of its line.
 */
const LOOPBACK = { down_bps: 75e6, up_bps: 90e6, latency_s: 1e-3 };
const NETWORK = { down_bps: 12.5e6, up_bps: 12.5e6, latency_s: 10e-3 };

/** @type {"on" | "paused" | "off"} */
let wanted = "off";
let shared = null;
/** What the server told last, of all contributors. */
let news = { contributors: 0, others: [], working: 0 };
/** Graphs that this tab helped with, of all its lives, the latest last. */
const seen = new Map();
// biome-ignore lint/correctness/noUnusedVariables: ??= reads it
let telling = null;
/** What slots gave that have ended, and transfers before the last stop. */
let given = NOTHING;
/** @type {Slot[]} */
const slots = [];

const COMMANDS = {
  async start({ settings }) {
    if (shared) return COMMANDS.resume();
    wanted = "on";
    const assets = await manifest();
    const { io } = await import(assets.socket);
    if (wanted === "off") return; // the visitor has left meanwhile
    const loopback = /^(127\.|localhost$|\[::1\]$)/.test(new URL(settings.url).hostname);
    const memory = Math.min(MEMORY_BYTES, (navigator.deviceMemory ?? 4) * (MEMORY_BYTES / 4));
    settings = { ...settings, assets, memoryBytes: memory, line: loopback ? LOOPBACK : NETWORK };
    shared = {
      settings,
      tab: randomId(),
      connect: io,
      data: new Data(settings, () => slots.length > 1),
      newWorker: () => spawn("./worker.js"),
      changed,
      note: (text, warning) => postMessage({ type: "note", text, warning }),
      news({ graphs, contributors, others = [], working = 0 }) {
        for (const graph of graphs.reverse()) {
          seen.delete(graph.id);
          seen.set(graph.id, graph);
        }
        for (const oldest of [...seen.keys()].slice(0, -GRAPHS)) seen.delete(oldest);
        news = { contributors, others, working };
        changed();
      },
    };
    grow();
  },
  pause() {
    if (wanted !== "on") return;
    wanted = "paused";
    for (const slot of slots) slot.leave();
    changed();
  },
  resume() {
    if (wanted === "off") return;
    wanted = "on";
    for (const slot of slots) if (!slot.core) slot.join();
    changed();
  },
  stop() {
    wanted = "off";
    slots.splice(0).forEach(end);
    given = total([given, shared?.data ?? NOTHING]);
    shared = null;
    changed();
  },
  set({ cores, pace }) {
    if (!shared) return;
    const others = cores !== shared.settings.cores;
    Object.assign(shared.settings, { cores, pace });
    slots.splice(cores).forEach(end);
    for (const slot of slots) {
      slot.setPace(pace);
      if (others) slot.leave(); // a life gives what memory it said at first: they join anew, with other shares
    }
    grow();
  },
};

/** Where everything that is loaded is, absolute. */
async function manifest() {
  const at = new URL("../manifest.json", import.meta.url);
  const response = await fetch(at);
  if (!response.ok) throw new Error(`the server has no runtime for browsers (${response.status})`);
  const { bytes, chapters, ...places } = await response.json();
  const urls = Object.entries(places).map(([name, place]) => [name, new URL(place, at).href]);
  return { ...Object.fromEntries(urls), bytes, chapters };
}

/** One slot after the other: the second finds the runtime in the browser's cache. */
function grow() {
  const last = slots.at(-1);
  if (!shared || slots.length >= shared.settings.cores || (last && last.phase !== "ready")) return;
  slots.push(new Slot(shared, slots.length, shared.settings.pace));
}

function end(slot) {
  slot.end();
  given = total([given, ofSlot(slot)]);
}

function changed(slot) {
  if (slot && slots.includes(slot)) {
    if (slot.phase === "ready") grow();
    if (wanted === "on" && slot.phase === "ready" && slot.link === "none" && !slot.core) slot.join();
  }
  telling ??= setTimeout(tell, TELL_MS);
}

function tell() {
  telling = null;
  const first = slots[0];
  postMessage({
    type: "state",
    state: overall(wanted, slots),
    failure: slots.find((slot) => slot.failure)?.failure ?? "",
    trouble: slots.find((slot) => slot.trouble)?.trouble ?? "",
    loading: { bytes: first?.loadedBytes ?? 0, of: shared?.settings.assets.bytes ?? 0 },
    running: slots.filter((slot) => slot.core?.running).map((slot) => running(slot.core.running)),
    figures: total([given, ...slots.map(ofSlot), shared?.data ?? NOTHING]),
    workers: slots.map(({ phase, link, hasKernel }) => ({ phase, link, hasKernel })),
    speed: first?.about?.speed ?? 0,
    news: { ...news, graphs: [...seen.values()].reverse(), others: news.others.filter(({ id }) => !seen.has(id)) },
  });
}

/** A piece in the page's terms: chapters of the op table. */
function running({ graph, ops, names }) {
  const { chapters } = shared.settings.assets;
  return { graph, ops, chapters: [...new Set(names.map((name) => chapters[name]))] };
}

self.onmessage = async ({ data }) => {
  try {
    await COMMANDS[data.type](data);
  } catch (error) {
    wanted = "off";
    postMessage({ type: "failed", reason: error.message });
  }
};
