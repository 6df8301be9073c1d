// The decisions of one life, as tests/unit/ravpy/test_core.py has them for Python contributors.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Core } from "../../ravjs/src/core.js";
import { pack, split } from "../../ravjs/src/frame.js";
import { assignFrame } from "./frames.mjs";

const HELLO = { name: "tab", speed: 1 };
/** @type {Core} */
let core;

const header = (action) => split(action.frame).header;
const kinds = (actions) => actions.map(({ type, name }) => name ?? type);
const received = (message) => core.handle({ type: "received", frame: pack(message) });
const welcome = (fresh = true) => received({ type: "welcome", fresh, lease_s: 3, heartbeat_s: 1 });
const result = (assignment, more = {}) =>
  core.handle({
    type: "computed",
    frame: pack({ type: "result", life: core.life, assignment, exec_s: 0.5, failed: [], ...more }),
  });

const assign = (assignment) => core.handle({ type: "received", frame: assignFrame(assignment) });

beforeEach(() => {
  core = new Core(HELLO, "t".repeat(32), "a".repeat(32));
});

test("it says hello whenever the connection stands", () => {
  const [hello] = core.handle({ type: "connected" });
  assert.deepEqual(header(hello), { type: "hello", life: core.life, ...HELLO });
});

test("a fresh welcome begins, with heartbeats", () => {
  const actions = welcome();
  assert.deepEqual(kinds(actions), ["heartbeats", "watch", "begin"]);
  assert.deepEqual(header(actions[1]), { type: "watch", life: core.life, tab: core.tab });
});

test("one assignment computes at a time, in order", () => {
  welcome();
  assert.deepEqual(kinds(assign(1)), ["compute"]);
  assert.deepEqual(kinds(assign(2)), []);
  assert.equal(core.running.ops, 2);
  assert.deepEqual(kinds(result(1)), ["result", "compute"]);
  assert.equal(core.running.assignment, 2);
  assert.deepEqual([core.tally.assignments, core.tally.ops], [1, 2]);
});

test("an assignment that comes twice is computed once", () => {
  welcome();
  assign(1);
  assert.deepEqual(assign(1), []);
  result(1);
  assert.deepEqual(assign(1), [], "its result is on the way");
});

test("a result is sent again after a broken connection, until it is acknowledged", () => {
  welcome();
  assign(1);
  const [sent] = result(1);
  core.handle({ type: "connected" });
  assert.deepEqual(welcome(false).at(-1), sent);
  core.handle({ type: "acknowledged", assignment: 1 });
  assert.ok(core.idle);
  assert.deepEqual(kinds(welcome(false)), ["heartbeats", "watch"]);
});

test("a server that knows nothing of it any more makes it forget all, and the visitor is told", () => {
  welcome();
  assign(1);
  assign(2);
  assert.deepEqual(kinds(welcome(true)), ["tell", "heartbeats", "watch", "begin"]);
  assert.ok(core.idle);
  assert.deepEqual(result(1), [], "of before");
});

test("a voided assignment is dropped, waiting or computing", () => {
  welcome();
  assign(1);
  assign(2);
  received({ type: "void", assignment: 2, reason: "late" });
  received({ type: "void", assignment: 1, reason: "late" });
  assert.deepEqual(kinds(result(1)), ["refuse"], "an answer, without which the server gives nothing more");
  assert.equal(core.tally.assignments, 0);
  assert.ok(core.idle);
});

test("a life that the server has forgotten joins anew; word of an earlier one is ignored", () => {
  welcome();
  assign(1);
  const before = core.life;
  const actions = received({ type: "unknown", life: before, reason: "its lease ran out" });
  assert.equal(header(actions.at(-1)).life, core.life);
  assert.notEqual(core.life, before);
  assert.deepEqual(received({ type: "unknown", life: before, reason: "again" }), []);
  assert.deepEqual(
    core.handle({ type: "computed", frame: pack({ type: "result", life: before, assignment: 1, failed: [] }) }),
    [],
  );
});

test("a refusal is sent with its reason, and told", () => {
  welcome();
  assign(1);
  const frame = pack({ type: "refuse", life: core.life, assignment: 1, reason: "out of memory" });
  const actions = core.handle({ type: "computed", frame });
  assert.deepEqual(kinds(actions), ["refuse", "tell"]);
  assert.match(actions[1].text, /out of memory/);
});

test("a worker that died ends the life: crash, goodbye, stop", () => {
  welcome();
  assign(1);
  assign(2);
  const actions = core.handle({ type: "died", reason: "it was killed" });
  assert.deepEqual(kinds(actions), ["tell", "crash", "bye", "stop"]);
  assert.equal(header(actions[1]).reason, "it was killed");
  assert.ok(core.idle);
});

test("leaving finishes the piece, waits for its acknowledgement, and gives the rest back", () => {
  welcome();
  assign(1);
  assign(2);
  assert.deepEqual(core.handle({ type: "finish" }), []);
  assert.deepEqual(kinds(result(1)), ["result"]);
  assert.deepEqual(kinds(core.handle({ type: "acknowledged", assignment: 1 })), ["bye", "stop"]);
});

test("at half a pace it rests as long as it worked", () => {
  welcome();
  core.pace = 0.5;
  assign(1);
  assign(2);
  // at that pace the executor states half a second of work as one second
  const actions = result(1, { exec_s: 1 });
  assert.deepEqual(kinds(actions), ["result", "rest"]);
  assert.equal(actions[1].seconds, 0.5);
  assert.equal(core.tally.execSeconds, 0.5);
  assert.deepEqual(kinds(core.handle({ type: "rested" })), ["compute"]);
});

test("leaving does not wait for the rest", () => {
  welcome();
  core.pace = 0.5;
  assign(1);
  result(1, { exec_s: 1 });
  core.handle({ type: "acknowledged", assignment: 1 });
  assert.deepEqual(kinds(core.handle({ type: "finish" })), ["bye", "stop"]);
});

test("what the server finds wrong with this tab is shown, not only noted", () => {
  welcome();
  const [told] = received({ type: "error", message: "no work for this contributor", kind: "RavError" });
  assert.deepEqual(told, { type: "tell", text: "no work for this contributor", warning: true, isTrouble: true });
});

test("a frame that is cut short or of another version is an error", () => {
  const frame = assignFrame(1);
  assert.throws(() => core.handle({ type: "received", frame: frame.slice(0, -8) }), /cut short/);
  frame[4] = 9;
  assert.throws(() => core.handle({ type: "received", frame }), /version 9/);
  assert.throws(() => core.handle({ type: "received", frame: new Uint8Array(8) }), /no frame/);
});
