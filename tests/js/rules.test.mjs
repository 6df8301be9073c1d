// The pure rules of the page: when to pause, what state to show, how to say it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING, ofSlot, total } from "../../ravjs/src/figures.js";
import { CLEAR_MS, HOLD_MS, Patience, reasonFor } from "../../ravjs/src/pausing.js";
import { WORDS, overall } from "../../ravjs/src/states.js";
import { bytes, doing, duration, flopRate, more, online, troubled } from "../../ravjs/src/words.js";

const READY = { phase: "ready", link: "up", isComputing: false };

test("rules pause only where the visitor chose them", () => {
  const world = { hidden: true, charging: false };
  assert.equal(reasonFor({ hidden: false, mains: false }, world), "");
  assert.match(reasonFor({ hidden: true, mains: false }, world), /hidden/);
  assert.match(reasonFor({ hidden: true, mains: true }, world), /battery/);
  assert.equal(reasonFor({ hidden: false, mains: true }, { hidden: true, charging: null }), "", "it does not say");
});

test("a reason must stand for a while, and be gone for a while", () => {
  const patience = new Patience();
  assert.equal(patience.look("hidden", 0), HOLD_MS);
  assert.equal(patience.look("hidden", HOLD_MS - 1), 1);
  assert.equal(patience.reason, "");
  assert.equal(patience.look("hidden", HOLD_MS), null);
  assert.equal(patience.reason, "hidden");
  assert.equal(patience.look("", 10_000), CLEAR_MS);
  assert.equal(patience.look("hidden", 11_000), null, "it came back: the wait begins anew");
  assert.equal(patience.look("", 12_000), CLEAR_MS);
  patience.look("", 12_000 + CLEAR_MS);
  assert.equal(patience.reason, "");
});

test("a short glance away does not pause", () => {
  const patience = new Patience();
  patience.look("hidden", 0);
  patience.look("", 500);
  assert.equal(patience.look("hidden", 10_000), HOLD_MS);
});

test("while paused the reason that holds now is shown", () => {
  const patience = new Patience();
  patience.look("hidden", 0);
  patience.look("hidden", HOLD_MS);
  patience.look("battery", HOLD_MS + 1);
  assert.equal(patience.reason, "battery");
});

test("the state that people see follows from what the lives do", () => {
  const cases = [
    ["off", [READY], "off"],
    ["on", [], "loading"],
    ["on", [{ ...READY, phase: "numpy", link: "none" }], "loading"],
    ["on", [{ ...READY, phase: "measuring", link: "none" }], "measuring"],
    ["on", [{ ...READY, link: "connecting" }], "connecting"],
    ["on", [READY], "waiting"],
    ["on", [READY, { ...READY, isComputing: true }], "computing"],
    ["on", [{ ...READY, link: "away", isComputing: true }], "away"],
    ["on", [{ ...READY, link: "refused" }], "refused"],
    ["on", [{ ...READY, phase: "failed", link: "none" }], "failed"],
    ["on", [READY, { ...READY, phase: "failed", link: "none" }], "waiting"],
    ["paused", [{ ...READY, isComputing: true }], "pausing"],
    ["paused", [{ ...READY, link: "none" }], "paused"],
    ["paused", [], "paused"],
  ];
  for (const [wanted, slots, state] of cases) assert.equal(overall(wanted, slots), state);
  for (const [, , state] of cases) assert.ok(WORDS[state]);
});

test("what is computed is said in words, the weightiest first", () => {
  const running = [{ graph: 3, chapters: ["Arithmetic, comparison, logic", "Products", "Reductions"] }];
  assert.equal(doing(running), "Multiplying matrices, summing up and averaging, for graph 3.");
  assert.match(doing(running, new Map([[3, "a sky"]])), /for “a sky”\.$/);
});

test("numbers are short", () => {
  assert.deepEqual([0, 999, 1500, 250e6].map(bytes), ["0 B", "999 B", "1.5 kB", "250 MB"]);
  assert.deepEqual([0, 59, 61, 3700].map(duration), ["0.0 s", "59 s", "1 min 1 s", "1 h 1 min"]);
  assert.deepEqual([0, 5e6, 12.34e9].map(flopRate), ["–", "5 MFLOP/s", "12.3 GFLOP/s"]);
});

test("what was given only grows: ended slots and hubs take nothing away, and a part may have few figures", () => {
  const tally = { assignments: 1, ops: 20, failedOps: 2, execSeconds: 0.5, sentBytes: 7, gotBytes: 8 };
  const slot = ofSlot({ tally, flops: 100 });
  assert.deepEqual(total([NOTHING, slot, { gotBytes: 2, sentBytes: 3, keptBytes: 9 }]), {
    ops: 20, failedOps: 2, subgraphs: 1, seconds: 0.5, flops: 100, gotBytes: 10, sentBytes: 10,
  });
  assert.equal(total([total([slot]), slot]).ops, 40);
});

test("a visitor who gives two cores is one contributor", () => {
  assert.equal(online(1), "You are the only contributor online");
  assert.equal(online(2), "2 contributors online");
});

test("of the graphs being worked on, those that are not shown are counted", () => {
  const at = (computed, failed = 0) => ({ total: 4, computed, failed });
  assert.equal(more({ graphs: [at(4), at(3, 1)], others: [], working: 0 }), "", "they are done");
  assert.equal(more({ graphs: [at(4), at(2)], others: [at(1), at(0)], working: 3 }), "");
  assert.equal(more({ graphs: [at(4), at(2)], others: [at(1), at(0)], working: 5 }), "and 2 more");
});

test("why a worker stopped is told in plain words, with what to do", () => {
  const memory = troubled("out of memory: Unable to allocate 30.5 MiB for an array with shape (4000000,)");
  assert.match(memory, /^A piece of work needed more memory than this browser has left\. The work goes to others/);
  assert.match(memory, /choose fewer cores/);
  assert.doesNotMatch(memory, /allocate/);
  assert.match(troubled("it did not answer in time"), /took far longer/);
  const barred = troubled("5 assignments that failed here were computed by others without trouble; the last one");
  assert.match(barred, /the server gives it none for some minutes/);
  assert.match(troubled("Uncaught Error: out of luck"), /^Something went wrong here\. .* starts anew here\.$/);
});
