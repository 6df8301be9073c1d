// A watch over something that should end. It stands still while the device sleeps: nobody works then either.

/** It goes by ticks, so that a clock that has jumped counts as one of them, in milliseconds. */
const TICK_MS = 1000;

export class Watch {
  constructor() {
    this.next = null;
  }

  /** Call when so many seconds awake are over, unless it is stopped before. */
  start(seconds, late) {
    this.stop();
    this.next = setTimeout(() => {
      const left = seconds - TICK_MS / 1000;
      if (left > 0) this.start(left, late);
      else late();
    }, TICK_MS);
  }

  stop() {
    clearTimeout(this.next);
  }
}
