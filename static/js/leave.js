// "Leave this page": empties the page at once, drops what was typed, and goes on in the same tab without a way back here.
const WITHIN_MS = 5000;
const link = document.getElementById("leave");
let presses = [];

function forget(url) {
  const token = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (!url || !token) return;
  const body = new FormData();
  body.append(token.name, token.value);
  navigator.sendBeacon(url, body);
}

function leave(event) {
  event?.preventDefault();
  const target = link.href;
  forget(link.dataset.forgetUrl);
  document.title = " ";
  document.body.replaceChildren();
  location.replace(target);
}

link?.addEventListener("click", leave);

document.addEventListener("keyup", (event) => {
  if (event.key !== "Shift") {
    presses = [];
    return;
  }
  const now = Date.now();
  presses = [...presses.filter((at) => now - at < WITHIN_MS), now];
  if (presses.length === 3 && link) leave();
});

// The browser's memory of the page must not show it again after leaving.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
