// Take part in an RDF server's computing from any page:
//
//   import { Contributor } from "https://the.server/ravjs.js";
//   const contributor = new Contributor({ cores: 2, pace: 0.5 });
//   contributor.addEventListener("state", ({ detail }) => console.log(detail.state, detail.figures.ops));
//   contributor.start();
//
// All work is done in workers; the page stays free. Another site's page may do so where the server's operator
// lists its origin (RAVSOCK_ORIGINS).

import { NOTHING, total } from "./figures.js";
import { untilThere } from "./reach.js";
import { spawn } from "./spawn.js";

/**
 * @typedef {object} Options
 * @property {string} [url] the server; by default the one that this module came from
 * @property {string} [token] where the server asks for one
 * @property {number} [cores] computing workers, each about 100 MB of memory and more as the work needs
 * @property {number} [pace] which part of the time to compute, above 0, at most 1
 * @property {string} [name] how to be called at the server
 *
 * Events: "state" {state, figures, running, loading, news, failure, ...} on every change, at most ten a
 * second; "note" {text, warning}, something to read.
 */

export class Contributor extends EventTarget {
  /** @param {Options} [options] */
  constructor({ url = new URL("/", import.meta.url).href, token = null, cores = 1, pace = 1, name = "" } = {}) {
    super();
    this.settings = { url, token, cores: checkedCores(cores), pace: checkedPace(pace), name: name || "browser" };
    /** The last state that was told. @type {any} */
    this.last = { state: "off", figures: NOTHING, running: [], workers: [], news: null };
    /** What hubs gave that have ended. */
    this.given = NOTHING;
    this.hub = null;
    /** While the hub waits to be made anew because the server is away. */
    this.waiting = null;
    this.isPaused = false;
    this.isStopped = true;
  }

  get state() {
    return this.last.state;
  }

  /** Load, measure, join, compute. */
  start() {
    this.isPaused = false;
    this.isStopped = false;
    if (this.waiting) return;
    if (!this.hub) this.open();
    this.hub.postMessage({ type: "start", settings: this.settings });
  }

  open() {
    this.hub = spawn("./hub.js");
    this.hub.onmessage = ({ data }) => this.heard(data);
    this.hub.onerror = (event) => this.broke(event.message || "a script did not load");
    this.tell({ ...this.last, state: "loading", failure: "", loading: { bytes: 0, of: 0 } });
  }

  /** A hub that cannot go on because the server is away is made anew when it is back; else that was it. */
  async broke(reason) {
    this.close();
    const waiting = {};
    this.waiting = waiting;
    const isWanted = () => this.waiting === waiting;
    const wasAway = await untilThere(() => this.tell({ ...this.last, state: "away", running: [] }), isWanted);
    if (!isWanted()) return; // the visitor has left meanwhile
    this.waiting = null;
    if (!wasAway) {
      this.tell({ ...this.last, state: "failed", failure: reason, running: [], workers: [] });
      return;
    }
    this.startAnew();
  }

  startAnew() {
    const { isPaused } = this;
    this.start();
    if (isPaused) this.pause();
  }

  /** Finish the piece that is computing, give the others back, and say goodbye until `resume`. */
  pause() {
    this.isPaused = true;
    this.hub?.postMessage({ type: "pause" });
  }

  resume() {
    this.isPaused = false;
    this.hub?.postMessage({ type: "resume" });
  }

  /** Leave at once; what was computing goes to others. */
  stop() {
    this.isStopped = true;
    this.hub?.postMessage({ type: "stop" });
    if (!this.waiting) return;
    this.waiting = null;
    this.tell({ ...this.last, state: "off" });
  }

  /** Change cores or pace while it runs. @param {{cores?: number, pace?: number}} change */
  set({ cores = this.settings.cores, pace = this.settings.pace }) {
    this.settings.cores = checkedCores(cores);
    this.settings.pace = checkedPace(pace);
    this.hub?.postMessage({ type: "set", cores: this.settings.cores, pace: this.settings.pace });
  }

  heard(message) {
    if (message.type === "state") {
      const { type, figures, ...state } = message;
      this.tell({ ...state, figures: total([this.given, figures]) });
      if (state.state !== "off") return;
      this.close();
      if (!this.isStopped) this.startAnew(); // it was wanted again while the hub ended
    } else if (message.type === "failed") {
      this.broke(message.reason);
    } else {
      this.dispatchEvent(new CustomEvent("note", { detail: message }));
    }
  }

  tell(state) {
    this.last = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  close() {
    this.given = this.last.figures;
    this.hub?.terminate();
    this.hub = null;
  }
}

function checkedCores(cores) {
  if (!Number.isInteger(cores) || cores < 1 || cores > 64) throw new RangeError(`cores is 1 to 64, not ${cores}`);
  return cores;
}

function checkedPace(pace) {
  if (!(pace > 0 && pace <= 1)) throw new RangeError(`pace is above 0 and at most 1, not ${pace}`);
  return pace;
}
