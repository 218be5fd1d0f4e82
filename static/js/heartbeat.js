// Keeps the claim on a case alive while its page is open. A lost claim is said at once and blocks nothing typed.
const EVERY_MS = 60_000;
const header = document.querySelector("[data-heartbeat-url]");

async function beat(timer) {
  const body = new FormData();
  body.set("token", header.dataset.token);
  body.set("csrfmiddlewaretoken", header.querySelector("[name=csrfmiddlewaretoken]").value);
  const answer = await fetch(header.dataset.heartbeatUrl, {
    method: "POST",
    body,
    headers: { "X-Background": "1" },
  }).catch(() => null);
  if (!answer) return; // no connection: the lease outlives several missed beats
  const said = await answer.json().catch(() => ({}));
  const lease = header.querySelector("[data-lease]");
  if (answer.ok) {
    const time = lease.querySelector("time");
    if (time && said.until) time.dateTime = said.until;
    return;
  }
  clearInterval(timer);
  lease.textContent = said.detail ?? "";
  lease.setAttribute("role", "alert");
}

if (header) {
  const timer = setInterval(() => beat(timer), EVERY_MS);
}
