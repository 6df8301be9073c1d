// The page /join: the link and its QR code, with the token that stands behind this page's own #.

import { token } from "./settings.js";

/** Names and addresses by which every machine calls itself. */
const HERE = /^(127\.|localhost$|\[::1\]$)/;

addEventListener("hashchange", () => location.reload()); // another token: browsers do not load the page for that
const found = token();
const headers = found ? { Authorization: `Bearer ${found}` } : {};
const link = document.getElementById("link");
try {
  const response = await fetch("/v1/join", { headers });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  // the picture is the server's own, and holds no script; the page's policy would not run one
  const picture = new DOMParser().parseFromString(answer.qr, "image/svg+xml").documentElement;
  document.getElementById("qr").append(document.importNode(picture, true));
  link.href = answer.link;
  link.textContent = answer.link.replace(/#.*/, "");
  if (HERE.test(link.hostname)) {
    tell("This address leads every device to itself: only browsers on the server's own computer can open it.");
  }
} catch (error) {
  tell(`The link cannot be shown: ${error.message}`);
}

function tell(text) {
  const reason = document.getElementById("reason");
  reason.textContent = text;
  reason.hidden = false;
}
