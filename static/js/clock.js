// Legal clocks go on while a page stands open: words each minute, the ring with them. Colour waits for the next load
// except for the one change that matters, from running to late.
const words = JSON.parse(document.querySelector("meta[name=ui-words]")?.content ?? "{}");

function length(seconds) {
  const part = (name, values) => words[name].replace(/%\((\w+)\)d/g, (_, key) => values[key]);
  const m = Math.floor(seconds / 60);
  const h = Math.floor(m / 60);
  if (!m) return part("len_s", { s: Math.floor(seconds) });
  if (!h) return part("len_m", { m });
  if (h < 10 && m % 60) return part("len_hm", { h, m: m % 60 });
  if (h < 48) return part("len_h", { h });
  return part("len_dh", { d: Math.floor(h / 24), h: h % 24 });
}

function turn(clock) {
  const due = Date.parse(clock.dataset.due);
  const started = Date.parse(clock.dataset.started);
  const left = (due - Date.now()) / 1000;
  const late = left < 0;
  const label = clock.querySelector(".clock-words");
  label.textContent = late ? words.late.replace("%(late)s", length(-left)) : words.left.replace("%(left)s", length(left));
  clock.classList.toggle("is-breached", late);
  clock.classList.toggle("is-soon", !late && clock.classList.contains("is-soon"));
  const share = Number.isNaN(started) ? 100 : Math.max(0, (100 * left * 1000) / (due - started));
  clock.querySelector(".clock-left")?.setAttribute("stroke-dasharray", `${Math.min(100, share)} 100`);
}

function turnAll() {
  document.querySelectorAll(".clock.is-running, .clock.is-soon, .clock.is-breached").forEach(turn);
}

if (words.len_s) setInterval(turnAll, 60_000);
