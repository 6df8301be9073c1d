// The page /join: the link and its QR code, with the token that stands behind this page's own #.

import { token } from "./settings.js";

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
} catch (error) {
  const reason = document.getElementById("reason");
  reason.textContent = `The link cannot be shown: ${error.message}`;
  reason.hidden = false;
}
