// The visitor's rules against what the browser knows: hidden page, battery, screen. The thin shell of pausing.js.

import { HOLD_MS, Patience, reasonFor } from "./pausing.js";

export class Etiquette {
  /** @param {import("./settings.js").Settings} rules @param {(reason: string) => void} changed */
  constructor(rules, changed) {
    this.rules = rules;
    this.changed = changed;
    this.patience = new Patience();
    this.charging = null;
    this.again = null;
    this.lock = null;
    this.isAsking = false;
    this.isComputing = false;
    this.computedAt = Number.NEGATIVE_INFINITY;
    document.addEventListener("visibilitychange", () => {
      this.look();
      this.keepAwake();
    });
  }

  /** Why it is paused by itself; empty: it is not. */
  get reason() {
    return this.patience.reason;
  }

  /** Find out which rules this browser can keep. @param {(rule: string, why: string) => void} cannot */
  async offer(cannot) {
    if (!("wakeLock" in navigator)) cannot("awake", missing("not in this browser"));
    if (!("getBattery" in navigator)) {
      cannot("mains", missing("this browser does not tell"));
      return;
    }
    try {
      const battery = await navigator.getBattery();
      this.charging = battery.charging;
      battery.addEventListener("chargingchange", () => {
        this.charging = battery.charging;
        this.look();
      });
    } catch {
      cannot("mains", "this browser does not tell"); // a site's policy may forbid it
    }
    this.look();
  }

  /** Look at the rules again: something changed. */
  look() {
    clearTimeout(this.again);
    const before = this.patience.reason;
    const reason = reasonFor(this.rules, { hidden: document.hidden, charging: this.charging });
    const wait = this.patience.look(reason, performance.now());
    if (wait !== null) this.again = setTimeout(() => this.look(), wait);
    if (this.patience.reason !== before) this.changed(this.patience.reason);
    this.keepAwake();
  }

  /** To be told at least once a second. A short wait for the next piece of work counts as computing. */
  computing(isComputing) {
    const now = performance.now();
    if (isComputing) this.computedAt = now;
    this.isComputing = now - this.computedAt < HOLD_MS;
    this.keepAwake();
  }

  /** Hold the wake lock exactly while it is wanted; browsers let go of it whenever the page is hidden. */
  async keepAwake() {
    const want = this.rules.awake && this.isComputing && !document.hidden && "wakeLock" in navigator;
    if (this.isAsking || want === (this.lock !== null)) return;
    if (!want) {
      this.lock.release();
      this.lock = null;
      return;
    }
    this.isAsking = true;
    try {
      const lock = await navigator.wakeLock.request("screen");
      this.lock = lock;
      lock.addEventListener("release", () => {
        if (this.lock === lock) this.lock = null;
      });
    } catch {
      this.lock = null; // low battery, or not allowed: computing goes on without
    }
    this.isAsking = false;
    if (this.lock) this.keepAwake(); // it may not be wanted any more
  }
}

/** Why something is not there: browsers keep both from pages that came without TLS, however able they are. */
const missing = (why) => (window.isSecureContext ? why : "only where the address begins with https");
