// The decisions of one life: handle(event) -> actions, pure. Sockets, workers and clocks are slot.js's.
//
// It decides as ravpy/core.py does. A life holds the assignments that the server gave it, in order; its worker
// computes one at a time; a result is sent, and again after a broken connection, until the server acknowledges
// it. The server may void an assignment at any time.

import { pack, split } from "./frame.js";

/**
 * @typedef {{type: "connected"} | {type: "beat"} | {type: "finish"} | {type: "rested"}
 *   | {type: "received", frame: Uint8Array} | {type: "computed", frame: Uint8Array}
 *   | {type: "died", reason: string} | {type: "acknowledged", assignment: number}} Event
 * @typedef {{type: "send", name: string, frame: Uint8Array, assignment?: number}
 *   | {type: "compute", frame: Uint8Array, header: any} | {type: "begin", life: string}
 *   | {type: "heartbeats", every_s: number} | {type: "rest", seconds: number}
 *   | {type: "tell", text: string, warning: boolean, isTrouble?: boolean} | {type: "news", news: any} | {type: "stop"}} Action
 */

/** A random id, of a life or an upload. `crypto.randomUUID` is for pages over TLS only. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Core {
  /** @param {object} hello what the tab says of itself, without a life @param {string} tab its id @param {string} [life] */
  constructor(hello, tab, life = randomId()) {
    this.hello = hello;
    this.tab = tab;
    this.life = life;
    /** Which part of the time to compute, from 0 to 1. */
    this.pace = 1;
    this.tally = { assignments: 0, ops: 0, failedOps: 0, execSeconds: 0, sentBytes: 0, gotBytes: 0 };
    /** The assignment that is computing: {assignment, graph, ops}. */
    this.running = null;
    this.waiting = new Map();
    this.unacknowledged = new Map();
    this.dropped = false;
    this.finishing = false;
    this.resting = false;
  }

  /** Nothing to compute and nothing on the way. */
  get idle() {
    return !this.running && !this.waiting.size && !this.unacknowledged.size;
  }

  /** @param {Event} event @returns {Action[]} what is to be done */
  handle(event) {
    return EVENTS[event.type].call(this, event);
  }

  send(name, header, assignment) {
    return { type: "send", name, frame: pack({ type: name, ...header }), assignment };
  }

  greeting() {
    return this.send("hello", { life: this.life, ...this.hello });
  }

  welcomed({ fresh, heartbeat_s }) {
    const watch = this.send("watch", { life: this.life, tab: this.tab });
    const first = [{ type: "heartbeats", every_s: heartbeat_s }, watch];
    if (!fresh) return [...first, ...this.unacknowledged.values(), ...this.next()];
    const lost = this.idle ? [] : [tell("while this tab was away, its work was given to others")];
    this.forget();
    return [...lost, ...first, { type: "begin", life: this.life }, ...this.next()];
  }

  assigned(header, frame, buffers) {
    const number = header.assignment;
    if (number === this.running?.assignment || this.unacknowledged.has(number)) return []; // it came twice
    this.waiting.set(number, { frame, header, ops: buffers[0].length / 4 });
    return this.next();
  }

  voided({ assignment, reason }) {
    this.waiting.delete(assignment);
    this.unacknowledged.delete(assignment);
    if (this.running?.assignment === assignment) this.dropped = true;
    return [tell(`a piece of work was taken back: ${reason}`), ...this.next()];
  }

  unknown({ life, reason }) {
    if (life !== this.life) return []; // of an earlier life: it has joined anew already
    this.forget();
    this.life = randomId();
    return [tell(`the server has forgotten this tab (${reason}); joining anew`), this.greeting()];
  }

  forget() {
    this.waiting.clear();
    this.unacknowledged.clear();
    this.running = null;
    this.dropped = false;
  }

  /** Give the worker its next assignment, or leave if that was wanted. @returns {Action[]} */
  next() {
    if (this.running || this.resting) return [];
    if (this.finishing) {
      if (this.unacknowledged.size) return [];
      return [this.send("bye", { life: this.life }), { type: "stop" }];
    }
    const first = this.waiting.entries().next();
    if (first.done) return [];
    const [assignment, { frame, header, ops }] = first.value;
    this.waiting.delete(assignment);
    const names = header.kinds.map(([name]) => name);
    this.running = { assignment, graph: header.graph, ops, names };
    this.tally.gotBytes += frame.length;
    return [{ type: "compute", frame, header }];
  }

  computed(frame) {
    const { header } = split(frame);
    const run = this.running;
    if (header.life !== this.life || header.assignment !== run?.assignment) return []; // of an earlier life
    this.running = null;
    const actions = [];
    if (!this.dropped) {
      const send = { type: "send", name: header.type, frame, assignment: run.assignment };
      this.unacknowledged.set(run.assignment, send);
      this.tally.sentBytes += frame.length;
      actions.push(send);
      if (header.type === "refuse") actions.push(tell(`a piece cannot be computed here: ${header.reason}`, true));
    } else {
      const { life, assignment } = header; // the server waits for an answer before it gives more
      actions.push(this.send("refuse", { life, assignment, reason: "it was taken back" }));
    }
    if (header.type === "result" && !this.dropped) this.count(header, run.ops);
    this.dropped = false;
    return [...actions, ...this.rest(header.exec_s ?? 0), ...this.next()];
  }

  count({ failed, exec_s }, ops) {
    this.tally.assignments += 1;
    this.tally.ops += ops - failed.length;
    this.tally.failedOps += failed.length;
    this.tally.execSeconds += exec_s * this.pace;
  }

  /** At half a pace, a rest as long as the work was; `seconds` are those of both. @returns {Action[]} */
  rest(seconds) {
    if (this.pace >= 1 || seconds <= 0 || this.finishing) return [];
    this.resting = true;
    return [{ type: "rest", seconds: seconds * (1 - this.pace) }];
  }

  /** All that was held is lost: the life ends, as a new worker takes seconds to load. Others get the work. */
  died(reason) {
    this.forget();
    const crash = this.send("crash", { life: this.life, reason });
    const bye = this.send("bye", { life: this.life });
    return [tell(`the computing worker stopped: ${reason}`, true), crash, bye, { type: "stop" }];
  }
}

const tell = (text, warning = false) => ({ type: "tell", text, warning });

/** Event -> what a core does about it. */
const EVENTS = {
  connected() {
    return [this.greeting()];
  },
  received({ frame }) {
    const { header, buffers } = split(frame);
    const handler = MESSAGES[header.type];
    return handler ? handler.call(this, header, frame, buffers) : [];
  },
  computed({ frame }) {
    return this.computed(frame);
  },
  died({ reason }) {
    return this.died(reason);
  },
  acknowledged({ assignment }) {
    this.unacknowledged.delete(assignment);
    return this.next();
  },
  beat() {
    return [this.send("heartbeat", { life: this.life })];
  },
  rested() {
    this.resting = false;
    return this.next();
  },
  finish() {
    this.finishing = true;
    this.resting = false;
    return this.next();
  },
};

/** Message of the server -> what a core does about it. */
const MESSAGES = {
  welcome: Core.prototype.welcomed,
  assign: Core.prototype.assigned,
  void: Core.prototype.voided,
  unknown: Core.prototype.unknown,
  news: (news) => [{ type: "news", news }],
  error: ({ message }) => [{ ...tell(message, true), isTrouble: true }],
};
