// Hands files to the browser: what the API answers to a post, or a text. What the API says is wrong is returned.
function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export async function post(address, body, name) {
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "same-origin" });
    if (!answer.ok) {
        const problem = await answer.json().catch(() => null);
        return problem?.detail ?? `the API answered ${answer.status}`;
    }
    save(await answer.blob(), name);
    return null;
}

export function text(content, name) {
    save(new Blob([content], { type: "text/csv;charset=utf-8" }), name);
}
