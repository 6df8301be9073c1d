// One life of the tab: carries out what its core decides, with a socket and a computing worker of its own.

import { Core, randomId } from "./core.js";
import { pack, split } from "./frame.js";
import { helloOf } from "./hello.js";
import { FIRST_WAIT_MS, LONGEST_WAIT_MS, untilThere } from "./reach.js";
import { Watch } from "./watch.js";

/** What the lives of one tab may hold together, in bytes: what a tab bears on any machine. */
export const MEMORY_BYTES = 2 ** 30;
/** So often in a row a worker is replaced. */
const MOST_DEATHS = 5;
/** A worker that has not answered after so many times the deadline, and so many seconds, is replaced. */
const LATE = 2;
const LATE_S = 5;
const FROM_SERVER = ["welcome", "assign", "void", "unknown", "news", "error"];

/**
 * @typedef {object} Shared what the slots of a tab have in common
 * @property {{url: string, token: string | null, name: string, assets: object}} settings
 * @property {string} tab a random id
 * @property {import("./data.js").Data} data
 * @property {(url: string, options: object) => any} connect io of Socket.IO
 * @property {() => Worker} newWorker
 * @property {(slot: Slot) => void} changed told of every change
 * @property {(text: string, warning: boolean) => void} note
 * @property {(news: any) => void} news
 */

export class Slot {
  /** @param {Shared} shared @param {number} number @param {number} pace */
  constructor(shared, number, pace) {
    this.shared = shared;
    this.number = number;
    this.pace = pace;
    /** loading -> measuring -> ready; failed */
    this.phase = "loading";
    this.failure = "";
    /** Why the worker was replaced or gets no work, until something is computed. */
    this.trouble = "";
    /** Of the connection: none -> connecting -> up <-> away; refused */
    this.link = "none";
    this.deaths = 0;
    this.ended = false;
    this.loadedBytes = 0;
    this.flops = 0;
    this.hasKernel = false;
    this.core = null;
    this.watch = new Watch();
    this.done = { assignments: 0, ops: 0, failedOps: 0, execSeconds: 0, sentBytes: 0, gotBytes: 0 };
    this.startWorker();
  }

  /** A rest at less than a full pace belongs to the work: "waiting for work" would be said twice a second. */
  get isComputing() {
    return Boolean(this.core?.running || this.core?.resting);
  }

  /** The figures of all lives of this slot. */
  get tally() {
    const now = this.core?.tally;
    return now ? Object.fromEntries(Object.entries(this.done).map(([key, n]) => [key, n + now[key]])) : this.done;
  }

  // --- worker ---------------------------------------------------------------------------------------

  startWorker() {
    this.watch.stop();
    this.worker?.terminate();
    this.phase = "loading";
    this.worker = this.shared.newWorker();
    this.worker.onmessage = ({ data }) => FROM_WORKER[data.type].call(this, data);
    this.worker.onerror = (event) => {
      event.preventDefault(); // it is dealt with here: the hub itself is well
      this.workerFailed(event.message || "it could not be started");
    };
    this.worker.postMessage({ type: "start", assets: this.shared.settings.assets });
  }

  /** A worker that stops is replaced; one that cannot even start, or dies again and again, is given up. */
  workerFailed(reason) {
    const loaded = this.phase === "ready";
    this.deaths += 1;
    this.trouble = reason;
    this.phase = "loading"; // so that nobody joins with it
    this.feed({ type: "died", reason });
    if (loaded && this.deaths <= MOST_DEATHS) this.startWorker();
    else this.notLoaded(reason);
    this.shared.changed(this);
  }

  /** What did not load because the server is away is loaded when it is back; else nothing helps. */
  async notLoaded(reason) {
    this.worker.terminate();
    const away = () => {
      this.link = "away";
      this.shared.changed(this);
    };
    const wasAway = await untilThere(away, () => !this.ended);
    if (this.ended) return;
    if (wasAway) {
      this.link = "none";
      this.startWorker();
    } else {
      this.end();
      this.phase = "failed";
      this.failure = reason;
    }
    this.shared.changed(this);
  }

  /** Fetch what the assignment names, then compute. */
  async compute({ frame, header }) {
    const life = this.core.life;
    const worker = this.worker;
    try {
      const digests = [...new Set(Object.values(header.stored))];
      const arrays = await Promise.all(digests.map((digest) => this.shared.data.get(digest, life)));
      if (this.worker !== worker || this.core?.life !== life) return;
      const given = new Map(digests.map((digest, i) => [digest, arrays[i]]));
      worker.postMessage({ type: "execute", frame, given, pace: this.core.pace });
      // by then the server has given the work to another; what still computes, or hangs, does so for nothing
      this.watched = header.assignment;
      this.watch.start(LATE * header.deadline_s + LATE_S, () => this.workerFailed("it did not answer in time"));
    } catch (error) {
      this.refuse(life, header.assignment, `an operand could not be fetched: ${error.message}`);
    }
  }

  /** Send large outputs ahead, then the answer, if it is of the life that there is now. */
  async computed({ answer, ready, flops }) {
    const { type, life, assignment, reason } = split(answer).header;
    if (assignment === this.watched) this.watch.stop(); // the watch may be over a later piece by now
    if (this.core?.life !== life) return;
    this.flops += flops;
    try {
      await Promise.all(ready.map(([digest, bytes]) => this.shared.data.put(digest, bytes, life, randomId())));
    } catch (error) {
      this.refuse(life, assignment, `an output could not be sent: ${error.message}`);
      return;
    }
    if (this.core?.life !== life) return;
    this.feed({ type: "computed", frame: answer });
    if (type === "result") Object.assign(this, { deaths: 0, trouble: "" });
    // memory that Python once took it never gives back: only a new worker has room again
    if (type === "refuse" && reason.startsWith("out of memory")) this.workerFailed(reason);
  }

  refuse(life, assignment, reason) {
    if (this.core?.life !== life) return;
    this.feed({ type: "computed", frame: pack({ type: "refuse", life, assignment, reason }) });
  }

  // --- connection -----------------------------------------------------------------------------------

  /** Join the server, as a new life. */
  join() {
    if (this.core || this.phase !== "ready") return;
    const { settings } = this.shared;
    this.core = new Core(helloOf(settings, this.about, this.number, this.pace), this.shared.tab);
    this.core.pace = this.pace;
    this.link = "connecting";
    this.socket = this.shared.connect(settings.url, {
      path: "/socket.io",
      transports: ["websocket"],
      forceNew: true,
      auth: settings.token ? { token: settings.token } : {},
      reconnectionDelay: FIRST_WAIT_MS,
      reconnectionDelayMax: LONGEST_WAIT_MS,
      randomizationFactor: 0.5,
    });
    this.socket.on("connect", () => {
      this.link = "up";
      this.feed({ type: "connected" });
    });
    this.socket.on("disconnect", (reason) => this.lost(reason));
    this.socket.on("connect_error", (error) => this.notConnected(error));
    for (const name of FROM_SERVER) {
      this.socket.on(name, (frame) => this.feed({ type: "received", frame: new Uint8Array(frame) }));
    }
    this.shared.changed(this);
  }

  lost(reason) {
    if (!this.core) return;
    this.link = "away";
    this.shared.note("the connection to the server is lost; trying again", false);
    this.shared.changed(this);
    // the server closes a connection whose token was revoked; that is not tried again by itself
    if (reason === "io server disconnect") this.socket.connect();
  }

  /** The first connection did not come about, or the server refused it: only then there is a reason in words. */
  notConnected(error) {
    const refused = error.data?.kind !== undefined;
    this.link = refused ? "refused" : "away";
    this.failure = refused ? error.message : "";
    if (refused) this.forgetLife();
    this.shared.changed(this);
  }

  // --- the core -------------------------------------------------------------------------------------

  feed(event) {
    if (!this.core) return;
    let actions;
    try {
      actions = this.core.handle(event);
    } catch (error) {
      this.shared.note(error.message, true); // a message that cannot be read
      return;
    }
    for (const action of actions) ACTIONS[action.type].call(this, action);
    this.shared.changed(this);
  }

  emit({ name, frame, assignment }) {
    if (!this.socket.connected) return; // what must arrive the core sends again
    if (assignment === undefined) this.socket.emit(name, frame);
    else this.socket.emit(name, frame, () => this.feed({ type: "acknowledged", assignment }));
  }

  /** Finish the piece that is computing, say goodbye, and stay away until `join`. */
  leave() {
    if (this.link === "up") this.feed({ type: "finish" });
    else this.forgetLife();
  }

  forgetLife() {
    clearInterval(this.beats);
    clearTimeout(this.rests);
    this.done = this.tally;
    this.core = null;
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.disconnect();
    if (this.link !== "refused") this.link = "none";
    this.shared.changed(this);
  }

  /** End at once: the server notices by the goodbye, or else by the lease. */
  end() {
    this.ended = true;
    if (this.core && this.socket?.connected) this.socket.emit("bye", pack({ type: "bye", life: this.core.life }));
    this.forgetLife();
    this.watch.stop();
    this.worker.terminate();
  }

  setPace(pace) {
    this.pace = pace;
    if (this.core) this.core.pace = pace;
  }
}

/** Message of the worker -> what a slot does. */
const FROM_WORKER = {
  phase({ phase }) {
    this.phase = phase;
    this.shared.changed(this);
  },
  ready({ about, hasKernel }) {
    this.about = about;
    this.hasKernel = hasKernel;
    this.phase = "ready";
    this.shared.changed(this);
  },
  loaded({ bytes }) {
    this.loadedBytes = bytes;
    this.shared.changed(this);
  },
  computed: Slot.prototype.computed,
  failed({ reason }) {
    this.workerFailed(reason);
  },
};

/** Action of the core -> what a slot does. */
const ACTIONS = {
  send: Slot.prototype.emit,
  compute: Slot.prototype.compute,
  begin({ life }) {
    this.worker.postMessage({ type: "begin", life });
  },
  heartbeats({ every_s }) {
    clearInterval(this.beats);
    this.beats = setInterval(() => this.feed({ type: "beat" }), every_s * 1000);
  },
  rest({ seconds }) {
    this.rests = setTimeout(() => this.feed({ type: "rested" }), seconds * 1000);
  },
  tell({ text, warning, isTrouble }) {
    this.shared.note(text, warning);
    if (isTrouble) this.trouble = text;
  },
  news({ news }) {
    this.shared.news(news);
  },
  stop: Slot.prototype.forgetLife,
};
