// A revealed picture leaves the page when its time is over, on Escape, and when the person looks away.
const TICK_MS = 100;
let open = null; // { stage, ends, whole, timer } while a picture is shown

// Tells the server, in the background: what counts is when the person stopped looking.
const tell = (form) =>
  fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Background": "1" }, keepalive: true }).catch(
    () => null,
  );

function drop() {
  const { stage, timer } = open;
  open = null;
  clearInterval(timer);
  stage.querySelector("[data-stage-shown]")?.replaceChildren();
  return stage;
}

async function close() {
  if (!open) return;
  const stage = drop();
  await tell(stage.querySelector("[data-stage-close]"));
  if (stage.isConnected) stage.querySelector("[data-stage-back]").click();
}

function tick() {
  const left = open.ends - performance.now();
  if (left <= 0) {
    close();
    return;
  }
  const share = Math.max(0, (left / open.whole) * 100).toFixed(1);
  open.stage.querySelector("[data-stage-ring-left]").setAttribute("stroke-dasharray", `${share} 100`);
}

function attach() {
  const stage = document.querySelector("[data-stage][data-seconds-left]");
  if (open && open.stage !== stage) {
    const before = drop().querySelector("[data-stage-close]");
    if (before.action !== stage?.querySelector("[data-stage-close]").action) tell(before); // another item, or none
  }
  if (!stage || open) return;
  const { secondsLeft, secondsWhole } = stage.dataset;
  open = { stage, ends: performance.now() + secondsLeft * 1000, whole: secondsWhole * 1000 };
  open.timer = setInterval(tick, TICK_MS);
  stage.querySelector("[data-stage-ring]").removeAttribute("hidden");
  stage.querySelector("[data-stage-close]").addEventListener("submit", (event) => {
    event.preventDefault();
    close();
  });
}

document.addEventListener("htmx:afterSettle", attach);
document.addEventListener("visibilitychange", () => document.hidden && close());
addEventListener("blur", close);
addEventListener("pagehide", close);
addEventListener("keydown", (event) => event.key === "Escape" && close());
attach();
