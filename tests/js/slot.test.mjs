// One life's shell: its watch over the worker, with a worker and a socket that the test plays.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { pack, split } from "../../ravjs/src/frame.js";
import { Slot } from "../../ravjs/src/slot.js";
import { assignFrame } from "./frames.mjs";

globalThis.navigator ??= { userAgent: "node" };

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A slot that has joined; `workers`: all that it ever had; `say`: the server does. */
function joined() {
  const workers = [];
  const heard = {};
  const socket = { connected: true, on: (name, handler) => (heard[name] = handler), emit() {}, disconnect() {} };
  const settings = { url: "http://here/", token: null, name: "tab", cores: 1, memoryBytes: 1, line: {}, assets: {} };
  const shared = {
    settings,
    tab: "t",
    data: {},
    connect: () => socket,
    newWorker() {
      workers.push({ told: [], postMessage: (message) => workers.at(-1).told.push(message), terminate() {} });
      return workers.at(-1);
    },
    changed() {},
    note() {},
    news() {},
  };
  const slot = new Slot(shared, 0, 1);
  const about = { speed: 1, numeric_class: "wasm", versions: {} };
  workers[0].onmessage({ data: { type: "ready", about, hasKernel: false } });
  slot.join();
  heard.connect();
  const say = (name, header) => heard[name](header instanceof Uint8Array ? header : pack({ type: name, ...header }));
  say("welcome", { fresh: true, lease_s: 3, heartbeat_s: 1000 });
  return { slot, workers, say };
}

/** The worker's answer to an assignment of a life. */
function answer(workers, life, assignment) {
  const frame = pack({ type: "result", life, assignment, exec_s: 0.1, failed: [] });
  return workers[0].onmessage({ data: { type: "computed", answer: frame, ready: [], flops: 0 } });
}

test("between two pieces a tab that rests by its pace is not said to wait for work", async (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  // Given a tab at half a pace that has computed for 0.1 s
  const { slot, workers, say } = joined();
  slot.setPace(0.5);
  say("assign", assignFrame(1));
  await settled();
  assert.ok(slot.isComputing);
  answer(workers, slot.core.life, 1);
  await settled();
  // Then it rests, nothing is running, and what people see is that it computes
  assert.equal(slot.core.running, null);
  assert.ok(slot.isComputing);
  // And when the rest is over and no work has come, it waits
  mock.timers.tick(100);
  assert.ok(!slot.isComputing);
  // And a pause ends a rest at once
  say("assign", assignFrame(2));
  await settled();
  answer(workers, slot.core.life, 2);
  await settled();
  slot.leave();
  assert.ok(!slot.isComputing);
});

/** Timers that timers set count too. */
function aMinutePasses() {
  for (let second = 0; second < 60; second++) mock.timers.tick(1000);
}

test("a late answer of an earlier life does not stop the watch over a new piece", async (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  // Given a worker that computes for a life which the server has forgotten, and a new life's piece behind it
  const { slot, workers, say } = joined();
  const first = slot.core.life;
  say("assign", assignFrame(1));
  await settled();
  say("unknown", { life: first, reason: "no heartbeat" });
  say("welcome", { fresh: true, lease_s: 3, heartbeat_s: 1000 });
  say("assign", assignFrame(2));
  await settled();
  assert.deepEqual(
    workers[0].told.filter(({ type }) => type === "execute").map(({ frame }) => split(frame).header.assignment),
    [1, 2],
  );
  // When the first piece's answer comes, and the second's never
  answer(workers, first, 1);
  await settled();
  aMinutePasses();
  // Then the worker is replaced
  assert.equal(workers.length, 2);
  slot.end();
});

test("an answer in time ends the watch", async (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  const { slot, workers, say } = joined();
  say("assign", assignFrame(1));
  await settled();
  answer(workers, slot.core.life, 1);
  await settled();
  aMinutePasses();
  assert.equal(workers.length, 1);
  slot.end();
});
