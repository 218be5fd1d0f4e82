// A revealed picture leaves the page when its time is over, on Escape, and when the person looks away.
const TICK_MS = 100;
let open = null; // { stage, ends, whole, timer, staying } while a picture is shown

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
  if (!open || open.staying) return;
  const stage = drop();
  await tell(stage.querySelector("[data-stage-close]"));
  if (stage.isConnected) stage.querySelector("[data-stage-back]").click();
}

function tick() {
  const share = Math.max(0, ((open.ends - performance.now()) / open.whole) * 100);
  open.stage.querySelector("[data-stage-ring-left]").setAttribute("stroke-dasharray", `${share.toFixed(1)} 100`);
  if (share > 0) return;
  open.staying = false;
  close();
}

function pressed(event) {
  const closes = event.target.matches("[data-stage-close]");
  if (open && !closes) open.staying = !event.defaultPrevented; // the next page goes on with the same look
  if (closes) event.preventDefault();
  if (closes) close();
}

function attach() {
  const stage = document.querySelector("[data-stage][data-seconds-left]");
  if (open && open.stage !== stage) {
    const before = drop().querySelector("[data-stage-close]");
    if (before.action !== stage?.querySelector("[data-stage-close]").action) tell(before); // another item, or none
  }
  if (!stage || open) return;
  const { secondsLeft, secondsWhole } = stage.dataset;
  open = { stage, ends: performance.now() + secondsLeft * 1000, whole: secondsWhole * 1000, staying: false };
  open.timer = setInterval(tick, TICK_MS);
  stage.querySelector("[data-stage-ring]").removeAttribute("hidden");
  stage.addEventListener("submit", pressed);
}

document.addEventListener("htmx:afterSettle", attach);
document.addEventListener("visibilitychange", () => document.hidden && close());
for (const leaving of ["blur", "pagehide"]) addEventListener(leaving, close);
addEventListener("keydown", (event) => event.key === "Escape" && close());
attach();
