// When to pause by itself: the visitor's rules, what the browser knows, and patience in both directions. Pure.

/** A reason must stand so long before it pauses, and be gone so long before work goes on, in milliseconds. */
export const HOLD_MS = 2000;
export const CLEAR_MS = 5000;

/**
 * Why to pause now, in words; nothing: go on.
 * @param {{hidden: boolean, mains: boolean}} rules what the visitor chose
 * @param {{hidden: boolean, charging: boolean | null}} world what the browser knows; null: it does not say
 */
export function reasonFor(rules, world) {
  if (rules.mains && world.charging === false) return "the device runs on its battery";
  if (rules.hidden && world.hidden) return "this page is hidden";
  return "";
}

/** Reasons that come and go are not followed at once: a pause costs the work of a piece. */
export class Patience {
  constructor() {
    /** Why it is paused; empty: it is not. */
    this.reason = "";
    this.since = null;
  }

  /**
   * @param {string} reason what `reasonFor` says now
   * @param {number} now in milliseconds
   * @returns {number | null} after how many milliseconds to ask again, if nothing changes before
   */
  look(reason, now) {
    if (this.reason && reason) this.reason = reason; // paused for another reason now
    if (Boolean(reason) === Boolean(this.reason)) {
      this.since = null;
      return null;
    }
    this.since ??= now;
    const left = this.since + (reason ? HOLD_MS : CLEAR_MS) - now;
    if (left > 0) return left;
    this.reason = reason;
    this.since = null;
    return null;
  }
}
