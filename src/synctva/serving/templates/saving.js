// Corrections that the server keeps, and a model that learns from them. Part of a recording's page.
const note = byId("corrected-note");

async function asked(place, method, body) {
  const answer = await fetch(place, { method, body });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function act(name, title, work) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", id: name.toLowerCase(), textContent: name, title });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      note.textContent = error.message;
    }
    button.disabled = false;
  });
  return button;
}

const save = act("Save", "The server keeps the corrections until it ends", async () => {
  const { emotions, corrected } = await asked("corrections", "PUT", asTable());
  note.textContent = `Saved: ${corrected} of ${emotions} emotions changed.`;
});

const adapt = act("Adapt", "Train the model further from all recordings whose corrections are saved", async () => {
  let told = await asked("/adaptation", "POST");
  while (told.state === "running") {
    note.textContent = "Training from the saved corrections …";
    await new Promise((go) => setTimeout(go, 1000));
    told = await asked("/adaptation", "GET");
  }
  if (told.state !== "done") throw new Error(told.error);
  const right = told.right_before === null ? "" : `Right: ${told.right_before} of ${told.utterances} before, ${told.right_after} after. `;
  const link = Object.assign(document.createElement("a"), { href: "/adaptation/model", textContent: "The model" });
  note.replaceChildren(`${right}${told.note}. `, link);
});

byId("as-eaf").after(save, adapt);
